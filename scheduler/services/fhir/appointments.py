"""Takes Appointments: registered, moved, completed or called off, by the same way as a booking of any other kind."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus
from scheduler.domain.word import WordAge
from scheduler.services.differing import SAID
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.patients import known_patient, person_meant
from scheduler.services.fhir.references import patients_among
from scheduler.services.fhir.shape import Resource
from scheduler.services.fhir.visits import concepts_of, patient_of, status_of, treatment_of
from scheduler.services.fhir.wishes import Done, Occasion, Wish, as_issues, said_at
from scheduler.services.intake import CallOff, Field, read_registration
from scheduler.services.registration import Result
from scheduler.store.appointments import StoredAppointment, get_appointment, set_external_id
from scheduler.store.fhir_links import Link

NEVER_KNOWN = "is not on, and was never registered"
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
    called = wish.names.own
    if known and known.external_id:
        called = known.external_id
    elif known and called:  # nobody had named it until now: what is told of it from here on is told by that name
        set_external_id(occasion.tx, known.id, called, now=occasion.now)
    patients = patients_among(resource, occasion.references)
    status = status_of(resource, patients)
    if status is None or status in CALLED_OFF:
        found = known or _named_for(occasion, called, resource, patients)
        if found is None and status is None:
            words = f"“{resource['status']}” is not agreed on, or was declined: send it once it is booked"
            raise refuse(Code.BUSINESS_RULE, words, "status")
        return end(occasion, found, status or AppointmentStatus.CANCELLED, said_at(resource, occasion.now))
    place = patient_of(resource, patients)
    person = person_meant(occasion, place, resource)
    if person.has_died:
        return Done(Result.UNCHANGED, known.id if known else None, HAS_DIED)
    treatment = treatment_of(concepts_of(resource), occasion.clinic, occasion.registrar.configuration)
    raw = {
        **person.raw,
        **_times(resource, known),
        Field.EXTERNAL_ID: called,
        Field.STATUS: status.value,
        **_dated(resource, occasion),
    }
    return register(occasion, raw, treatment, _PLACES, place.at)


def register(
    occasion: Occasion, raw: Mapping[Field, str], treatment: str, places: Mapping[Field, str], person_at: str
) -> Done:
    """Register a visit, or follow what changed of it. Raises NotTakenError, which names elements by `places`."""
    with as_issues(places, person_at):
        registration = read_registration(raw, occasion.clinic, treatment)
        done = occasion.registrar.register(occasion.tx, registration)
    return Done(done.result, done.appointment, done.reason)


def named(occasion: Occasion, external_id: str) -> StoredAppointment | None:
    """Return the visit that the clinic's booking systems call so."""
    if not external_id:
        return None
    said = CallOff(occasion.clinic.id, external_id, AppointmentStatus.CANCELLED)
    return occasion.registrar.open(occasion.tx, occasion.clinic.id, [], [said]).find_named(external_id)


def _named_for(
    occasion: Occasion, external_id: str, resource: Resource, patients: Sequence[int]
) -> StoredAppointment | None:
    """Return the visit that is called so, unless it is for somebody else than is said: systems count alike."""
    found = named(occasion, external_id)
    if found is None or not patients:
        return found
    person = known_patient(occasion, patient_of(resource, patients), resource)
    return found if person in (None, found.patient_id) else None


def end(
    occasion: Occasion, known: StoredAppointment | None, status: AppointmentStatus, at: datetime | None = None
) -> Done:
    """Send nothing more about a visit that does not, or did not, take place; `at`: so its system said then."""
    if known is None:
        return Done(Result.UNCHANGED, None, NEVER_KNOWN)
    book = occasion.registrar.open(occasion.tx, occasion.clinic.id, [])
    done = occasion.registrar.end(book, known, status, WordAge.at(at) if at else None)
    book.write()
    return Done(done.result, known.id, done.reason or SAID[status])


def _dated(resource: Resource, occasion: Occasion) -> Mapping[Field, str]:
    """Return when its system last changed an Appointment, where it said so."""
    at = said_at(resource, occasion.now)
    return {Field.UPDATED_AT: at.isoformat()} if at else {}


def _times(resource: Mapping[str, object], known: StoredAppointment | None) -> Mapping[Field, str]:
    """Return when it is; who only says that a known one took place means it as it is."""
    start, end = str(resource.get("start", "")), str(resource.get("end", ""))
    if start or known is None:
        return {Field.STARTS_AT: start, Field.ENDS_AT: end}
    ends_at = known.ends_at.isoformat() if known.ends_at else ""
    return {Field.STARTS_AT: known.starts_at.isoformat(), Field.ENDS_AT: ends_at}
