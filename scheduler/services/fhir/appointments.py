"""Takes Appointments: registered, moved, completed or called off, by the same way as a booking of any other kind."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus
from scheduler.domain.fhir import Says
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.patients import known_patient, person_meant
from scheduler.services.fhir.references import patients_among
from scheduler.services.fhir.same import end, meant_by_identifier, named, register, to_call_off, what_to_call
from scheduler.services.fhir.shape import Resource
from scheduler.services.fhir.times import times_of
from scheduler.services.fhir.visits import concepts_of, patient_of, status_of, treatment_of
from scheduler.services.fhir.wishes import Done, Occasion, Wish, said_at
from scheduler.services.intake import Field
from scheduler.services.registration import Result
from scheduler.store.appointments import StoredAppointment, get_appointment, set_external_id
from scheduler.store.fhir_links import Link, links_of_visit

HAS_DIED = "the patient has died: nothing is registered, and nothing is sent"
_PLACES: Mapping[Field, str] = {
    Field.STARTS_AT: "start",
    Field.ENDS_AT: "end",
    Field.EXTERNAL_ID: "identifier",
}


def take_appointment(occasion: Occasion, wish: Wish, link: Link | None) -> Done:
    """Take an Appointment. Raises NotTakenError."""
    resource = wish.resource
    known = get_appointment(occasion.tx, link.appointment) if link and link.appointment else None
    patients = patients_among(resource, occasion.references)
    status = status_of(resource, patients)
    if status is None or status in CALLED_OFF:
        return _call_off(occasion, wish, known, patients, status)
    place = patient_of(resource, patients)
    person = person_meant(occasion, place, resource)
    if person.has_died:
        return Done(Result.UNCHANGED, known.id if known else None, HAS_DIED, link)
    assert person.id
    treatment = treatment_of(concepts_of(resource), occasion.clinic, occasion.registrar.configuration)
    if known is None:
        known = meant_by_identifier(occasion, wish.names, person.id)
    raw = {
        **person.raw,
        **times_of(resource, known, status, occasion),
        Field.EXTERNAL_ID: _called(occasion, wish, known),
        Field.STATUS: status.value,
        **_dated(resource, occasion),
    }
    says = Says.DONE if status is AppointmentStatus.COMPLETED else Says.ON
    return register(occasion, wish, raw, treatment, person, _PLACES, place.at, says)


def _called(occasion: Occasion, wish: Wish, known: StoredAppointment | None) -> str:
    """Return the external id of a visit: what is told of it from here on is told by that name."""
    if known is None:
        return what_to_call(occasion, wish.names)
    if known.external_id:
        return known.external_id
    called = what_to_call(occasion, wish.names, is_new=True)
    set_external_id(occasion.tx, known.id, called, now=occasion.now)
    return called


def _call_off(
    occasion: Occasion,
    wish: Wish,
    known: StoredAppointment | None,
    patients: Sequence[int],
    status: AppointmentStatus | None,
) -> Done:
    place = patient_of(wish.resource, patients) if len(patients) == 1 else None
    person = known_patient(occasion, place, wish.resource) if place else None
    at = place.at if place else "participant"
    if known:
        to_call_off(known, person, at, is_certain=wish.names.is_put)
    found = known or _of_an_export(occasion, wish, person, at)
    if found is None and status is None:
        words = f"“{wish.resource['status']}” is not agreed on, or was declined: send it once it is booked"
        raise refuse(Code.BUSINESS_RULE, words, "status")
    return end(occasion, wish, found, status or AppointmentStatus.CANCELLED, said_at(wish.resource, occasion.now))


def _of_an_export(occasion: Occasion, wish: Wish, person: int | None, at: str) -> StoredAppointment | None:
    """Return the visit that is called so by an identifier, or by an export: the same patient's, or none."""
    if met := meant_by_identifier(occasion, wish.names, person, at):
        return met
    found = named(occasion, wish.names.calls[0])
    if found is None or any(it for it in links_of_visit(occasion.tx, found.id)):
        return None
    if person is not None and person != found.patient_id:
        return None  # systems count alike
    return to_call_off(found, person, at)


def _dated(resource: Resource, occasion: Occasion) -> Mapping[Field, str]:
    """Return when its system last changed an Appointment, where it said so."""
    at: datetime | None = said_at(resource, occasion.now)
    return {Field.UPDATED_AT: at.isoformat()} if at else {}
