"""A YAML file as a tree in which every value knows its place, and scalars are the text that stands there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; `line` and `column` count from 1."""

    file: Path
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a block."""

    key_at: Place
    node: "Node"


@dataclass(frozen=True, slots=True)
class Node:
    """One value: a text, nothing (None; `said_null` where it is written as null), a list, or a block of keys."""

    at: Place
    value: "str | list[Node] | dict[str, Entry] | None"
    said_null: bool = False

    def plain(self) -> object:
        """Return it as dicts, lists, texts and None, without places."""
        match self.value:
            case dict() as block:
                return {key: entry.node.plain() for key, entry in block.items()}
            case list() as items:
                return [item.plain() for item in items]
            case text:
                return text

    def entries(self, *path: str) -> Iterator[tuple[str, Entry]]:
        """Yield the keys of the block under `path`; nothing where there is no block."""
        node = self.find(path)
        if node is not None and isinstance(node.value, dict):
            yield from node.value.items()

    def items(self, *path: str) -> list["Node"]:
        """Return the items of the list under `path`; none where there is no list."""
        node = self.find(path)
        return node.value if node is not None and isinstance(node.value, list) else []

    def text(self, *path: str | int) -> str | None:
        """Return the text under `path`, or None where there is none."""
        node = self.find(path)
        return node.value if node is not None and isinstance(node.value, str) else None

    def find(self, path: Sequence[str | int]) -> "Node | None":
        """Return the node under `path`, or None."""
        node: Node | None = self
        for part in path:
            match node:
                case Node(value=dict() as block) if part in block:
                    node = block[str(part)].node
                case Node(value=list() as items) if isinstance(part, int) and part < len(items):
                    node = items[part]
                case _:
                    return None
        return node

    def place_of(self, path: Sequence[str | int], *, key: bool = False) -> Place:
        """Return where the value under `path` stands, or with `key` its key.

        A block, a list and an empty value stand where their key does; what is not there, where the block
        around it does.
        """
        path = tuple(path)
        node = self.find(path)
        if node is None:
            return self.place_of(path[:-1], key=True)
        parent = self.find(path[:-1]) if path else None
        if parent is not None and isinstance(parent.value, dict) and (key or not isinstance(node.value, str)):
            return parent.value[str(path[-1])].key_at
        return node.at


def dotted(root: Node, path: Sequence[str | int]) -> str:
    """Return a path as people read it: `steps.redness_check.at`, `on_call#1.sms`."""
    words = ""
    for depth, part in enumerate(path, start=1):
        if isinstance(part, str):
            words += f".{part}"
        else:
            name = root.text(*path[:depth], "id")
            words += f".{name}" if name else f"#{part + 1}"
    return words.removeprefix(".")
