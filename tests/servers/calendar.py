"""A server on loopback that publishes a calendar, as booking systems do: with an ETag, and with bad days."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from tests.servers.background import HttpInBackground


@dataclass
class Asked:
    """One question: what it said it had already."""

    path: str
    etag: str | None
    modified: str | None


@dataclass
class CalendarServer(HttpInBackground):
    """Runs in a thread of its own: `with CalendarServer() as server: server.content = …; server.url`.

    `status` other than 200 is answered as it is; `location` leads on; `broken` hangs up in the middle of the content.
    """

    content: bytes = b""
    status: int = 200
    location: str = ""
    broken: bool = False
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        super().__init__(app)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/secret.ics"

    @property
    def etag(self) -> str:
        return f'"{hash(self.content)}"'

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
