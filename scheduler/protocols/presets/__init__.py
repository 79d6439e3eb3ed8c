"""The known columns of well-known booking systems' exports: a file each, named like the preset."""

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent


@cache
def preset_names() -> tuple[str, ...]:
    """Return what `import.preset` may be."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))
