"""Reads Cal.com's calls: https://cal.com/docs/developing/guides/automation/webhooks.

A booking that is moved gets a new `uid`; `rescheduleUid` is the one before (calcom/cal.com#1551). The time zone of an
attendee is not taken: it is the browser's.
"""

from collections.abc import Mapping
from typing import Any, Final

from scheduler.domain.booking_event import Told
from scheduler.domain.sources import Calcom
from scheduler.services.bookings.news import (
    News,
    NoNews,
    Read,
    UnreadableError,
    at,
    id_at,
    moment_at,
    needed_id,
    parse,
    text_at,
)
from scheduler.services.intake import Field
from scheduler.services.words import language_of

_BOOKED: Final = frozenset({"BOOKING_CREATED", "BOOKING_RESCHEDULED"})
_CALLED_OFF: Final = frozenset({"BOOKING_CANCELLED", "BOOKING_REJECTED"})
_REQUESTED = "BOOKING_REQUESTED"
_NO_MAILBOX = "@sms.cal.com"
"""What Cal.com makes up for who books with a number alone."""


def read_calcom(source: Calcom, body: bytes) -> Read:
    """Read a call. Raises UnreadableError."""
    call = parse(body)
    event, payload = text_at(call, "triggerEvent"), at(call, "payload")
    as_of = moment_at(call, "createdAt")
    if event in _BOOKED | _CALLED_OFF | {_REQUESTED}:
        _refuse_shared(payload)
    if event in _BOOKED:
        booking = needed_id(payload, "uid")
        return News(booking, Told.BOOKED, as_of, _fields(source, payload), _treatments(payload), _before(payload))
    if event in _CALLED_OFF:
        booking, now = needed_id(payload, "uid"), id_at(payload, "rescheduledToUid")
        return News(booking, Told.CANCELLED, as_of, replaced_by=now if now != booking else "")
    if event == _REQUESTED and (before := _before(payload)):
        # A move that waits for the clinic's yes: the visit at its old time is off already.
        return News(before, Told.CANCELLED, as_of, replaced_by=needed_id(payload, "uid"))
    if event == "BOOKING_NO_SHOW_UPDATED" and (came := _came(payload)):
        return News(needed_id(payload, "bookingUid"), Told.MISSED, as_of, came=came)
    return NoNews(f"{event[:40] or 'a call without triggerEvent'} is no news of a booking")


def _refuse_shared(payload: Any) -> None:
    """Refuse what several people book together: one `uid` for all, so that one who cancels would cancel for all."""
    if text_at(payload, "seatsPerTimeSlot") not in {"", "0", "1"}:
        said = "its event type offers seats, which share one id: register those who come here by hand"
        raise UnreadableError(said, code="seats")


def _before(payload: Any) -> str:
    before = id_at(payload, "rescheduleUid")
    return before if before != id_at(payload, "uid") else ""


def _fields(source: Calcom, payload: Any) -> Mapping[Field, str]:
    email = text_at(payload, "attendees.0.email")
    return {
        Field.STARTS_AT: text_at(payload, "startTime"),
        Field.ENDS_AT: text_at(payload, "endTime"),
        Field.NAME: text_at(payload, "attendees.0.name") or text_at(payload, "responses.name.value"),
        Field.EMAIL: "" if email.endswith(_NO_MAILBOX) else email,
        Field.PHONE: _phone(source, payload),
        # What is no language we know of is no reason to refuse a booking.
        Field.LANGUAGE: language_of(text_at(payload, "attendees.0.language.locale")) or "",
    }


def _phone(source: Calcom, payload: Any) -> str:
    if source.phone:
        asked = at(payload, "responses")
        return text_at(asked.get(source.phone), "value") if isinstance(asked, Mapping) else ""
    places = ("attendees.0.phoneNumber", "responses.attendeePhoneNumber.value", "smsReminderNumber")
    return next((text for place in places if (text := text_at(payload, place))), "")


def _treatments(payload: Any) -> tuple[str, ...]:
    places = ("type", "eventTitle", "eventTypeId", "title")
    return tuple(text for place in places if (text := text_at(payload, place)))


def _came(payload: Any) -> Mapping[str, bool]:
    """Return of whom it is said that they came or did not: of the patient, of guests, or of both."""
    people = at(payload, "attendees")
    said = {text_at(it, "email"): at(it, "noShow") for it in people} if isinstance(people, list) else {}
    return {email: not missed for email, missed in said.items() if isinstance(missed, bool)}
