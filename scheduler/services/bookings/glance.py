"""What staff see of a call that could not be taken: whom it is about, when and for what, as far as it can be read."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from scheduler.content.formats import clean
from scheduler.domain.access import Scope
from scheduler.domain.booking_event import EventState
from scheduler.domain.clinic import Clinic
from scheduler.domain.sources import Calcom, Calendly, Cliniko, Generic, Source
from scheduler.protocols.configuration import Configuration
from scheduler.services.bookings.news import last_part, text_at
from scheduler.services.bookings.sources import find_source
from scheduler.services.moments import NoInstantError, read_instant
from scheduler.store.booking_events import BookingEvent
from scheduler.store.database import Tx
from scheduler.store.listing.booking_events import BookingFilter, list_bookings

MOST = 50
_Places = dict[str, tuple[str, ...]]
_CALCOM: _Places = {
    "booking": ("payload.uid", "payload.bookingUid"),
    "name": ("payload.attendees.0.name", "payload.responses.name.value"),
    "starts": ("payload.startTime",),
    "treatment": ("payload.eventTitle", "payload.type", "payload.title"),
}
_CALENDLY: _Places = {
    "booking": ("payload.uri", "payload.invitee"),
    "name": ("payload.name", "payload.last_name"),
    "starts": ("payload.scheduled_event.start_time",),
    "treatment": ("payload.scheduled_event.name",),
}
_CLINIKO: _Places = {
    "booking": ("appointment.id",),
    "starts": ("appointment.starts_at",),
    "treatment": ("type",),
}


@dataclass(frozen=True, slots=True)
class Glance:
    """One refused call: what its booking system says of it, cleaned, "" where it says nothing.

    `starts_at` is aware UTC, None where `starts`, which is as it was given, is no moment of ISO 8601.
    """

    event: BookingEvent
    booking: str = ""
    name: str = field(default="", repr=False)
    starts: str = ""
    treatment: str = ""
    starts_at: datetime | None = None


def refused_of(tx: Tx, clinic: Clinic, source: str) -> tuple[Glance, ...]:
    """Return the latest refused calls of a booking system, the newest first, at most `MOST`."""
    wanted = BookingFilter(Scope(frozenset({clinic.id})), source=source, state=EventState.REFUSED)
    known = next((it for it in clinic.bookings if it.id == source), None)
    return tuple(glance(it, clinic, known) for it in list_bookings(tx, wanted, below=None, limit=MOST))


def glance_at(event: BookingEvent, configuration: Configuration) -> Glance:
    """Read what can be read of a call by the clinic's file of now; of a clinic that is gone, nothing."""
    clinic = configuration.clinics.get(event.clinic)
    return glance(event, clinic, find_source(configuration, event.clinic, event.source)) if clinic else Glance(event)


def glance(event: BookingEvent, clinic: Clinic, source: Source | None) -> Glance:
    """Read what can be read of a call, whatever is wrong with it; nothing is raised for what stands in it."""
    said = _said(source, event.payload or b"")
    starts = said.get("starts", "")
    return Glance(
        event,
        said.get("booking") or event.booking or "",
        said.get("name", ""),
        starts,
        said.get("treatment", ""),
        _moment(starts, clinic),
    )


def _said(source: Source | None, payload: bytes) -> dict[str, str]:
    body = _body(payload)
    match source:
        case Calcom():
            return _first(body, _CALCOM)
        case Calendly():
            said = _first(body, _CALENDLY)
            return {**said, "booking": last_part(said["booking"])}
        case Cliniko():
            return {**_first(body, _CLINIKO), "name": _joined(body, ("patient.first_name", "patient.last_name"))}
        case Generic():
            return _of_generic(source, body)
        case _:
            return {"booking": _of_form(payload)}


def _body(payload: bytes) -> Any:
    try:
        return json.loads(payload, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def _first(body: Any, places: _Places) -> dict[str, str]:
    found = {key: next((text for it in paths if (text := text_at(body, it))), "") for key, paths in places.items()}
    return {key: clean(text) for key, text in found.items()}


def _joined(body: Any, paths: tuple[str, ...]) -> str:
    return clean(" ".join(text_at(body, it) for it in paths))


def _of_generic(source: Generic, body: Any) -> dict[str, str]:
    whole = {key: _joined(body, paths) for key, paths in source.fields.items()}
    names = (whole.get("name", ""), whole.get("first_name", ""), whole.get("last_name", ""))
    return {
        "booking": whole.get("external_id", ""),
        "name": " ".join(it for it in names if it),
        "starts": whole.get("starts_at", ""),
        "treatment": whole.get("treatment", ""),
    }


def _of_form(payload: bytes) -> str:
    """Return the id of a call that holds no more, such as Acuity's."""
    try:
        return clean(parse_qs(payload.decode("ascii"), max_num_fields=50).get("id", [""])[0])
    except ValueError:
        return ""


def _moment(text: str, clinic: Clinic) -> datetime | None:
    try:
        return read_instant(text, clinic)
    except NoInstantError:
        return None
