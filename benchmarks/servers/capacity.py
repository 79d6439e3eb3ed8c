"""How many messages a second the Twilio-speaking server takes: what is measured must stay far below that."""

import asyncio
import time
from typing import cast
from urllib.parse import urlencode

from benchmarks.servers.loop import run
from benchmarks.servers.twilio import MESSAGES

CONNECTIONS = 32
"""Each waits for its answer before it asks again."""


class _Load(asyncio.Protocol):
    def __init__(self, request: bytes, until: float) -> None:
        self._request = request
        self._until = until
        self.answers = 0
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self.answers += data.count(b"HTTP/1.1 201")
        if time.monotonic() < self._until:
            self._transport.write(self._request)
        elif not self.ended.done():
            self._transport.close()
            self.ended.set_result(self.answers)


def capacity(port: int, *, seconds: float = 1.0) -> float:
    """Return messages a second that the server on `port` takes from one client that does nothing else."""
    return run(_load(port, seconds))


async def _load(port: int, seconds: float) -> float:
    body = urlencode({"To": "+15145550100", "Body": "A text. " * 15, "MessagingServiceSid": "MG" + "1" * 32}).encode()
    head = f"POST {MESSAGES} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    loop, started = asyncio.get_running_loop(), time.monotonic()
    request, until = head.encode() + body, started + seconds
    clients = [
        (await loop.create_connection(lambda: _Load(request, until), "127.0.0.1", port))[1]
        for _ in range(CONNECTIONS)
    ]
    answers = await asyncio.gather(*(client.ended for client in clients))
    return sum(answers) / (time.monotonic() - started)
