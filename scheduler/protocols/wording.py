"""Reads a tree by a schema and says every fault in our own words, each at its place in the file."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from scheduler.protocols.blocks import Block, keys_of
from scheduler.protocols.faults import SEVERAL, Fault
from scheduler.protocols.hints import nearest, suggest
from scheduler.protocols.nodes import Node, dotted
from scheduler.protocols.problems import CODES, Problem

Model = TypeVar("Model", bound=Block)
Path = tuple[str | int, ...]
_KEY = "[key]"  # pydantic's mark for a fault of a dict's key
_AT_THE_KEY = frozenset({"unknown-key", "missing-key", "conflicting-keys"})

# What pydantic says by itself -> our code, words, hint. Anything else is a fault of the schema, hence a KeyError.
_BUILT_IN: Mapping[str, tuple[str, str, str]] = {
    "missing": ("missing-key", "is missing", ""),
    "extra_forbidden": ("unknown-key", "there is no such key here", ""),
    "model_type": ("wrong-shape", "must be a block of keys", "write key: value below it"),
    "model_attributes_type": ("wrong-shape", "must be a block of keys", "write key: value below it"),
    "dict_type": ("wrong-shape", "must be a block of keys", "write key: value below it"),
    "list_type": ("wrong-shape", "must be a list", "write [one, two], or each item on a line with -"),
    "too_short": ("empty-value", "is empty", "write at least one"),
}


def read_block(tree: Node, model: type[Model]) -> tuple[Model | None, list[Problem]]:
    """Read a tree as `model`: the model, or None and every problem at once."""
    try:
        return model.model_validate(tree.plain()), []
    except ValidationError as error:
        faults = [fault for one in error.errors(include_url=False) for fault in _faults(one, model)]
    meant = {_meant(fault, model) for fault in faults if fault.code == "unknown-key"}
    return None, [
        problem_at(tree, fault) for fault in faults if fault.path not in meant or fault.code != "missing-key"
    ]


def problem_at(tree: Node, fault: Fault) -> Problem:
    """Return a fault as a problem at its place in the tree."""
    path = tuple(part for part in fault.path if part != _KEY)
    place = tree.place_of(path, key=fault.code in _AT_THE_KEY or path != fault.path)
    return Problem(
        file=place.file,
        line=place.line,
        column=place.column,
        code=fault.code,
        key=dotted(tree, path),
        message=fault.message,
        hint=fault.hint,
    )


def _faults(error: ErrorDetails, model: type[Block]) -> Iterator[Fault]:
    """Turn one of pydantic's errors into ours: its own kinds by the table, those of our readers as they are."""
    path = tuple(part for part in error["loc"] if not str(part).startswith("«"))
    kind, context = error["type"], error.get("ctx", {})
    if kind == SEVERAL:
        for fault in context["faults"]:
            yield replace(fault, path=(*path, *fault.path))
    elif kind in CODES:
        yield Fault(path, kind, context["message"], context["hint"])
    elif error["input"] is None:
        yield Fault(path, "empty-value", "has no value", "write one, or take the line out")
    else:
        code, message, hint = _BUILT_IN[kind]
        if code == "unknown-key":
            hint = suggest(str(path[-1]), keys_of(model, path[:-1]))
        elif code == "missing-key":
            meaning = keys_of(model, path[:-1])[str(path[-1])]
            hint = (meaning[:1].lower() if meaning[1:2].islower() else meaning[:1]) + meaning[1:].rstrip(".")
        yield Fault(path, code, message, hint)


def _meant(fault: Fault, model: type[Block]) -> Path:
    """Return the path of the key that was likely meant: one misspelled key is one problem, not also a missing one."""
    return (*fault.path[:-1], nearest(str(fault.path[-1]), keys_of(model, fault.path[:-1])) or "")
