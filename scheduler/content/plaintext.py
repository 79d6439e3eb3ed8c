"""The plain text of an email, from the same Markdown tokens as its HTML. Every reader's screen wraps it."""

from collections.abc import Callable, Sequence

from markdown_it.token import Token

from scheduler.content.marks import is_phone_mark, without_marks

_SHORTEST_LINE = 8


def to_text(tokens: Sequence[Token]) -> str:
    """Return the plain text, marks left in place: headings underlined, lists with dashes, quotes behind a bar."""
    writer = _Writer()
    for token in tokens:
        writer.take(token)
    return "\n".join(writer.lines).strip("\n")


class _Writer:
    """Walks the tokens; `_margins` are those of the lists and quotes that it is in."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._margins: list[str] = []
        self._bullet = ""
        self._numbers: list[int] = []
        self._duties: dict[str, Callable[[Token], None]] = {
            "inline": lambda token: self._write(inline_text(token.children or [])),
            "hr": lambda _: self._rule(),
            "heading_open": lambda _: self._gap(),
            "heading_close": lambda _: self._underline(),
            "paragraph_open": lambda token: None if token.hidden else self._gap(),
            "bullet_list_open": lambda _: self._open_list(0),
            "ordered_list_open": lambda token: self._open_list(int(token.attrs.get("start", 1))),
            "bullet_list_close": lambda _: self._close_list(),
            "ordered_list_close": lambda _: self._close_list(),
            "list_item_open": lambda _: self._open_item(),
            "list_item_close": lambda _: self._close_margin(),
            "blockquote_open": lambda _: self._open_quote(),
            "blockquote_close": lambda _: self._close_margin(),
        }

    def take(self, token: Token) -> None:
        if duty := self._duties.get(token.type):
            duty(token)

    def _open_list(self, first: int) -> None:
        """Begin a list that counts from `first`, or has dashes when that is 0."""
        if not self._numbers:
            self._gap()
        self._numbers.append(first)

    def _close_list(self) -> None:
        self._numbers.pop()

    def _open_item(self) -> None:
        number = self._numbers[-1]
        self._bullet = f"{number}. " if number else "- "
        self._numbers[-1] += bool(number)
        self._margins.append(" " * len(self._bullet))

    def _open_quote(self) -> None:
        self._gap()
        self._margins.append("| ")

    def _close_margin(self) -> None:
        self._margins.pop()
        self._bullet = ""

    def _write(self, text: str) -> None:
        for line in text.split("\n"):
            margin = "".join(self._margins)
            if self._bullet:
                margin, self._bullet = "".join(self._margins[:-1]) + self._bullet, ""
            self.lines.append((margin + line).rstrip())

    def _gap(self) -> None:
        """Leave one line free, behind the bar inside a quote."""
        if not self._bullet and self.lines and self.lines[-1] not in ("", "|"):
            self.lines.append("".join(self._margins).rstrip() if self.lines[-1].startswith("|") else "")

    def _rule(self) -> None:
        self._gap()
        self._write("-" * _SHORTEST_LINE)

    def _underline(self) -> None:
        self._write("-" * max(_SHORTEST_LINE, len(without_marks(self.lines[-1]))))


def inline_text(children: Sequence[Token]) -> str:
    """Return a line's words; a link is written as `words: address`, a phone link as its words alone."""
    pieces: list[str] = []
    addresses: list[str] = []
    for child in children:
        match child.type:
            case "text" | "text_special":
                pieces.append(child.content)
            case "softbreak":
                pieces.append(" ")
            case "hardbreak":
                pieces.append("\n")
            case "link_open":
                addresses.append(str(child.attrs["href"]))
            case "link_close":
                address = addresses.pop()
                if not (is_phone_mark(address) or address.startswith(("tel:", "mailto:")) or address in pieces):
                    pieces.append(f": {address}")
    return "".join(pieces).strip()
