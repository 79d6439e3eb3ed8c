"""How a line of a calendar file is written (RFC 5545): escaped, and folded so that no character is split."""

_LINE_BYTES = 75
"""RFC 5545, 3.1: a line has at most 75 octets without its end; what goes on begins with a space."""
_ESCAPED = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}


def file_of(lines: list[str]) -> bytes:
    """Return the file that has these lines, from BEGIN:VCALENDAR to its end."""
    return b"".join(_folded(line) for line in lines)


def escaped(text: str) -> str:
    """Escape a text (RFC 5545, 3.3.11)."""
    return "".join(_ESCAPED.get(char, char) for char in text if char == "\n" or char.isprintable())


def visible(address: str) -> str:
    """Return an address without what would end its line."""
    return "".join(char for char in address if char.isprintable())


def _folded(line: str) -> bytes:
    """Fold a line; no character is split over two."""
    pieces, size = [b""], _LINE_BYTES
    for char in line:
        encoded = char.encode()
        if len(pieces[-1]) + len(encoded) > size:
            pieces.append(b"")
            size = _LINE_BYTES - 1  # the space counts
        pieces[-1] += encoded
    return b"\r\n ".join(pieces) + b"\r\n"
