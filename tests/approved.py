"""Approves what tests send: live delivery sends nothing else."""

import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from scheduler.content.templates import Texts
from scheduler.protocols.approvals_writing import approvals_file
from scheduler.protocols.loader import load
from scheduler.services.approving import Approving, Signer

ROOT = Path(__file__).resolve().parents[1]
BEFORE_ALL = datetime(2020, 1, 1, tzinfo=UTC)


def approve_all(config_dir: Path, templates_dir: Path) -> None:
    """Put on record that everything was approved as it is, long ago; as `aftercare approve --all` does."""
    approving = Approving(load(config_dir), Texts(templates_dir))
    for treatment in approving.configuration.protocols:
        approving.approve(config_dir, treatment, Signer("Dr. Sample", "medical director", BEFORE_ALL))


def approve_shipped(config_dir: Path) -> None:
    """Do the same in a copy of the shipped configuration, whose protocols and texts are as they were: quicker."""
    for treatment, records in _shipped().items():
        file = approvals_file(config_dir, treatment)
        file.parent.mkdir(exist_ok=True)
        file.write_text(records, encoding="utf-8")


@cache
def _shipped() -> Mapping[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(shutil.copytree(ROOT / "config", Path(folder) / "config"))
        approve_all(config, ROOT / "templates")
        return {file.stem: file.read_text(encoding="utf-8") for file in (config / "approvals").iterdir()}
