"""When a booking is not given on to another name: a person looks whether that is the same patient."""

from datetime import datetime

from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Verdict, valid_entry
from scheduler.domain.protocol import PATIENT_CHANNELS
from scheduler.domain.why import Why
from scheduler.services.bookings.news import News
from scheduler.services.bookings.stale import person_of
from scheduler.services.people import has_other_name, shares_address
from scheduler.store.appointments import StoredAppointment
from scheduler.store.consents import is_stopped, ledgers_of
from scheduler.store.database import Tx
from scheduler.store.patients import Patient, get_patient
from scheduler.store.pauses import pauses_of


def doubt(tx: Tx, visit: StoredAppointment, news: News, clinic: Clinic, *, now: datetime) -> tuple[str, Why] | None:
    """Return why a visit can't be given to whom a call names, in words and as a code; None where it can.

    A visit that is over was that patient's. Who wants no messages, or is paused, may only be spelled otherwise there
    (Bob, Robert): as somebody new at the same address that patient would be written to.
    """
    patient, person = get_patient(tx, visit.patient_id), person_of(news, clinic)
    if person is None or not has_other_name(patient, person):
        return None
    who = f"patient {patient.id}"
    if visit.starts_at <= now:
        said = (
            f"another name is said of appointment {visit.id}, whose time is over: if {who} is only spelled otherwise"
        )
        why = Why("name_after", {"visit": str(visit.id), "patient": str(patient.id)})
        return f"{said} there, correct the name here", why
    if shares_address(patient, person) and _wants_nothing(tx, patient):
        said = f"another name is said at an address of {who}, who is paused or wants no messages: if it is the same"
        why = Why("name_of_silent", {"visit": str(visit.id), "patient": str(patient.id)})
        return f"{said} person, correct the name here; else register the other one by hand", why
    return None


def _wants_nothing(tx: Tx, patient: Patient) -> bool:
    """Whether a patient is paused, revoked any consent, or has an address that is stopped."""
    if any(lifted_at is None for _, lifted_at in pauses_of(tx, patient.id)):
        return True
    ledger = ledgers_of(tx, [patient.id])[patient.id]
    entries = (valid_entry(ledger, it.channel, it.purpose) for it in ledger)
    if any(it and it.verdict is Verdict.REVOKED for it in entries):
        return True
    return any(
        (address := patient.address(channel)) and is_stopped(tx, patient.clinic, channel, address)
        for channel in PATIENT_CHANNELS
    )
