"""Reads Acuity's calls, which say that something happened to an appointment; how it is now, its API says.

https://developers.acuityscheduling.com/docs/webhooks and .../reference/get-appointments-id. An appointment keeps its
id when it is moved.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

from scheduler.channels.bookings.errors import NotThereError
from scheduler.domain.booking_event import Told
from scheduler.domain.sources import Acuity
from scheduler.services.bookings.news import (
    News,
    NoNews,
    Read,
    UnreadableError,
    at,
    needed_id,
    refuse_halves,
    text_at,
)
from scheduler.services.bookings.sources import Ask
from scheduler.services.intake import Field

_ACTIONS: Final = frozenset({"scheduled", "rescheduled", "canceled", "changed"})


def read_acuity(source: Acuity, body: bytes, ask: Ask, *, now: datetime) -> Read:
    """Read a call and ask how the appointment is now. Raises UnreadableError, AskingError.

    What is asked later is newer, so that the order of the calls does not matter.
    """
    try:
        form = {name: values[0] for name, values in parse_qs(body.decode("ascii"), max_num_fields=50).items()}
    except ValueError:
        raise UnreadableError("its body is no form", code="body_unreadable") from None
    action = form.get("action", "").removeprefix("appointment.")
    if action not in _ACTIONS:
        return NoNews(f"{action[:40] or 'a call without action'} is no news of a booking")
    booking = needed_id(form, "id")
    if not booking.isdecimal() or not booking.isascii():  # it becomes part of an address
        raise UnreadableError("its id is not a number", code="no_id", path="id")
    try:
        said = ask(f"{source.url}/appointments/{booking}?pastFormAnswers=false")
    except NotThereError:
        return News(booking, Told.CANCELLED, now)
    refuse_halves(said)
    if needed_id(said, "id") != booking:
        raise UnreadableError("the API answered with another appointment", code="other_answer")
    return read_appointment(said, booking, now)


def read_appointment(said: Any, booking: str, now: datetime) -> News:
    """Read an appointment as the API gives it, asked at `now`."""
    if at(said, "noShow") is True:
        return News(booking, Told.MISSED, now)
    if at(said, "canceled") is True:
        return News(booking, Told.CANCELLED, now)
    kinds = (text_at(said, "type"), text_at(said, "appointmentTypeID"))
    return News(booking, Told.BOOKED, now, _fields(said), tuple(text for text in kinds if text))


def _fields(said: Any) -> Mapping[Field, str]:
    starts_at = text_at(said, "datetime")
    return {
        Field.STARTS_AT: starts_at,
        Field.ENDS_AT: _end(starts_at, text_at(said, "duration")),
        Field.FIRST_NAME: text_at(said, "firstName"),
        Field.LAST_NAME: text_at(said, "lastName"),
        Field.PHONE: text_at(said, "phone"),
        Field.EMAIL: text_at(said, "email"),
    }


def _end(starts_at: str, minutes: str) -> str:
    """Return the end: the API gives it as a time of day only, and the length in minutes."""
    if not minutes.isdecimal() or len(minutes) > 4:  # noqa: PLR2004  (a day has no more)
        return ""
    try:
        return (datetime.fromisoformat(starts_at) + timedelta(minutes=int(minutes))).isoformat()
    except (ValueError, OverflowError):
        return ""
