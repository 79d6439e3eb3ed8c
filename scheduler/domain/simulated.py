"""What is played in a simulation: one patient's appointment, and what happens to it. Nobody real is in it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.clinic import Closure
from scheduler.domain.localtime import instant


@dataclass(frozen=True, slots=True)
class Answered:
    """The patient answers what a step asked, on the way on which it came."""

    at: datetime
    step: str
    text: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The appointment is moved to another start, or booked again after it had been called off."""

    at: datetime
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class CalledOff:
    """The appointment is cancelled, or the patient did not come."""

    at: datetime
    status: AppointmentStatus


@dataclass(frozen=True, slots=True)
class Completed:
    """The clinic says that the visit took place."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Booked:
    """The same patient books another appointment, for the same treatment where none is named."""

    at: datetime
    starts_at: datetime
    treatment: str | None = None


@dataclass(frozen=True, slots=True)
class Handled:
    """Somebody of the clinic deals with every open alert about the patient."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Outage:
    """Nothing is sent before `until`: no engine runs."""

    at: datetime
    until: datetime


Event = Answered | Moved | CalledOff | Completed | Booked | Handled | Outage


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An appointment to be played. A moment without a zone is the clinic's wall clock.

    Without `registered_at` it is registered long enough before for every step. `closures` None: those of the clinic's
    file. `events` in any order; of the same moment, in the order of the list.
    """

    clinic: str
    treatment: str
    starts_at: datetime
    ends_at: datetime | None = None
    registered_at: datetime | None = None
    language: str | None = None
    timezone: ZoneInfo | None = None
    has_phone: bool = True
    has_email: bool = True
    closures: tuple[Closure, ...] | None = None
    events: tuple[Event, ...] = ()


def moment_in(zone: ZoneInfo, moment: datetime) -> datetime:
    """Return a moment as aware UTC; one without a zone is the wall clock of `zone`, the first of two."""
    if moment.tzinfo is None:
        return instant(moment.date(), moment.time(), zone)
    return moment.astimezone(ZoneInfo("UTC"))


def clock_words(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant as the wall clock of `zone` shows it: `Sun 2026-03-08 10:00`."""
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}"
