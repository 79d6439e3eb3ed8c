"""Takes Appointments: registered, moved, completed or called off, by the same way as a booking of any other kind."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus
from scheduler.domain.fhir import Says
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.patients import is_theirs, person_meant
from scheduler.services.fhir.references import patients_among
from scheduler.services.fhir.same import (
    ANOTHERS,
    Told,
    end,
    give_up,
    meant_by_identifier,
    named,
    not_theirs,
    other_id,
    register,
    what_to_call,
)
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
        if known and known.patient_id != person.id and wish.names.is_put:
            give_up(occasion, wish, known)
        return Done(Result.UNCHANGED, known.id if known else None, HAS_DIED, link)
    assert person.id
    treatment = treatment_of(concepts_of(resource), occasion.clinic, occasion.registrar.configuration)
    anothers = known if known and known.patient_id != person.id and wish.names.is_put else None
    if known is None:
        known = _met(occasion, wish, person.id)
    times = times_of(resource, known, status, occasion)
    if anothers:
        give_up(occasion, wish, anothers)
    raw = {
        **person.raw,
        **times,
        Field.EXTERNAL_ID: _called(occasion, wish, None if anothers else known),
        Field.STATUS: status.value,
        **_dated(resource, occasion),
    }
    says = Says.DONE if status is AppointmentStatus.COMPLETED else Says.ON
    done = register(occasion, wish, Told(raw, treatment, person, says), _PLACES, place.at)
    return replace(done, words=ANOTHERS.format(visit=anothers.id)) if anothers else done


def _called(occasion: Occasion, wish: Wish, known: StoredAppointment | None) -> str:
    """Return the external id of a visit: what is told of it from here on is told by that name."""
    if known is None:
        return what_to_call(occasion, wish.names)
    if known.external_id:
        return known.external_id
    called = what_to_call(occasion, wish.names, is_new=True)
    set_external_id(occasion.tx, known.id, called, now=occasion.now)
    return called


def _met(occasion: Occasion, wish: Wish, person: int) -> StoredAppointment | None:
    """Return the visit of that person that goes by its identifier. Raises NotTakenError for another's.

    One that was called off under another id is none: it was booked anew.
    """
    met, has_other_id = meant_by_identifier(occasion, wish.names)
    if met and has_other_id:
        if met.status in CALLED_OFF:
            return None
        raise other_id(met.id)
    if met and met.patient_id != person:
        raise not_theirs(met, "identifier")
    return met


def _call_off(
    occasion: Occasion,
    wish: Wish,
    known: StoredAppointment | None,
    patients: Sequence[int],
    status: AppointmentStatus | None,
) -> Done:
    """Call off the patient's visit, or the one that it is by its own id; one that goes by another id is none."""
    place = patient_of(wish.resource, patients) if len(patients) == 1 else None
    at = place.at if place else "participant"
    found = known or _called_so(occasion, wish)
    theirs = is_theirs(occasion, place, wish.resource, found.patient_id) if place and found else None
    if found and theirs is not True and not (known and wish.names.is_put):
        if known or theirs is None or links_of_visit(occasion.tx, found.id):
            raise not_theirs(found, at)
        found = None  # of an export: systems count alike
    if found is None and status is None:
        words = f"“{wish.resource['status']}” is not agreed on, or was declined: send it once it is booked"
        raise refuse(Code.BUSINESS_RULE, words, "status")
    return end(occasion, wish, found, status or AppointmentStatus.CANCELLED, said_at(wish.resource, occasion.now))


def _called_so(occasion: Occasion, wish: Wish) -> StoredAppointment | None:
    """Return the visit that goes by its identifier, or that an export calls so."""
    met, has_other_id = meant_by_identifier(occasion, wish.names)
    if met:
        return None if has_other_id else met
    found = named(occasion, wish.names.calls[0])
    return None if found is None or links_of_visit(occasion.tx, found.id) else found


def _dated(resource: Resource, occasion: Occasion) -> Mapping[Field, str]:
    """Return when its system last changed an Appointment, where it said so."""
    at = said_at(resource, occasion.now)
    return {Field.UPDATED_AT: at.isoformat()} if at else {}
