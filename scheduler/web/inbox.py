"""What providers call us with, stored many calls to a transaction, so that a flood of them is answered in time."""

import asyncio
from collections.abc import Callable, Sequence

from scheduler.errors import StoreError
from scheduler.logs import get_logger
from scheduler.services.callbacks import Call

log = get_logger(__name__)


class Inbox:
    """Stores together what comes while the transaction before it goes on; works on what is stored, one at a time.

    `keep` and `work` block and are run in threads; both may raise StoreError. For one event loop.
    """

    def __init__(self, keep: Callable[[Sequence[Call]], None], work: Callable[[], None]) -> None:
        self._keep, self._work = keep, work
        self._waiting: list[Call] = []
        self._going: asyncio.Task[None] | None = None
        self._coming: asyncio.Task[None] | None = None
        self._working = self._more = False

    async def put(self, call: Call) -> None:
        """Return once the call is stored. Raises StoreError, for all that were to be stored with it."""
        self._waiting.append(call)
        if self._coming is None:
            self._coming = asyncio.create_task(self._store(after=self._going))
        await asyncio.shield(self._coming)  # whoever hangs up takes nobody else's call along

    async def _store(self, *, after: asyncio.Task[None] | None) -> None:
        if after:
            await asyncio.wait([after])
        calls, self._waiting = self._waiting, []
        self._going, self._coming = self._coming, None
        await asyncio.to_thread(self._keep, calls)

    async def work(self) -> None:
        """Work on what is stored; where somebody does already, see to it that they look once more."""
        self._more = True
        while self._more and not self._working:
            self._working, self._more = True, False
            try:
                await asyncio.to_thread(self._work)
            except StoreError as error:
                # The engine does it too, in its next turn.
                log.warning("store.unavailable", reason=str(error))
            finally:
                self._working = False
