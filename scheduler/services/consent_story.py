"""What holds for a patient's consent now, as the send would decide it, each with its sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Entry, Source, consent_for, valid_entry
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Purpose
from scheduler.domain.reasons import sentence
from scheduler.protocols.configuration import Configuration
from scheduler.store.consents import Stop, ledgers_of, stop_in_force
from scheduler.store.database import Tx
from scheduler.store.patients import Patient, get_patient

_NAMES = {Channel.SMS: "SMS", Channel.EMAIL: "email"}
HOW: Mapping[str, str] = {
    Source.REGISTRATION: "as it came with an appointment",
    Source.REPLY: "the patient wrote it",
    Source.PAGE: "the patient chose it on the page",
    Source.UNSUBSCRIBE: "by the unsubscribe link of an email",
    Source.PROVIDER: "the provider says so",
    Source.STAFF: "the patient told the clinic",
    Source.WRONG_NUMBER: "whoever has the number is not the patient",
    Source.BOUNCE: "mail to it comes back",
    Source.ERASED: "the data of whoever had it were erased",
}


@dataclass(frozen=True, slots=True)
class Holding:
    """Whether messages of a purpose may go out on a channel, and the sentence that says why."""

    channel: Channel
    purpose: Purpose
    given: bool
    sentence: str


def consent_story(tx: Tx, configuration: Configuration, patient_id: int) -> tuple[Holding, ...]:
    """Return what holds for each channel and purpose.

    Raises NotFoundError, and ConfigError where the clinic's file is gone.
    """
    patient = get_patient(tx, patient_id)
    clinic = configuration.clinic(patient.clinic)
    ledger = ledgers_of(tx, [patient_id])[patient_id]
    return tuple(
        holding(clinic, channel, purpose, ledger, _stop(tx, patient, channel))
        for channel in PATIENT_CHANNELS
        if patient.address(channel)
        for purpose in Purpose
    )


def how_it_came(source: str) -> str:
    """Say where a line or a stop comes from."""
    return HOW.get(source, source)


def _stop(tx: Tx, patient: Patient, channel: Channel) -> Stop | None:
    address = patient.address(channel)
    return stop_in_force(tx, patient.clinic, channel, address) if address else None


def holding(
    clinic: Clinic, channel: Channel, purpose: Purpose, ledger: tuple[Entry, ...], stop: Stop | None
) -> Holding:
    """Return what a ledger and a stop come to: those of now, or those that there were at another time."""
    unknown = clinic.consent_when_unknown
    said_by = stop.source if stop else ""
    consent = consent_for(
        channel, purpose, ledger, stopped=stop is not None, stop_source=said_by, when_unknown=unknown
    )
    entry = valid_entry(ledger, channel, purpose)
    if consent.refused:
        said = sentence((consent.refused,), clinic.timezone)
    elif entry and not entry.verdict.assumed:
        said = f"The patient agreed to {purpose.value} messages by {_NAMES[channel]}."
    else:
        said = f"Nobody asked about {purpose.value} messages by {_NAMES[channel]}, which this clinic takes as yes."
    source = stop or entry
    since = f" {_since(source.at, clinic.timezone)}, {how_it_came(source.source)}." if source else ""
    return Holding(channel, purpose, consent.given, said + since)


def _since(at: datetime, zone: ZoneInfo) -> str:
    return f"Since {at.astimezone(zone):%a %Y-%m-%d %H:%M}"
