"""Reads Calendly's calls: https://developer.calendly.com/api-docs/overview/webhooks.

Who moves a booking becomes another invitee: `invitee.canceled` of the old one names `new_invitee`,
`invitee.created` of the new one `old_invitee`, and either may come first. The time zone of an invitee is not taken:
it is the browser's.
"""

from collections.abc import Mapping
from typing import Any

from scheduler.domain.booking_event import Told
from scheduler.domain.sources import Calendly
from scheduler.services.bookings.news import (
    News,
    NoNews,
    Read,
    UnreadableError,
    at,
    id_at,
    last_part,
    moment_at,
    parse,
    text_at,
)
from scheduler.services.intake import Field

_PHONE_CALL = "outbound_call"
"""The kind of place at which the invitee is called: then it holds the number."""


def read_calendly(source: Calendly, body: bytes) -> Read:
    """Read a call. Raises UnreadableError."""
    call = parse(body)
    event, payload = text_at(call, "event"), at(call, "payload")
    as_of = moment_at(call, "created_at")
    if event == "invitee.created":
        fields, treatments = _fields(source, payload), _treatments(payload)
        return News(_invitee(payload), Told.BOOKED, as_of, fields, treatments, _other(payload, "old_invitee"))
    if event == "invitee.canceled":
        return News(_invitee(payload), Told.CANCELLED, as_of, replaced_by=_other(payload, "new_invitee"))
    if event == "invitee_no_show.created":
        return News(_other(payload, "invitee") or _invitee(payload), Told.MISSED, as_of)
    if event == "invitee_no_show.deleted":
        return News(_other(payload, "invitee") or _invitee(payload), Told.BOOKED, as_of, back=True)
    return NoNews(f"{event[:40] or 'a call without event'} is no news of a booking")


def _invitee(payload: Any) -> str:
    booking = _other(payload, "uri")
    if not booking:
        raise UnreadableError("it has no payload.uri", code="part_missing", path="payload.uri")
    return booking


def _other(payload: Any, key: str) -> str:
    return id_at({key: last_part(text_at(payload, key))}, key)


def _fields(source: Calendly, payload: Any) -> Mapping[Field, str]:
    if not isinstance(at(payload, "scheduled_event"), Mapping):
        said = "it has no payload.scheduled_event: make the webhook subscription anew"
        raise UnreadableError(said, code="old_subscription")
    names = {Field.FIRST_NAME: "first_name", Field.LAST_NAME: "last_name"}
    whole = text_at(payload, "name")
    return {
        Field.STARTS_AT: text_at(payload, "scheduled_event.start_time"),
        Field.ENDS_AT: text_at(payload, "scheduled_event.end_time"),
        Field.EMAIL: text_at(payload, "email"),
        Field.PHONE: _phone(source, payload),
        **({Field.NAME: whole} if whole else {key: text_at(payload, name) for key, name in names.items()}),
    }


def _phone(source: Calendly, payload: Any) -> str:
    if source.phone:
        return _answer(payload, source.phone)
    if text_at(payload, "scheduled_event.location.type") == _PHONE_CALL:
        return text_at(payload, "text_reminder_number") or text_at(payload, "scheduled_event.location.location")
    return text_at(payload, "text_reminder_number")


def _answer(payload: Any, question: str) -> str:
    wanted = " ".join(question.split()).casefold()
    answers = at(payload, "questions_and_answers")
    for answer in answers if isinstance(answers, list) else ():
        if " ".join(text_at(answer, "question").split()).casefold() == wanted:
            return text_at(answer, "answer")
    return ""


def _treatments(payload: Any) -> tuple[str, ...]:
    kind = last_part(text_at(payload, "scheduled_event.event_type"))
    return tuple(text for text in (text_at(payload, "scheduled_event.name"), kind) if text)
