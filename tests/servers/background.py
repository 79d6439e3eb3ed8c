"""An event loop in a thread of its own, for servers that tests talk to from their own loop or process."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

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
