"""Patients without a visit: compared, taken in, brought up to date; and what is done when one has died."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.brakes import Scope
from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Answer
from scheduler.errors import RegistrationError
from scheduler.services.appointments import call_off
from scheduler.services.correcting import correct
from scheduler.services.fhir.persons import Who
from scheduler.services.intake import Details, Field, Registration, read_details
from scheduler.services.pausing import pause
from scheduler.services.people import take_in
from scheduler.services.registration import Registrar
from scheduler.store.database import Tx
from scheduler.store.fhir_links import links_of_patient
from scheduler.store.fhir_visits import booked_after
from scheduler.store.names import plain_email, plain_name
from scheduler.store.patients import Patient, described, find_by_ref, update_patient

DIED = "the clinic's system says that this patient has died"
_NAMES = frozenset({Field.NAME, Field.FIRST_NAME, Field.LAST_NAME})


def told_of(patient: Patient) -> Mapping[Field, str]:
    """Return a patient of ours as a registration tells of them."""
    raw = {
        Field.NAME: patient.name,
        Field.PHONE: patient.phone,
        Field.EMAIL: patient.email,
        Field.LANGUAGE: patient.language,
        Field.TIMEZONE: patient.timezone,
        Field.PATIENT_ID: patient.ref,
    }
    return {name: text for name, text in raw.items() if text}


def is_same_person(known: Patient, who: Who, *, is_proper: bool) -> bool:
    """Whether name and address say that somebody whom an identifier has found is who was told of.

    With an address in common the first name is enough: surnames change, and families share phones. Without one the
    whole name is, if the identifier has a system, or if there is nothing to compare.
    """
    given, kept = plain_name(who.name).split(), plain_name(known.name).split()
    is_shared = _shares(known, who)
    is_whole = sorted(given) == sorted(kept)
    if is_shared:
        return not given or given[0] == kept[0] or is_whole
    return is_whole and (is_proper or is_shared is None)


def is_somebody_else(known: Patient, who: Who) -> bool:
    """Whether nothing that is told of somebody fits a patient: no word of the name, no address."""
    given, kept = plain_name(who.name).split(), plain_name(known.name).split()
    return bool(given) and set(given).isdisjoint(kept) and not _shares(known, who)


def _shares(known: Patient, who: Who) -> bool | None:
    """Whether a phone or an email is in common; None where there are none to compare."""
    kept = {Field.PHONE: known.phone, Field.EMAIL: known.email and plain_email(known.email)}
    told = {name: {plain_email(it) for it in (*points.good, *points.old)} for name, points in who.points.items()}
    compared = [address in told[name] for name, address in kept.items() if address and told[name]]
    return any(compared) if compared else None


def find_told(
    tx: Tx, registrar: Registrar, clinic: Clinic, raw: Mapping[Field, str], *, has_id: bool
) -> Patient | None:
    """Return the patient whom name and address find, None also where these can't be read; `has_id` as below."""
    try:
        registration = _registration(registrar, clinic, raw, "")
    except RegistrationError:
        return None
    found = registrar.open(tx, clinic.id, [registration]).find_person(registration)
    return found.patient if found and not (has_id and _is_claimed(tx, found.patient.id)) else None


def take_person(
    tx: Tx, registrar: Registrar, clinic: Clinic, raw: Mapping[Field, str], ref: str, *, has_id: bool
) -> tuple[Patient, bool]:
    """Take in somebody whom nothing links to yet; return them, and whether they are new. The caller commits.

    `has_id`: the system says who it is, so whom it calls by another id is another, whatever the name. `ref` is the
    clinic's own id, "" for none. Raises RegistrationError, ConflictError.
    """
    registration = _registration(registrar, clinic, raw, ref)
    book = registrar.open(tx, clinic.id, [registration])
    known = book.find_person(registration)
    is_new = known is None or (has_id and _is_claimed(tx, known.patient.id))
    if is_new:
        registration = replace(registration, patient=book.add_person(registration).patient.id)
    patient = take_in(book, registration, clinic)
    book.write()
    return patient, is_new


def bring_up_to_date(
    tx: Tx, registrar: Registrar, clinic: Clinic, known: Patient, who: Who, *, ref: str, withdrawn: Iterable[Field]
) -> Patient:
    """Correct a patient as told; what is not told stays, but for an address that is theirs no more, or `withdrawn`.

    The caller commits. Raises RegistrationError, ConflictError.
    """
    now = registrar.clock.now()
    if ref and not known.ref and find_by_ref(tx, clinic.id, ref) is None:
        known = replace(known, ref=ref)
        update_patient(tx, described(tx.vault, known), now=now)
    details = _details(clinic, known, who, set(withdrawn))
    return correct(tx, registrar.configuration, known.id, details, now=now, by=registrar.by).patient


def _details(clinic: Clinic, known: Patient, who: Who, withdrawn: set[Field]) -> Details:
    """Return who somebody is now: without an address where none is left, since the old one may be another's."""
    own = {
        name: text
        for name, text in told_of(known).items()
        if (name not in _NAMES or _NAMES.isdisjoint(who.raw))
        and name not in withdrawn
        and not (name in who.points and text in who.points[name].old)
    }
    return read_details({**own, **who.raw}, clinic, must_reach=False)


def lay_to_rest(tx: Tx, clinic: Clinic, patient: int, registrar: Registrar) -> None:
    """Let nothing go to somebody who has died. The caller commits.

    What is still to come is called off. The rest is paused: whoever finds that it was an error resumes it.
    """
    now, by = registrar.clock.now(), registrar.by
    for visit in booked_after(tx, patient, now):
        call_off(tx, visit, AppointmentStatus.CANCELLED, now=now, by=by, decided=False)
    pause(tx, Scope(clinic.id, None, patient), why=DIED, by=by, now=now)


def _is_claimed(tx: Tx, patient: int) -> bool:
    return any(it.owner for it in links_of_patient(tx, patient))


def _registration(registrar: Registrar, clinic: Clinic, raw: Mapping[Field, str], ref: str) -> Registration:
    """Return what finds a person: people are found and kept by what a registration says of them, its visit aside."""
    details = read_details(raw, clinic)
    return Registration(
        clinic=clinic.id,
        treatment="",
        name=details.name,
        phone=details.phone,
        email=details.email,
        language=details.language,
        timezone=details.timezone,
        external_id=None,
        patient_ref=ref or None,
        starts_at=registrar.clock.now(),
        ends_at=None,
        status=None,
        consent_sms=Answer.UNKNOWN,
        consent_email=Answer.UNKNOWN,
        consent_marketing=Answer.UNKNOWN,
    )
