"""The alarm clock: APScheduler wakes the dispatch loop at the next due instant. It keeps no jobs of its own."""

import asyncio
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from scheduler.clock import Clock, SystemClock

FURTHEST = 10.0
"""Seconds of real time. Another process may have registered something meanwhile, and a relative wait sleeps
through a clock that was set forward; asking the database again costs microseconds."""

NEVER = datetime.max.replace(tzinfo=UTC)


class Alarm:
    """Sets `rung` at the instant that was asked for, or after ten seconds, whatever comes first.

    The job only sets an event that the loop waits on. A date job that did the work and re-armed itself from
    inside its own run with an instant already due would be dropped by APScheduler as "maximum number of running
    instances reached", and sending would stall for ever.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.rung = asyncio.Event()
        # The default grace of one second drops and removes a date job that comes late, with only a warning.
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults={"misfire_grace_time": None})

    def start(self) -> None:
        """Start it; needs a running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop it and forget the alarm."""
        self._scheduler.shutdown(wait=False)

    def set_for(self, instant: datetime | None, *, at_least: float = 0.0) -> None:
        """Ring at `instant` (aware), which may be past; None rings only at the furthest.

        `at_least` is the shortest wait, in seconds.
        """
        self.rung.clear()
        seconds = min(FURTHEST, max(at_least, self._clock.alarm_in(instant or NEVER)))
        if seconds <= 0:
            self.rung.set()
            return
        # APScheduler lives by the machine's clock, whatever clock the product was given.
        rings_at = SystemClock().now() + timedelta(seconds=seconds)
        self._scheduler.add_job(
            self._ring, DateTrigger(run_date=rings_at), id="wake", replace_existing=True, coalesce=True
        )

    async def _ring(self) -> None:
        self.rung.set()


class Pulse:
    """Lets loops wait for the next beat of another one: take `coming` first, work, then wait for it."""

    def __init__(self) -> None:
        self.coming = asyncio.Event()

    def beat(self) -> None:
        """Wake all who wait."""
        self.coming.set()
        self.coming = asyncio.Event()
