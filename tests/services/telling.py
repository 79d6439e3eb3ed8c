"""Calls of booking systems as their documentation shows them, about people who do not exist, and how they are signed.

Cal.com: https://cal.com/docs/developing/guides/automation/webhooks. Calendly:
https://developer.calendly.com/api-docs/overview/webhooks. Acuity: https://developers.acuityscheduling.com/docs/webhooks.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.sources import (
    Acuity,
    Calcom,
    Calendly,
    Cliniko,
    Encoding,
    EventWords,
    Generic,
    Scheme,
    Signature,
    Source,
)
from scheduler.services.appointments import call_off
from scheduler.services.bookings.events import open_events
from scheduler.services.bookings.receiving import BookingCall, BookingHooks, Refused
from scheduler.store.appointments import StoredAppointment, read_appointment
from scheduler.store.booking_events import BookingEvent
from scheduler.store.tables import appointments
from tests.services.house import House

SECRETS: dict[str, str] = {
    "CALCOM_KEY": "a secret of Cal.com",
    "CALENDLY_KEY": "a signing key of Calendly",
    "ACUITY_KEY": "an API key of Acuity",
    "ACUITY_USER": "12345",
    "CLINIKO_KEY": "MS0xLWl4SzYYYYdtR3V2-au2",
    "OURS_KEY": "a secret of our own",
    "STANDARD_KEY": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
CALCOM, CALENDLY = Calcom("calcom", "CALCOM_KEY"), Calendly("calendly", "CALENDLY_KEY")
OURS = Generic(
    "ours",
    "OURS_KEY",
    signature=Signature(Scheme.HMAC_SHA256, "X-Signature", Encoding.HEX, "sha256=", "X-Time", timedelta(minutes=5)),
    events=EventWords("type", frozenset({"new", "moved"}), frozenset({"off"}), frozenset({"missed"})),
    fields={
        "external_id": ("visit.id",),
        "starts_at": ("visit.day", "visit.time"),
        "name": ("client.names.0", "client.names.1"),
        "phone": ("client.mobile",),
        "treatment": ("visit.what",),
    },
    event_id="id",
    as_of="at",
    replaces="visit.was",
)
TREATMENTS = {"60min": "peel", "30 Minute Meeting": "peel", "Regular Visit": "peel", "First visit": "peel"}


def acuity_at(url: str) -> Acuity:
    return Acuity("acuity", "ACUITY_KEY", "ACUITY_USER", url)


def cliniko_at(url: str) -> Cliniko:
    return Cliniko("cliniko", "CLINIKO_KEY", "desk@north.example", timedelta(minutes=10), url)


def with_sources(house: House, *sources: Source) -> House:
    """Return the house with these booking systems at its northern clinic, and names for its treatment."""
    known = house.configuration.clinics["north"]
    imports = replace(known.imports, treatments={**known.imports.treatments, **TREATMENTS})
    north = replace(known, bookings=sources, imports=imports)
    clinics = {**house.configuration.clinics, "north": north}
    house.configuration = replace(house.configuration, clinics=clinics)
    return house


def hooks_of(house: House) -> BookingHooks:
    return BookingHooks(house.store, house.configuration, house.clock, SECRETS.get)


@dataclass(frozen=True, slots=True)
class Signed:
    """A call with its headers."""

    source: str
    headers: Mapping[str, str]
    body: bytes


def tell(house: House, *calls: Signed) -> None:
    """Take these calls in, and work on them, one after the other."""
    hooks = hooks_of(house)
    for it in calls:
        call = hooks.check("north", it.source, it.headers, it.body)
        assert isinstance(call, BookingCall), call
        hooks.keep(call)
        hooks.work()


def refusal(house: House, call: Signed) -> Refused | None:
    said = hooks_of(house).check("north", call.source, call.headers, call.body)
    return said if isinstance(said, Refused) else None


def events(house: House) -> tuple[BookingEvent, ...]:
    """Return all calls that are stored, the first one first."""
    with house.store.read() as tx:
        return tuple(reversed(open_events(tx, ["north"], limit=100, everything=True)))


def outcomes(house: House) -> list[str]:
    return [it.outcome.value if it.outcome else it.state.value for it in events(house)]


def visits(house: House) -> list[StoredAppointment]:
    with house.store.read() as tx:
        return [
            read_appointment(row)
            for row in tx.connection.execute(sa.select(appointments).order_by(appointments.c.id))
        ]


def call_off_all(house: House) -> None:
    """Call off what takes place, by hand: the next booking of the same person is another."""
    with house.store.write() as tx:
        for it in visits(house):
            if it.status is AppointmentStatus.BOOKED:
                call_off(tx, it.id, AppointmentStatus.CANCELLED, now=house.clock.now(), by="test")


def on(house: House) -> list[tuple[str | None, datetime]]:
    """Return the visits that take place: their ids at the booking system and their beginnings."""
    return [(it.external_id, it.starts_at) for it in visits(house) if it.status.value == "booked"]


def calcom(body: Any, secret: str = SECRETS["CALCOM_KEY"]) -> Signed:
    raw = json.dumps(body).encode()
    return Signed("calcom", {"x-cal-signature-256": hmac.digest(secret.encode(), raw, "sha256").hex()}, raw)


def calendly(body: Any, at: datetime, secret: str = SECRETS["CALENDLY_KEY"]) -> Signed:
    raw, seconds = json.dumps(body).encode(), int(at.timestamp())
    signature = hmac.digest(secret.encode(), f"{seconds}.".encode() + raw, "sha256").hex()
    return Signed("calendly", {"calendly-webhook-signature": f"t={seconds},v1={signature}"}, raw)


def acuity(body: str, secret: str = SECRETS["ACUITY_KEY"]) -> Signed:
    signature = base64.b64encode(hmac.digest(secret.encode(), body.encode(), "sha256")).decode()
    return Signed("acuity", {"x-acuity-signature": signature}, body.encode())


def ours(body: Any, at: datetime, secret: str = SECRETS["OURS_KEY"]) -> Signed:
    raw, seconds = json.dumps(body).encode(), int(at.timestamp())
    signature = hmac.digest(secret.encode(), f"{seconds}.".encode() + raw, "sha256").hex()
    return Signed("ours", {"X-Signature": f"sha256={signature}", "X-Time": str(seconds)}, raw)


def calcom_booking(event: str, uid: str, starts_at: datetime, created_at: datetime, **more: Any) -> dict[str, Any]:
    """Return a call with the keys of the documented example."""
    locale = {"locale": "en"}
    payload = {
        "type": "60min",
        "title": "60min between Pro Example and John Doe",
        "description": "",
        "additionalNotes": "",
        "customInputs": {},
        "startTime": starts_at.isoformat().replace("+00:00", "Z"),
        "endTime": (starts_at + timedelta(hours=1)).isoformat().replace("+00:00", "Z"),
        "organizer": {"id": 5, "name": "Pro Example", "email": "pro@example.com", "timeZone": "Asia/Kolkata"},
        "responses": {
            "name": {"label": "your_name", "value": "John Doe"},
            "email": {"label": "email_address", "value": "john.doe@example.com"},
            "location": {"label": "location", "value": {"optionValue": "", "value": "inPerson"}},
            "notes": {"label": "additional_notes"},
        },
        "userFieldsResponses": {},
        "attendees": [
            {"email": "john.doe@example.com", "name": "John Doe", "timeZone": "Asia/Kolkata", "language": locale}
        ],
        "location": "Calcom HQ",
        "hideCalendarNotes": False,
        "requiresConfirmation": None,
        "eventTypeId": 7,
        "uid": uid,
        "eventTitle": "60min",
        "price": 0,
        "currency": "usd",
        "length": 60,
        "bookingId": 91,
        "metadata": {},
        "status": "ACCEPTED",
        **more,
    }
    said = created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"triggerEvent": event, "createdAt": said, "payload": payload}


def calendly_invitee(
    event: str, invitee: str, starts_at: datetime, created_at: datetime, **more: Any
) -> dict[str, Any]:
    """Return a call with the keys of Calendly's invitee payload; `old_invitee` and `new_invitee` are ids."""
    said = {key: _invitee(more.pop(key)) if key in more else None for key in ("old_invitee", "new_invitee")}
    at = created_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    payload = {
        "cancel_url": f"https://calendly.com/cancellations/{invitee}",
        "created_at": at,
        "email": "test@example.com",
        "event": "https://api.calendly.com/scheduled_events/GBGBDCAADAEDCRZ2",
        "first_name": None,
        "last_name": None,
        "name": "John Doe",
        **said,
        "questions_and_answers": [{"question": "Your mobile number", "answer": "416 555 0123", "position": 0}],
        "reschedule_url": f"https://calendly.com/reschedulings/{invitee}",
        "rescheduled": said["new_invitee"] is not None,
        "scheduled_event": {
            "uri": "https://api.calendly.com/scheduled_events/GBGBDCAADAEDCRZ2",
            "name": "30 Minute Meeting",
            "status": "active",
            "start_time": starts_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "end_time": (starts_at + timedelta(minutes=30)).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "event_type": "https://api.calendly.com/event_types/GBGBDCAADAEDCRZ2",
            "location": {"type": "physical", "location": "North"},
        },
        "status": "canceled" if event == "invitee.canceled" else "active",
        "text_reminder_number": "+1 416-555-0123",
        "timezone": "America/New_York",
        "updated_at": at,
        "uri": _invitee(invitee),
        **more,
    }
    return {
        "event": event,
        "created_at": at,
        "created_by": "https://api.calendly.com/users/AAAAAAAAAAAAAAAA",
        "payload": payload,
    }


def _invitee(name: str) -> str:
    return f"https://api.calendly.com/scheduled_events/GBGBDCAADAEDCRZ2/invitees/{name}"
