"""Tells open pages that something happened, with nothing of what: a page then looks at itself again.

One watcher for all connections of a process, and none while nobody listens.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response, StreamingResponse

from scheduler.domain.access import Caller
from scheduler.errors import StoreError
from scheduler.logs import get_logger
from scheduler.store.database import Store
from scheduler.store.pulse import Pulse, pulse
from scheduler.web.access import needs
from scheduler.web.pages import SAFE

log = get_logger(__name__)

EVERY = 1.0
"""Seconds between two looks."""
BEAT = 20.0
"""Seconds after which something is written, so that a connection that broke is noticed, by proxies too."""
LASTS = 60.0
"""Seconds after which the browser connects anew, and the session is looked at again."""
MOST_OF_ONE, MOST = 8, 400
"""Connections of one user, and of all. Browsers allow six to a host, and hidden pages listen to nothing."""


class Live:
    """Watches and tells. For one event loop; it outlives editions of the files."""

    def __init__(self, look: Callable[[], Pulse], *, every: float = EVERY, lasts: float = LASTS) -> None:
        self._look, self._every, self._lasts = look, every, lasts
        self._open: Counter[str] = Counter()
        self._number = 0
        self._turn = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    def of(cls, store: Store) -> "Live":
        """Return what watches a store."""

        def look() -> Pulse:
            with store.read() as tx:
                return pulse(tx)

        return cls(look)

    def close(self) -> None:
        """End all connections at once and take none any more. From the loop only."""
        self._closed = True
        self._tell()
        self._rest()

    def lets(self, who: str) -> bool:
        """Whether one more connection of that user is taken."""
        return not self._closed and self._open[who] < MOST_OF_ONE and self._open.total() < MOST

    async def follow(self, who: str) -> AsyncIterator[bytes]:
        """Yield what is written to one connection of a user, until it is time to connect anew."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._lasts
        with self._listening(who):
            known = self._number
            yield b"retry: 2000\n\n"
            while not self._closed and (left := until - loop.time()) > 0:
                if known == self._number:
                    await self._wait(min(BEAT, left))
                    if known == self._number:
                        yield b":\n\n"
                        continue
                known = self._number
                yield b"event: changed\ndata:\n\n"

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._turn.wait()

    @contextmanager
    def _listening(self, who: str) -> Iterator[None]:
        self._open[who] += 1
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch(), name="live")
        try:
            yield
        finally:
            self._open[who] -= 1
            self._open += Counter()  # forgets who has none left
            if not self._open:
                self._rest()

    def _rest(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def _watch(self) -> None:
        known: Pulse | None = None
        while True:
            try:
                seen = await asyncio.to_thread(self._look)
            except StoreError as error:
                log.warning("store.unavailable", reason=str(error))
                seen = known or ()
            if known is not None and seen != known:
                self._tell()
            known = seen
            await asyncio.sleep(self._every)

    def _tell(self) -> None:
        self._number += 1
        self._turn.set()
        self._turn = asyncio.Event()


def live_route(live: Live) -> APIRouter:
    """Return the route that pages listen to. It is a hint only: a page without it is as true when it is opened."""
    router = APIRouter()

    @router.get("/live")
    async def follow(caller: Annotated[Caller, Depends(needs(None, "-"))]) -> Response:
        """Say `changed` after something happened."""
        if not live.lets(caller.label):
            return Response(status_code=204, headers=dict(SAFE))  # the browser asks no more
        headers = {**SAFE, "X-Accel-Buffering": "no"}
        return StreamingResponse(live.follow(caller.label), media_type="text/event-stream", headers=headers)

    return router
