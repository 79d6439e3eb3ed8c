"""Reads YAML as an editor does: by YAML 1.2's own types, where our loader takes everything as text."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor


class _NoDates(SafeConstructor):
    """YAML 1.2 has no dates: 2026-12-25 is a text."""


_NoDates.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def read_yaml(file: Path) -> Any:
    """Return what a file holds; raises YAMLError for no YAML."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _NoDates
    return yaml.load(file.read_text(encoding="utf-8"))
