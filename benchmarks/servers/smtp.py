"""Speaks as much SMTP as one mail after the other needs, as fast as Python can."""

import asyncio
from typing import cast

from benchmarks.servers.book import Book
from benchmarks.servers.control import serve
from benchmarks.servers.loop import run

_GREETING = b"250-localhost\r\n250-SIZE 10485760\r\n250 8BITMIME\r\n"
_END = b"\r\n.\r\n"


class Connection(asyncio.Protocol):
    """One connection; commands come one at a time, the content whole or in pieces."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._read = b""
        self._recipient = ""
        self._in_content = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        self._transport.write(b"220 localhost ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer a command, or a content that has come to its end."""
        self._read += data
        if not self._read.endswith(_END if self._in_content else b"\r\n"):
            return
        received, self._read = self._read, b""
        self._transport.write(self._content() if self._in_content else self._command(received))

    def _content(self) -> bytes:
        self._in_content = False
        return b"250 2.0.0 Ok: queued as %X\r\n" % self._book.take(self._recipient)

    def _command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._recipient = line[line.find(b"<") + 1 : line.find(b">")].decode()
        if verb == b"DATA":
            self._in_content = True
            return b"354 End data with <CR><LF>.<CR><LF>\r\n"
        if verb == b"QUIT":
            return b"221 2.0.0 Bye\r\n"
        return _GREETING if verb == b"EHLO" else b"250 2.0.0 Ok\r\n"


if __name__ == "__main__":
    taken = Book()
    run(serve(lambda: Connection(taken), taken.answer))
