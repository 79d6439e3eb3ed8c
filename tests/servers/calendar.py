"""A server on loopback that publishes a calendar, as booking systems do: with an ETag, and with bad days."""

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.servers.background import BackgroundLoop, settle


@dataclass
class Asked:
    """One question: what it said it had already."""

    path: str
    etag: str | None
    modified: str | None


@dataclass
class CalendarServer:
    """Runs in a thread of its own: `with CalendarServer() as server: server.content = …; server.url`.

    `status` other than 200 is answered as it is; `location` leads on; `broken` hangs up in the middle of the content.
    """

    content: bytes = b""
    status: int = 200
    location: str = ""
    broken: bool = False
    asked: list[Asked] = field(default_factory=list)
    _background: BackgroundLoop = field(default_factory=BackgroundLoop)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/secret.ics"

    @property
    def etag(self) -> str:
        return f'"{hash(self.content)}"'

    def __enter__(self) -> Self:
        self._background.start()
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        self._background.run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._background.run(settle())
        self._background.run(self._runner.cleanup())
        self._background.stop()

    async def _start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        headers = request.headers
        self.asked.append(Asked(request.path, headers.get("If-None-Match"), headers.get("If-Modified-Since")))
        if self.location and request.path == "/secret.ics":
            return web.Response(status=302, headers={"Location": self.location})
        if self.status != 200:
            return web.Response(status=self.status)
        if headers.get("If-None-Match") == self.etag:
            return web.Response(status=304, headers={"ETag": self.etag})
        if self.broken:
            return await self._break(request)
        return web.Response(body=self.content, content_type="text/calendar", headers={"ETag": self.etag})

    async def _break(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": str(len(self.content))})
        await answer.prepare(request)
        await answer.write(self.content[: len(self.content) // 2])
        await asyncio.sleep(0)
        assert request.transport
        request.transport.abort()
        return answer
