"""Who a registration is about: the patient it finds or makes, with the addresses and the consent that it brings."""

from dataclasses import replace
from datetime import datetime

from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Answers, entries_at_registration
from scheduler.errors import ConflictError
from scheduler.services.intake import Registration
from scheduler.store.appointments import StoredAppointment
from scheduler.store.consents import add_entries, ledger_of
from scheduler.store.database import Tx
from scheduler.store.names import name_hash, plain_email
from scheduler.store.patients import Patient, add_patient, find_patient, get_patient, update_patient


def find_registered(tx: Tx, registration: Registration) -> Patient | None:
    """Find the patient of a registration, changing nothing.

    Raises ConflictError when the clinic's own id finds somebody of whom nothing else fits.
    """
    found = _find(tx, registration)
    if found:
        _refuse_stranger(tx, registration, found)
    return found


def take_in(tx: Tx, registration: Registration, clinic: Clinic, *, now: datetime, by: str) -> Patient:
    """Return the patient of a new appointment, found and brought up to date, or added. The caller commits."""
    found = find_registered(tx, registration)
    if found is None:
        found = add_patient(
            tx,
            clinic.id,
            ref=registration.patient_ref,
            name=registration.name,
            phone=registration.phone,
            email=registration.email,
            language=registration.language,
            timezone=registration.timezone,
            now=now,
        )
    return _bring_up_to_date(tx, found, registration, clinic, now=now, by=by)


def follow_up(
    tx: Tx, known: StoredAppointment, registration: Registration, clinic: Clinic, *, now: datetime, by: str
) -> Patient:
    """Return the patient of a known appointment, with addresses and consent as the registration has them.

    Raises ConflictError, before anything is written, when the registration names somebody else: two people may
    share a phone, so neither is turned into the other.
    """
    patient = get_patient(tx, known.patient_id)
    if not _names(tx, registration, patient):
        raise ConflictError(
            f"external_id {registration.external_id} is appointment {known.id} of another patient: "
            "cancel it and register the new one with an external_id of its own"
        )
    _refuse_stranger(tx, registration, patient)
    return _bring_up_to_date(tx, patient, registration, clinic, now=now, by=by)


def _find(tx: Tx, registration: Registration) -> Patient | None:
    return find_patient(
        tx,
        registration.clinic,
        ref=registration.patient_ref,
        name=registration.name,
        phone=registration.phone,
        email=registration.email,
    )


def _names(tx: Tx, registration: Registration, patient: Patient) -> bool:
    """Whether a registration is about that patient: by the clinic's own id where it is known, else by name."""
    if registration.patient_ref and patient.ref:
        return registration.patient_ref == patient.ref
    found = _find(tx, registration)
    if found and found.ref and found.ref == registration.patient_ref:
        return False  # that id is somebody else's
    return name_hash(tx.vault, patient.name) == name_hash(tx.vault, registration.name)


def _refuse_stranger(tx: Tx, registration: Registration, patient: Patient) -> None:
    """Raise ConflictError when name, phone and email all say that this is somebody else.

    A column that is mapped wrongly to the clinic's own id would else turn one patient into another.
    """
    same = (
        name_hash(tx.vault, registration.name) == name_hash(tx.vault, patient.name),
        registration.phone and registration.phone == patient.phone,
        registration.email and plain_email(registration.email) == plain_email(patient.email or ""),
    )
    if not any(same):
        raise ConflictError(
            "patient_id: is another person's, of another name, phone and email: check what is mapped to patient_id"
        )


def _bring_up_to_date(
    tx: Tx, patient: Patient, registration: Registration, clinic: Clinic, *, now: datetime, by: str
) -> Patient:
    """Store what the registration says anew; what it leaves empty stays as it was."""
    current = replace(
        patient,
        ref=patient.ref or registration.patient_ref,
        name=registration.name,
        phone=registration.phone or patient.phone,
        email=registration.email or patient.email,
        language=registration.language or patient.language,
        timezone=registration.timezone or patient.timezone,
    )
    if current != patient:
        update_patient(tx, current, now=now)
    answers = Answers(registration.consent_sms, registration.consent_email, registration.consent_marketing)
    ledger = ledger_of(tx, patient.id)
    add_entries(
        tx,
        patient.id,
        entries_at_registration(answers, ledger, at=now, when_unknown=clinic.consent_when_unknown),
        by=by,
    )
    return current
