"""Keeps a running process up with the files that an operator edits, beside its work."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from scheduler.cli.wiring import Product
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services import reloading
from scheduler.services.bookings.sources import refuse_unset
from scheduler.services.edited_files import EditedFiles
from scheduler.services.on_call import refuse_unsigned
from scheduler.settings import Settings

log = get_logger(__name__)

FIXED = ("sms_at_once", "emails_at_once")
"""Keys of aftercare.yaml that connections were opened by: a change of these waits for a restart."""


@dataclass(frozen=True, slots=True)
class Reloads:
    """Gives `take` the product by edited files, each time that they are sound, until `stop` is set."""

    product: Product
    take: Callable[[Product], Awaitable[None]]
    stop: asyncio.Event

    async def follow(self) -> None:
        """Look every two seconds, on a thread. Returns when `stop` is set, and raises what `take` does."""
        reloader = await asyncio.to_thread(self._reloader)
        try:
            while not await self._stops():
                edition = await asyncio.to_thread(reloader.look)
                if edition:
                    self._tell_fixed(edition.configuration)
                    await self.take(self.product.by(edition))
                    # What was in use before hangs together in circles, megabytes of it, and would stay for hours.
                    gc.collect()
                await asyncio.to_thread(reloader.tell)
        finally:
            await asyncio.to_thread(reloader.leave)

    async def _stops(self) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), reloading.BETWEEN)
        return self.stop.is_set()

    def _reloader(self) -> reloading.Reloader:
        settings = self.product.settings
        return reloading.Reloader(
            self.product.store,
            self.product.clock,
            self.product.owner,
            EditedFiles(settings.config_dir, settings.templates_dir),
            lambda configuration: _refuse_unfit(settings, configuration),
            alone=settings.on_sqlite,
        )

    def _tell_fixed(self, edited: Configuration) -> None:
        started = self.product.configuration.instance
        keys = [key for key in FIXED if getattr(edited.instance, key) != getattr(started, key)]
        if keys:
            log.warning("config.needs_restart", keys=keys)


def _refuse_unfit(settings: Settings, configuration: Configuration) -> None:
    """Raise SettingsError where edited files name a secret that live delivery lacks."""
    refuse_unsigned(settings, configuration)
    refuse_unset(settings, configuration)


async def beside(work: Coroutine[Any, Any, None], reloads: Reloads) -> None:
    """Do the work, and keep it up with the files until it ends. Raises what ended either of the two."""
    working, following = asyncio.create_task(work, name="work"), asyncio.create_task(reloads.follow(), name="reloads")
    await asyncio.wait({working, following}, return_when=asyncio.FIRST_COMPLETED)
    reloads.stop.set()
    await asyncio.gather(working, following)
