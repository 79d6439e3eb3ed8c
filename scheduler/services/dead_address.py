"""Addresses that turned out not to exist: nothing more goes there, and a person is told whom nothing reaches now."""

from datetime import datetime

from scheduler.domain.alert import OF_A_PATIENT, AlertKind
from scheduler.domain.consent import Source, address_of, consent_for
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Purpose
from scheduler.domain.reasons import because
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import raise_alert
from scheduler.services.consent import stop_address
from scheduler.store.consents import is_stopped, ledgers_of, patients_at
from scheduler.store.database import Tx
from scheduler.store.patients import Patient, peek_patient

log = get_logger(__name__)


def give_up(
    tx: Tx,
    configuration: Configuration,
    clinic: str,
    channel: Channel,
    address: str,
    *,
    by: str,
    now: datetime,
    code: str = "",
) -> bool:
    """Stop a clinic's messages to an address that does not exist; no ledger changes, since nobody said anything.

    Raises an alert for each patient who has no other way that works and may be used for care, or whose data can't be
    opened. Return False, with nothing done, where the address was stopped already. The caller commits, and calls it
    last: see `services.consent`. `code` is what the mail server said.
    """
    words = code or None
    if not stop_address(tx, clinic, channel, address, source=Source.BOUNCE, by=by, now=now, wording=words):
        return False
    for number in patients_at(tx, clinic, channel, address):
        if not _is_reachable(tx, configuration, number):
            why = because("address_dead", address=address_of(channel), patient=str(number))
            raise_alert(tx, AlertKind.UNREACHABLE, f"{OF_A_PATIENT}{number}", reasons=(why,), now=now, clinic=clinic)
    return True


def _is_reachable(tx: Tx, configuration: Configuration, number: int) -> bool:
    """Whether something else reaches a patient; one whose data is broken stops nobody else's outcomes."""
    try:
        patient = peek_patient(tx, number)
    except KeysError as error:
        log.warning("patient.unreadable", patient=number, reason=str(error))
        return False
    return _has_another_way(tx, configuration, patient)


def _has_another_way(tx: Tx, configuration: Configuration, patient: Patient) -> bool:
    clinic = configuration.clinics.get(patient.clinic)
    ledger = ledgers_of(tx, [patient.id])[patient.id]
    for channel in PATIENT_CHANNELS:
        address = patient.address(channel)
        if address is None or clinic is None or not clinic.sender(channel):
            continue
        stopped = is_stopped(tx, patient.clinic, channel, address)
        unknown = clinic.consent_when_unknown
        if consent_for(channel, Purpose.CARE, ledger, stopped=stopped, when_unknown=unknown).given:
            return True
    return False
