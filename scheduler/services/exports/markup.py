"""XML as events, read a block at a time: no document is ever whole in memory, and none may define entities."""

from collections.abc import Iterator
from typing import IO, NamedTuple, Protocol
from xml.parsers import expat

_BLOCK = 64 * 1024


class DamagedError(Exception):
    """The file is not what its kind says it is; the message says how, for a person."""


class Element(NamedTuple):
    """An element: its name without a prefix, its attributes, the element that it stands in."""

    name: str
    attributes: dict[str, str]
    parent: str


class Handler(Protocol):
    """What is told of a document as it is read; names come without their prefixes."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """A piece of text."""


def parse(stream: IO[bytes], handler: Handler) -> Iterator[None]:
    """Tell the handler of a document; yields after each block, so that what it has gathered can be taken away.

    Raises DamagedError.
    """
    parser = expat.ParserCreate("utf-8")  # whatever it declares: of others, Python's own errors come
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: handler.start(name.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda name: handler.end(name.rpartition(":")[2])
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        while block := stream.read(_BLOCK):
            parser.Parse(block, False)
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise DamagedError(f"its XML is damaged: {expat.ErrorString(error.code)}") from None
    yield


def elements(stream: IO[bytes]) -> Iterator[Element]:
    """Yield the elements of a small document in their order. Raises DamagedError."""
    found = _Elements()
    for _ in parse(stream, found):
        yield from found.taken()


class _Elements:
    def __init__(self) -> None:
        self._open = [""]
        self._found: list[Element] = []

    def taken(self) -> list[Element]:
        found, self._found = self._found, []
        return found

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._found.append(Element(name, attributes, self._open[-1]))
        self._open.append(name)

    def end(self, _name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        pass


def _refuse_doctype(*_: object) -> None:
    raise DamagedError("its XML defines a document type, which no workbook does")
