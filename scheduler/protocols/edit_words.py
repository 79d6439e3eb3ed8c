"""An edit in the words of the protocol's file: `at: 10:00 -> 12:00`."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from scheduler.domain.edits import Edit, EditKind
from scheduler.domain.protocol import Step
from scheduler.protocols.written import step_as_file


@lru_cache(maxsize=256)
def words_of(edit: Edit) -> tuple[str, ...]:
    """Return what changed, a clause for each key of the file, in its order; a step that is new or gone in one.

    One that was renamed says its other name too.
    """
    match edit.kind:
        case EditKind.ADDED:
            return ("step added", f"renamed: {edit.renamed}") if edit.renamed else ("step added",)
        case EditKind.REMOVED:
            return ("step removed", f"renamed to: {edit.renamed}") if edit.renamed else ("step removed",)
        case EditKind.CHANGED:
            return tuple(_changed(edit))


def _changed(edit: Edit) -> Iterator[str]:
    old, new = _said(edit.before), _said(edit.after)
    for key in dict.fromkeys((*new, *old)):
        if old.get(key) != new.get(key):
            yield f"{key}: {old.get(key, '(none)')} -> {new.get(key, '(none)')}"
    if edit.durations:
        before, after = edit.durations
        yield f"duration of the appointment: {before} -> {after}"


def _said(step: Step | None) -> dict[str, str]:
    return dict(_flat("", step_as_file(step))) if step else {}


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the keys below `path` with their values as one writes them; a list is one value."""
    match value:
        case dict() if path != "channels":
            for key, item in value.items():
                yield from _flat(f"{path}.{key}" if path else key, item)
        case dict() | list():
            yield path, _listed(value)
        case _:
            yield path, str(value)


def _listed(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_listed(item)}' for key, item in value.items())}}}"
    return f"[{', '.join(value)}]"
