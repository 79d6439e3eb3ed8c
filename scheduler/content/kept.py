"""The texts as they were at one moment: what is edited later is not seen, however late a text is used first."""

from collections.abc import Mapping
from pathlib import Path

from scheduler.content.faults import Fault, TemplateFaultError
from scheduler.content.source import Source, read_source
from scheduler.content.templates import FILES, FIRST_CONTACT, FOOTER, Texts

_NAMES = frozenset({*FILES.values(), FOOTER, FIRST_CONTACT})


def keep_texts(folder: Path) -> Texts:
    """Read every text below a templates folder now, also those that no step uses: what is planned already may.

    Never raises: what is missing or can't be read raises TemplateFaultError when it is used.
    """
    return Texts(folder, _Kept(_read_all(folder)).read)


class _Kept:
    def __init__(self, sources: Mapping[Path, Source | TemplateFaultError]) -> None:
        self._sources = sources

    def read(self, file: Path) -> Source:
        """Return what was read. Raises TemplateFaultError."""
        found = self._sources.get(file) or TemplateFaultError(
            Fault(file, 1, "missing-template", "there is no such text", "write it, or let the step leave it out")
        )
        if isinstance(found, TemplateFaultError):
            raise found
        return found


def _read_all(folder: Path) -> dict[Path, Source | TemplateFaultError]:
    # `glob` passes over folders that can't be listed: their texts are then missing.
    files = (file for deep in ("*/*", "*/*/*") for file in folder.glob(deep) if file.name in _NAMES)
    return {file: _read(file) for file in files}


def _read(file: Path) -> Source | TemplateFaultError:
    try:
        return read_source(file)
    except TemplateFaultError as error:
        return error
