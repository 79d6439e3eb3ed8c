"""Takes Procedures: one that was completed completes the visit that it belongs to, or is a visit that took place."""

from collections.abc import Mapping
from typing import NamedTuple

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.fhir import FhirKind, Says
from scheduler.services.fhir.appointments import HAS_DIED
from scheduler.services.fhir.done import Performed, is_done, visit_meant, when_done
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.naming import by_identifier
from scheduler.services.fhir.patients import Person, is_theirs, person_meant
from scheduler.services.fhir.references import Place
from scheduler.services.fhir.same import (
    TOOK_PLACE,
    Told,
    end,
    free_name,
    not_theirs,
    register,
    said_by_others,
    what_to_call,
)
from scheduler.services.fhir.visits import treatment_of
from scheduler.services.fhir.wishes import Done, Occasion, Wish, link_of
from scheduler.services.intake import Field
from scheduler.services.registration import Result
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.fhir_links import Link, find_link
from scheduler.store.fhir_visits import visits_within

_PLACES: Mapping[Field, str] = {
    Field.STARTS_AT: "performed",
    Field.ENDS_AT: "performed",
    Field.EXTERNAL_ID: "identifier",
}


class _Meant(NamedTuple):
    """A visit, and whether it is what this Procedure was taken as before."""

    visit: StoredAppointment | None
    is_own: bool


def take_procedure(occasion: Occasion, wish: Wish, link: Link | None) -> Done:
    """Take a Procedure. Raises NotTakenError."""
    meant = _named(occasion, wish, link)
    place = Place(wish.resource["subject"], "subject")
    if not is_done(wish.resource):
        return _undo(occasion, wish, link, meant, place)
    person = person_meant(occasion, place, wish.resource)
    if person.has_died:
        return Done(Result.UNCHANGED, meant.visit.id if meant.visit else None, HAS_DIED, link)
    if meant.visit and meant.visit.patient_id != person.id:
        if not (meant.is_own and wish.names.is_put):
            raise not_theirs(meant.visit, place.at)
        _undo(occasion, wish, link, meant, place)
        free_name(occasion, meant.visit)
        meant, link = _Meant(None, is_own=False), None
    concepts = [("code", wish.resource["code"])] if "code" in wish.resource else []
    treatment = treatment_of(concepts, occasion.clinic, occasion.registrar.configuration)
    when = when_done(wish.resource, occasion.clinic, occasion.now)
    visit = meant.visit or _same_day(occasion, person, treatment, when)
    raw = {
        **person.raw,
        **_about(occasion, wish, visit, when),
        Field.STATUS: AppointmentStatus.COMPLETED.value,
    }
    says = _says(occasion, wish, link, visit)
    return register(occasion, wish, Told(raw, treatment, person, says), _PLACES, place.at)


def _undo(occasion: Occasion, wish: Wish, link: Link | None, meant: _Meant, place: Place) -> Done:
    """Call off the visit that was not done, the patient's or its own, unless something else says that it was."""
    visit = meant.visit
    if visit is None:
        return end(occasion, wish, None, AppointmentStatus.CANCELLED)
    theirs = is_theirs(occasion, place, wish.resource, visit.patient_id)
    if theirs is not True and not (meant.is_own and wish.names.is_put):
        raise not_theirs(visit, place.at)
    said_alone = meant.is_own and link is not None and link.says in (Says.DONE, None)  # None: before it was kept
    if visit.status is AppointmentStatus.COMPLETED and not said_alone:
        kept = link_of(wish.kind, visit.id, said_at=None, says=Says.OFF)
        return Done(Result.UNCHANGED, visit.id, TOOK_PLACE, kept)
    return end(occasion, wish, visit, AppointmentStatus.CANCELLED)


def _says(occasion: Occasion, wish: Wish, link: Link | None, visit: StoredAppointment | None) -> Says:
    """Return what it says of a visit: that it took place, and whether somebody else had said so without FHIR."""
    if visit is None or visit.status is not AppointmentStatus.COMPLETED:
        return Says.DONE
    if link and link.appointment == visit.id and link.says in (Says.DONE, Says.DONE_TOO):
        return link.says
    return Says.DONE if Says.DONE in said_by_others(occasion, wish.names, visit) else Says.DONE_TOO


def _about(occasion: Occasion, wish: Wish, visit: StoredAppointment | None, when: Performed) -> Mapping[Field, str]:
    """Return which visit it is. One that was booked keeps its times: the messages of its patient count from them."""
    if visit:
        ends_at = visit.ends_at.isoformat() if visit.ends_at else ""
        times = {Field.STARTS_AT: visit.starts_at.isoformat(), Field.ENDS_AT: ends_at}
        return {**times, Field.EXTERNAL_ID: visit.external_id or ""}
    if when.starts_at is None:
        words = "has no time of day, from which aftercare counts, and no appointment of that day is known: send it"
        raise refuse(Code.VALUE, words, "performed")
    called = what_to_call(occasion, wish.names)
    return {Field.STARTS_AT: when.start, Field.ENDS_AT: when.end, Field.EXTERNAL_ID: called}


def _named(occasion: Occasion, wish: Wish, link: Link | None) -> _Meant:
    """Return the visit that it was taken as before, that it says it fulfils, or that has its identifier."""
    if link and link.appointment:
        return _Meant(get_appointment(occasion.tx, link.appointment), is_own=True)
    place = visit_meant(wish.resource, occasion.references)
    if place:
        meant = occasion.meant(place, FhirKind.APPOINTMENT)
        if meant is None or meant.appointment is None:
            words = "no such Appointment was sent: send it before, or in the same transaction"
            raise refuse(Code.NOT_FOUND, words, place.at)
        return _Meant(get_appointment(occasion.tx, meant.appointment), is_own=False)
    for identifier in wish.names.identifiers[:1]:
        found = find_link(occasion.tx, occasion.clinic.id, FhirKind.APPOINTMENT, by_identifier(identifier))
        if found and found.appointment:
            return _Meant(get_appointment(occasion.tx, found.appointment), is_own=False)
    return _Meant(None, is_own=False)


def _same_day(occasion: Occasion, person: Person, treatment: str, when: Performed) -> StoredAppointment | None:
    """Return the patient's visit of that day for that treatment, of several the nearest. Raises NotTakenError."""
    assert person.id is not None
    first, last = when.day(occasion.clinic)
    found = visits_within(occasion.tx, person.id, treatment, first, last)
    moment = when.starts_at
    if len(found) > 1 and moment is None:
        words = "fits several appointments of that day: send the time, or say which in the extension event-basedOn"
        raise refuse(Code.BUSINESS_RULE, words, "performed")
    return min(found, key=lambda it: abs(it.starts_at - (moment or it.starts_at)), default=None)
