"""What somebody wants to see of the deliveries, read from the address of the page; nothing of a patient is in it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import iso
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel
from scheduler.domain.states import Status
from scheduler.services.deliveries import SPANS_OF_DAYS, windows_of
from scheduler.services.tallies import day_window
from scheduler.store.deliveries import Place, Wanted
from scheduler.store.tallies import TROUBLES, Window

TROUBLE = "trouble"
"""Stands for every state in which somebody may want to know why."""
USUAL_DAYS = 30
_CODE = re.compile(r"[a-z_]{1,32}")
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_PLACE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)_(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; what can't be read does not narrow. `bad_day`: a day was given that is none."""

    clinic: str | None
    days: int
    status: str | None
    channel: Channel | None
    step: str | None
    treatment: str | None
    reason: str | None
    day: date | None
    bad_day: bool
    after: Place | None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but clinic and days narrows the list."""
        return bool(self.status or self.channel or self.step or self.treatment or self.reason or self.day)

    @property
    def wanted(self) -> Wanted:
        """The conditions of the list."""
        statuses = () if not self.status else TROUBLES if self.status == TROUBLE else (Status(self.status),)
        return Wanted(tuple(statuses), self.channel, self.step, self.treatment, self.reason)

    def windows(self, clinics: Sequence[Clinic], *, now: datetime) -> tuple[Window, ...]:
        """Return the instants that are meant: one day, else the last days."""
        if self.day:
            return tuple(day_window(it, self.day) for it in clinics)
        return windows_of(clinics, days=self.days, now=now)

    def query(self, **changes: object) -> dict[str, object]:
        """Return the fields of the address that shows the same but for `changes`; the list begins anew."""
        return {
            "clinic": self.clinic,
            "days": self.days if self.days != USUAL_DAYS else None,
            "status": self.status,
            "channel": self.channel,
            "step": self.step,
            "treatment": self.treatment,
            "reason": self.reason,
            "day": self.day,
            **changes,
        }


def read_wish(asked: Mapping[str, str]) -> Wish:
    """Read an address."""
    status, days, day = asked.get("status", ""), asked.get("days", ""), asked.get("day", "").strip()
    channel = asked.get("channel", "")
    read = _day(day)
    return Wish(
        clinic=asked.get("clinic") or None,
        days=int(days) if days in map(str, SPANS_OF_DAYS) else USUAL_DAYS,
        status=status if status == TROUBLE or status in set(Status) else None,
        channel=Channel(channel) if channel in PATIENT_CHANNELS else None,
        step=_like(_ID, asked.get("step", "")),
        treatment=_like(_ID, asked.get("treatment", "")),
        reason=_like(_CODE, asked.get("reason", "")),
        day=read,
        bad_day=bool(day) and read is None,
        after=_place(asked.get("after", "")),
    )


def place_text(place: Place) -> str:
    """Return how an address names the place at which the list goes on."""
    return f"{iso(place.due_at)}_{place.id}"


def _place(text: str) -> Place | None:
    found = _PLACE.fullmatch(text)
    try:
        return Place(datetime.fromisoformat(found[1]), int(found[2])) if found else None
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:
        return None
    return day if day and 1970 < day.year < 2200 else None  # noqa: PLR2004  (what calendars and zones can do)


def _like(pattern: re.Pattern[str], text: str) -> str | None:
    return text if pattern.fullmatch(text) else None
