"""Patients without a visit: found, taken in, brought up to date; and what is done when one has died."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.brakes import Scope
from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Answer
from scheduler.errors import ConflictError, RegistrationError
from scheduler.services.addressing import NoAddressError, read_email, read_phone
from scheduler.services.appointments import call_off
from scheduler.services.correcting import correct
from scheduler.services.fhir.persons import Who
from scheduler.services.intake import Details, Field, Registration, read_details
from scheduler.services.pausing import pause
from scheduler.services.people import take_in
from scheduler.services.registration import Registrar
from scheduler.store.database import Tx
from scheduler.store.fhir_links import booked_after, is_linked
from scheduler.store.patients import Patient, described, find_by_ref, traits_of, update_patient

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


def find_told(tx: Tx, registrar: Registrar, clinic: Clinic, raw: Mapping[Field, str], ref: str) -> Patient | None:
    """Return the patient whom a name and an address find, None also where what was told can't be read."""
    try:
        registration = _registration(registrar, clinic, raw, ref)
    except RegistrationError:
        return None
    found = registrar.open(tx, clinic.id, [registration]).find_person(registration)
    return found.patient if found else None


def take_person(
    tx: Tx, registrar: Registrar, clinic: Clinic, raw: Mapping[Field, str], ref: str
) -> tuple[Patient, bool]:
    """Take in somebody whom nothing links to yet; return them, and whether they are new. The caller commits.

    `ref` is the clinic's own id, "" for none. Raises RegistrationError, ConflictError.
    """
    registration = _registration(registrar, clinic, raw, ref)
    book = registrar.open(tx, clinic.id, [registration])
    known = book.find_person(registration)
    patient = take_in(book, registration, clinic)
    book.write()
    return patient, known is None


def bring_up_to_date(tx: Tx, registrar: Registrar, clinic: Clinic, known: Patient, who: Who, *, ref: str) -> Patient:
    """Correct a patient as told; what is not told stays, but for a phone or an email that is theirs no more.

    The caller commits. Raises RegistrationError; ConflictError where name, phone and email are all somebody else's.
    """
    details = _details(clinic, known, who)
    before = described(tx.vault, known).traits
    after = traits_of(tx.vault, ref=None, name=details.name, phone=details.phone, email=details.email)
    given = {Field.PHONE: after.phone == before.phone, Field.EMAIL: after.email == before.email}
    told = [is_same for name, is_same in given.items() if name in who.raw]
    is_certain = not told and is_linked(tx, clinic.id, known.id)  # by an identifier, system and all
    if after.name != before.name and not any(told) and not is_certain:
        raise ConflictError(
            f"this is patient {known.id}, of another name, phone and email: send others under ids of their own"
        )
    now = registrar.clock.now()
    if ref and not known.ref and find_by_ref(tx, clinic.id, ref) is None:
        known = replace(known, ref=ref)
        update_patient(tx, described(tx.vault, known), now=now)
    return correct(tx, registrar.configuration, known.id, details, now=now, by=registrar.by).patient


def _details(clinic: Clinic, known: Patient, who: Who) -> Details:
    """Return who somebody is now: without an address where none is left, since the old one may be another's."""
    own = {
        name: text
        for name, text in told_of(known).items()
        if (name not in _NAMES or _NAMES.isdisjoint(who.raw))
        and text not in _plain(who.gone.get(name, ()), name, clinic)
    }
    told = {**own, **who.raw}
    if Field.PHONE in told or Field.EMAIL in told:
        return read_details(told, clinic)
    return Details(known.name, None, None, known.language, known.timezone)


def _plain(texts: Sequence[str], of: Field, clinic: Clinic) -> set[str]:
    """Return addresses as they are kept here; what is none was never kept."""
    found = set[str]()
    for text in texts:
        with suppress(NoAddressError):
            found.add(read_phone(text, clinic) if of is Field.PHONE else read_email(text))
    return found


def lay_to_rest(tx: Tx, clinic: Clinic, patient: int, registrar: Registrar) -> None:
    """Let nothing go to somebody who has died. The caller commits.

    What is still to come is called off. The rest is paused: whoever finds that it was an error resumes it.
    """
    now, by = registrar.clock.now(), registrar.by
    for visit in booked_after(tx, patient, now):
        call_off(tx, visit, AppointmentStatus.CANCELLED, now=now, by=by)
    pause(tx, Scope(clinic.id, None, patient), why=DIED, by=by, now=now)


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
