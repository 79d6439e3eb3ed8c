"""The only place that reads the time. Everything else is handed a `Clock` or an instant."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where `now` comes from. `waits_for_work`: it stands still while an engine works at what an alarm rang for."""

    @property
    def waits_for_work(self) -> bool:
        """Whether no alarm may be set while messages are on their way."""
        ...

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def alarm_in(self, instant: datetime) -> float:
        """Return the seconds of real time to wait for `instant` (0 when it is past).

        The caller is about to set an alarm with it: a time-lapse clock runs no further than that.
        """
        ...


class SystemClock:
    """The machine's clock."""

    waits_for_work = False

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def alarm_in(self, instant: datetime) -> float:
        """Return the seconds until `instant`, never negative."""
        return max(0.0, (instant - self.now()).total_seconds())


class FixedClock:
    """A clock that stands still until it is told to move (`dispatch --now`, tests)."""

    waits_for_work = False

    def __init__(self, instant: datetime) -> None:
        if instant.tzinfo is None:
            raise ValueError("an instant has a time zone")
        self._now = instant.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant that was set."""
        return self._now

    def alarm_in(self, instant: datetime) -> float:
        """Return the seconds until `instant`, never negative."""
        return max(0.0, (instant - self._now).total_seconds())

    def move_to(self, instant: datetime) -> None:
        """Set the clock to an aware instant, forward or back."""
        self._now = instant.astimezone(UTC)

    def move_by(self, span: timedelta) -> None:
        """Move the clock by `span`."""
        self._now += span


class TimeLapseClock:
    """A clock that runs `rate` times as fast as the machine's, but never past the next alarm.

    Between alarms time flies; while the engine works at an alarm it stands still, so that what is due at
    10:00 goes out at 10:00 however long the work takes. At `until` it stops and calls `at_end`.
    """

    waits_for_work = True

    def __init__(self, start: datetime, *, rate: float, until: datetime, at_end: Callable[[], None]) -> None:
        self._base = start.astimezone(UTC)
        self._started = time.monotonic()
        self._rate = rate
        self._until = until.astimezone(UTC)
        self._at_end = at_end
        self._barrier = self._base

    def now(self) -> datetime:
        """Return the time-lapse instant, no later than the next alarm."""
        flown = timedelta(seconds=(time.monotonic() - self._started) * self._rate)
        return min(self._base + flown, self._barrier)

    def alarm_in(self, instant: datetime) -> float:
        """Run on to `instant`, or to the end, and return the real seconds that takes."""
        self._base = self.now()
        self._started = time.monotonic()
        if instant > self._until and self._base >= self._until:
            self._at_end()
        self._barrier = max(min(instant.astimezone(UTC), self._until), self._base)
        return (self._barrier - self._base).total_seconds() / self._rate


class ShiftedClock(SystemClock):
    """A clock that runs as the machine's does, from another instant on."""

    def __init__(self, instant: datetime) -> None:
        self._shift = instant.astimezone(UTC) - datetime.now(UTC)

    def now(self) -> datetime:
        """Return the shifted instant, aware, in UTC."""
        return datetime.now(UTC) + self._shift


class StoryClock:
    """A clock that goes by another one, `by`, which may be changed between one engine and the next."""

    def __init__(self, by: Clock) -> None:
        self.by = by

    @property
    def waits_for_work(self) -> bool:
        """Whether the clock of now stands still while an engine works."""
        return self.by.waits_for_work

    def now(self) -> datetime:
        """Return the instant of the clock of now."""
        return self.by.now()

    def alarm_in(self, instant: datetime) -> float:
        """Return what the clock of now says."""
        return self.by.alarm_in(instant)
