"""Reads one YAML file into a tree of texts with their places, or says in plain words why it can't.

Only YAML's grammar is used, never its guesses about types: `no`, `10:00`, `+14165550100` and `2026-03-01`
stay the text that they are until the schema says what they mean.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from scheduler.protocols.nodes import Entry, Node, Place
from scheduler.protocols.problems import Problem
from scheduler.protocols.syntax import explain

SIZE_LIMIT = 250_000
DEPTH_LIMIT = 20
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NULLS = ("", "~", "null", "Null", "NULL")
_QUOTES = ("'", '"')
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class UnreadableError(Exception):
    """The file can't be read as a tree; `problem` says why. Never leaves `scheduler.protocols`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def read_tree(file: Path) -> tuple[Node | None, list[Problem]]:
    """Read a file: the tree, None where it holds nothing but comments, and what is doubtful in it.

    Raises UnreadableError where there is no tree at all.
    """
    text = _decode(file, _read(file))
    builder = _Builder(file)
    try:
        tree = builder.document(_events(text))
    except MarkedYAMLError as error:
        complaint = explain(error, text, builder.long_quote)
        raise UnreadableError(Problem(file=file, code="bad-yaml", **complaint)) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UnreadableError(
            Problem(file=file, line=line, code="not-text", message="has a character that no text has", hint=_SAVE_AS)
        ) from None
    return tree, builder.problems


_SAVE_AS = "save it as plain UTF-8 text"


_MOST_REMEMBERED = 128
_remembered: dict[str, list[Event]] = {}
"""Text of a sound file -> its events: the same files are read again and again, and scanning takes longest."""


def _events(text: str) -> Iterator[Event]:
    """Yield the events of a text one by one: who reads them stops at the first that is refused."""
    if known := _remembered.get(text):
        yield from known
        return
    seen: list[Event] = []
    for event in YAML(typ="safe", pure=True).parse(text):
        seen.append(event)
        yield event
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    _remembered[text] = seen


def _read(file: Path) -> bytes:
    try:
        if not file.is_file() and file.exists():
            raise UnreadableError(Problem(file=file, code="unreadable", message="is not a regular file"))
        with file.open("rb") as stream:
            data = stream.read(SIZE_LIMIT + 1)
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise UnreadableError(Problem(file=file, code="unreadable", message=f"can't be read: {reason}")) from None
    if len(data) > SIZE_LIMIT:
        message = f"is larger than {SIZE_LIMIT:,} bytes, which no configuration needs"
        raise UnreadableError(Problem(file=file, code="too-large", message=message))
    return data


def _decode(file: Path, data: bytes) -> str:
    if data.startswith(_UTF16):
        raise UnreadableError(Problem(file=file, code="not-text", message="is saved as UTF-16", hint=_SAVE_AS))
    if b"\0" in data:
        raise UnreadableError(Problem(file=file, code="not-text", message="is not a text file", hint=_SAVE_AS))
    if found := _CONTROL.search(data):
        line = data.count(b"\n", 0, found.start()) + 1
        message = "has a control character in it"
        raise UnreadableError(Problem(file=file, line=line, code="not-text", message=message, hint=_SAVE_AS))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError(
            Problem(file=file, line=line, code="not-text", message="is not saved as UTF-8 here", hint=_SAVE_AS)
        ) from None


@dataclass(slots=True)
class _Builder:
    """Turns events into nodes. Duplicate keys are noted, everything unsupported ends the reading."""

    file: Path
    problems: list[Problem] = field(default_factory=list)
    long_quote: tuple[Place, int] | None = None

    def document(self, events: Iterator[Event]) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._unsupported(event, "a second document (---) begins here", "one file holds one thing")
            elif isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent | AliasEvent):
                root = self._node(event, events, depth=1)
        return None if root is None or root.value is None else root

    def _node(self, event: Event, events: Iterator[Event], depth: int) -> Node:
        self._refuse_extras(event)
        place = self._place(event)
        if depth > DEPTH_LIMIT:
            raise UnreadableError(self._problem(place, "too-large", "is nested too deeply"))
        match event:
            case ScalarEvent():
                return self._scalar(event, place)
            case SequenceStartEvent():
                return Node(place, list(self._items(events, depth)))
            case _:
                return Node(place, self._block(events, depth))

    def _scalar(self, event: ScalarEvent, place: Place) -> Node:
        if event.style is None and event.value in _NULLS:
            return Node(place, None, said_null=event.value != "")
        if event.style in _QUOTES and event.end_mark.line > event.start_mark.line:
            self.long_quote = (place, event.end_mark.line + 1)
        return Node(place, event.value)

    def _items(self, events: Iterator[Event], depth: int) -> Iterator[Node]:
        while not isinstance(event := next(events), SequenceEndEvent):
            yield self._node(event, events, depth + 1)

    def _block(self, events: Iterator[Event], depth: int) -> dict[str, Entry]:
        block: dict[str, Entry] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            place = self._place(event)
            key = self._key(event)
            node = self._node(next(events), events, depth + 1)
            if key in block:
                first = block[key].key_at.line
                self.problems.append(
                    self._problem(place, "duplicate-key", f"stands here a second time, first on line {first}", key)
                )
            else:
                block[key] = Entry(place, node)
        return block

    def _key(self, event: Event) -> str:
        self._refuse_extras(event)
        if not isinstance(event, ScalarEvent):
            self._unsupported(event, "a key is one word, not a list or a block", "put { or [ into quotes")
        key: str = event.value
        if key == "<<" and event.style is None:
            self._unsupported(event, "merge keys (<<) are not used here", "write the keys out")
        return key

    def _refuse_extras(self, event: Event) -> None:
        if isinstance(event, AliasEvent):
            self._unsupported(event, f"aliases (*{event.anchor}) are not used here", "write the value out")
        if anchor := getattr(event, "anchor", None):
            self._unsupported(event, f"anchors (&{anchor}) are not used here", "take it away")
        if getattr(event, "tag", None):
            self._unsupported(event, "tags (!) are not used here", "put a value that begins with ! into quotes")

    def _unsupported(self, event: Event, message: str, hint: str) -> NoReturn:
        problem = self._problem(self._place(event), "unsupported-yaml", message, hint=hint)
        raise UnreadableError(problem)

    def _place(self, event: Event) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    @staticmethod
    def _problem(place: Place, code: str, message: str, key: str = "", hint: str = "") -> Problem:
        return Problem(
            file=place.file, line=place.line, column=place.column, code=code, key=key, message=message, hint=hint
        )
