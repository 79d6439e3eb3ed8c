"""An event loop in a thread of its own, for servers that tests talk to from their own loop or process."""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from ssl import SSLContext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from aiohttp import web

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")


class BackgroundLoop:
    """Start it, run coroutines on it from any thread, stop it: what still runs then is cancelled."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def begin(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Start a coroutine and return at once."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Callable[[], None]) -> None:
        """Call something on the loop, later."""
        self._loop.call_soon_threadsafe(work)

    def stop(self) -> None:
        self.run(_cancel_the_rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class InBackground(ABC):
    """A server that runs in a thread of its own, from the begin of a `with` block to its end."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._background = BackgroundLoop()
        self._stopped = asyncio.Event()

    def __enter__(self) -> Self:
        self._background.start()
        self._background.run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._background.run(self._stop())
        self._background.stop()

    @abstractmethod
    async def _start(self) -> None: ...

    @abstractmethod
    async def _stop(self) -> None: ...


class HttpInBackground(InBackground):
    """One that speaks HTTP, as `app` answers. `_stopped` is set before it ends: what hangs lets go then."""

    def __init__(self, app: web.Application, port: int = 0, tls: SSLContext | None = None) -> None:
        super().__init__(port)
        self._tls = tls
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def _start(self) -> None:
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        self._stopped.set()
        await settle()
        await self._site.stop()
        await settle()
        await self._runner.cleanup()


async def settle() -> None:
    """Let connections that are being accepted, or closed, become so: a few turns of the loop, no time.

    asyncio drops a connection unclosed when its server is closed while it is being accepted.
    """
    for _ in range(5):
        await asyncio.sleep(0)


async def _cancel_the_rest() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await settle()
