"""Takes Procedures: one that was completed completes the visit that it belongs to, or is a visit that took place."""

from collections.abc import Mapping

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.fhir import FhirKind
from scheduler.services.fhir.appointments import HAS_DIED, end, register
from scheduler.services.fhir.done import Performed, is_done, visit_meant, when_done
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.naming import by_identifier
from scheduler.services.fhir.patients import Person, person_meant
from scheduler.services.fhir.references import Place
from scheduler.services.fhir.visits import treatment_of
from scheduler.services.fhir.wishes import Done, Occasion, Wish
from scheduler.services.intake import Field
from scheduler.services.registration import Result
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.fhir_links import Link, find_link, visits_within

_PLACES: Mapping[Field, str] = {
    Field.STARTS_AT: "performed",
    Field.ENDS_AT: "performed",
    Field.EXTERNAL_ID: "identifier",
}


def take_procedure(occasion: Occasion, wish: Wish, link: Link | None) -> Done:
    """Take a Procedure. Raises NotTakenError."""
    known = _named(occasion, wish, link)
    if not is_done(wish.resource):
        return end(occasion, known, AppointmentStatus.CANCELLED)
    place = Place(wish.resource["subject"], "subject")
    person = person_meant(occasion, place, wish.resource)
    if person.has_died:
        return Done(Result.UNCHANGED, known.id if known else None, HAS_DIED)
    concepts = [("code", wish.resource["code"])] if "code" in wish.resource else []
    treatment = treatment_of(concepts, occasion.clinic, occasion.registrar.configuration)
    when = when_done(wish.resource, occasion.clinic, occasion.now)
    visit = known or _same_day(occasion, person, treatment, when)
    raw = {**person.raw, **_about(visit, when, wish.names.own), Field.STATUS: AppointmentStatus.COMPLETED.value}
    return register(occasion, raw, treatment, _PLACES, place.at)


def _about(visit: StoredAppointment | None, when: Performed, own: str) -> Mapping[Field, str]:
    """Return which visit it is. One that was booked keeps its times: the messages of its patient count from them."""
    if visit:
        ends_at = visit.ends_at.isoformat() if visit.ends_at else ""
        times = {Field.STARTS_AT: visit.starts_at.isoformat(), Field.ENDS_AT: ends_at}
        return {**times, Field.EXTERNAL_ID: visit.external_id or ""}
    if when.starts_at is None:
        words = "has no time of day, from which aftercare counts, and no appointment of that day is known: send it"
        raise refuse(Code.VALUE, words, "performed")
    return {Field.STARTS_AT: when.start, Field.ENDS_AT: when.end, Field.EXTERNAL_ID: own}


def _named(occasion: Occasion, wish: Wish, link: Link | None) -> StoredAppointment | None:
    """Return the visit that it was taken as before, that it says it fulfils, or that has its identifier."""
    if link and link.appointment:
        return get_appointment(occasion.tx, link.appointment)
    place = visit_meant(wish.resource, occasion.references)
    if place:
        names = occasion.references.names_meant(place.reference, FhirKind.APPOINTMENT)
        meant = find_link(occasion.tx, occasion.clinic.id, FhirKind.APPOINTMENT, names)
        if meant is None or meant.appointment is None:
            words = "no such Appointment was sent: send it before, or in the same transaction"
            raise refuse(Code.NOT_FOUND, words, place.at)
        return get_appointment(occasion.tx, meant.appointment)
    same = [it for it in wish.names.all if it.startswith(by_identifier(""))]
    meant = find_link(occasion.tx, occasion.clinic.id, FhirKind.APPOINTMENT, same)
    return get_appointment(occasion.tx, meant.appointment) if meant and meant.appointment else None


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
