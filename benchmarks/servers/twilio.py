"""Speaks as much of Twilio's Messages API as a create needs, as fast as Python can: bytes in, bytes out."""

import asyncio
import json
import re
from typing import cast
from urllib.parse import unquote_plus

from benchmarks.servers.book import Book
from benchmarks.servers.control import serve
from benchmarks.servers.loop import run

ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "a-token-for-benchmarks"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TO = re.compile(rb"(?:^|&)To=([^&]*)")
_DATE = "Mon, 02 Mar 2026 14:30:00 +0000"
_MARK = "0" * 32
_BODY = json.dumps(
    {
        "account_sid": ACCOUNT_SID,
        "api_version": "2010-04-01",
        "body": "It is good to hear that your visit went well. We look in on you again in two days.",
        "date_created": _DATE,
        "date_sent": None,
        "date_updated": _DATE,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": None,
        "messaging_service_sid": "MG" + "1" * 32,
        "num_media": "0",
        "num_segments": "0",
        "price": None,
        "price_unit": None,
        "sid": f"SM{_MARK}",
        "status": "accepted",
        "subresource_uris": {"media": f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/Media.json"},
        "to": "+15145550100",
        "uri": MESSAGES,
    }
).encode()
_HEAD = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_CREATED = (_HEAD % (b"201 CREATED", len(_BODY)) + _BODY).split(f"SM{_MARK}".encode())
_ACCOUNT = json.dumps({"sid": ACCOUNT_SID, "status": "active", "type": "Full"}).encode()
_FOUND = _HEAD % (b"200 OK", len(_ACCOUNT)) + _ACCOUNT


class Connection(asyncio.Protocol):
    """One connection of a client that waits for each answer before it asks again."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        """Answer as soon as a request is whole."""
        self._read += data
        end = self._read.find(b"\r\n\r\n")
        if end < 0:
            return
        found = _LENGTH.search(self._read, 0, end)
        whole = end + 4 + (int(found.group(1)) if found else 0)
        if len(self._read) < whole:
            return
        request, self._read = self._read, b""
        self._reply(self._answer(request, end + 4))

    def _answer(self, request: bytes, body: int) -> bytes:
        if not request.startswith(b"POST"):
            return _FOUND
        to = _TO.search(request[body:])
        number = self._book.take(unquote_plus(to.group(1).decode()) if to else "")
        return (b"SM%032x" % number).join(_CREATED)

    def _reply(self, answer: bytes) -> None:
        if self._book.latency:
            self._loop.call_later(self._book.latency, self._write, answer)
        else:
            self._transport.write(answer)

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


if __name__ == "__main__":
    taken = Book()
    run(serve(lambda: Connection(taken), taken.answer))
