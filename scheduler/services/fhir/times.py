"""Reads when an Appointment is: its start, its end or its length, and whether that can be."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.clinic import Clinic
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.shape import Resource
from scheduler.services.fhir.wishes import Occasion
from scheduler.services.intake import Field, Registration
from scheduler.services.moments import NoInstantError, read_instant
from scheduler.store.appointments import StoredAppointment

LONGEST = timedelta(hours=24)
"""Of a visit: what is done in a clinic by the hour has ended by the next day. An end that is further off is a wrong
date, and would keep back for as long the first messages, which count from it."""


def times_of(
    resource: Resource, known: StoredAppointment | None, status: AppointmentStatus, occasion: Occasion
) -> Mapping[Field, str]:
    """Return when it is; who only says that a known one took place means it as it is. Raises NotTakenError."""
    start, end = str(resource.get("start", "")), str(resource.get("end", ""))
    minutes = resource.get("minutesDuration")
    if not start and known is not None:
        ends_at = known.ends_at.isoformat() if known.ends_at else ""
        start = known.starts_at.isoformat()
        end = ends_at
    elif start and not end and minutes:
        end = _after(start, minutes, occasion.clinic)
    if status is AppointmentStatus.COMPLETED:
        _refuse_ahead(start, occasion)
    return {Field.STARTS_AT: start, Field.ENDS_AT: end}


def refuse_too_long(registration: Registration, at: str) -> None:
    """Refuse a visit that nobody holds. Raises NotTakenError."""
    if registration.ends_at and registration.ends_at - registration.starts_at > LONGEST:
        hours = LONGEST // timedelta(hours=1)
        words = f"is more than {hours} hours after the start: look at the dates, aftercare is counted from the end"
        raise refuse(Code.VALUE, words, at)


def _after(start: str, minutes: int, clinic: Clinic) -> str:
    try:
        return (read_instant(start, clinic) + timedelta(minutes=minutes)).isoformat()
    except NoInstantError:
        return ""  # the start is refused for it


def _refuse_ahead(start: str, occasion: Occasion) -> None:
    """Refuse what took place on a day that is to come: its date or its status is wrong. The hour may lie ahead."""
    try:
        moment: datetime = read_instant(start, occasion.clinic)
    except NoInstantError:
        return
    zone = occasion.clinic.timezone
    if moment.astimezone(zone).date() > occasion.now.astimezone(zone).date():
        raise refuse(Code.VALUE, "is fulfilled, and starts on a day that is to come: send it as booked", "start")
