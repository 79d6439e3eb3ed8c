"""An appointment and the patient it is for, as far as planning and deciding need them. No names, no addresses."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class AppointmentStatus(StrEnum):
    """Where a visit stands."""

    BOOKED = "booked"
    """Registered; it counts as attended after its start."""
    COMPLETED = "completed"
    """The clinic said that it took place."""
    CANCELLED = "cancelled"
    """It does not take place: nothing more is sent."""
    NO_SHOW = "no_show"
    """The patient did not come: nothing about aftercare is sent."""


CALLED_OFF = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW})
"""After these nothing is sent."""


class AppointmentCause(StrEnum):
    """What happened to an appointment; an event row keeps it."""

    REGISTERED = "registered"
    RESCHEDULED = "rescheduled"
    BOOKED = "booked"
    """Booked again, after it had been something else."""
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    HEARD = "heard"
    """A person of the clinic spoke with the patient: what was asked until then needs no answer any more."""
    LINKS_REVOKED = "links_revoked"
    """Every link to the pages of its patient was closed."""
    ADJUSTED = "adjusted"
    """A person made an exception for one of its steps, or took one back."""
    APPLIED = "applied"
    """It goes by another version of its protocol from now on."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """One visit. `starts_at` and `ends_at` are aware UTC; without an end the protocol's duration counts."""

    starts_at: datetime
    ends_at: datetime | None = None
    status: AppointmentStatus = AppointmentStatus.BOOKED

    def end(self, duration: timedelta) -> datetime:
        """Return when the visit ends."""
        return self.ends_at or self.starts_at + duration


@dataclass(frozen=True, slots=True)
class Reach:
    """How a patient can be reached: the own time zone if one was given, and which addresses are known."""

    has_phone: bool
    has_email: bool
    timezone: ZoneInfo | None = None
