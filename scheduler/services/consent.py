"""What is said about consent: stops, starts, wishes on the patient's page, wrong numbers, words to staff.

Each of these works in the transaction of the caller, who commits. Call it last there: it takes the stop of an address
first, and whoever records hand-overs takes messages before stops.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from scheduler.domain.consent import Entry, Source, Verdict
from scheduler.domain.ledger import (
    Wishes,
    entries_as_said,
    entries_as_wished,
    entries_at_start,
    entries_at_stop,
)
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Purpose
from scheduler.logs import get_logger
from scheduler.store.consents import (
    add_entries,
    ledgers_of,
    lift_stop,
    patients_at,
    record_stop,
    stop_in_force,
    stop_source,
)
from scheduler.store.database import Tx
from scheduler.store.pages import revoke_pages
from scheduler.store.patients import Patient, get_patient

log = get_logger(__name__)

BEGINNING_AGAIN = frozenset(Source) - {Source.WRONG_NUMBER, Source.ERASED}
"""The stops that the patient's own word lifts. Whoever has a wrong number can't lift that: only staff can; nor does a
word from an address undo an erasure."""


def stop_address(
    tx: Tx,
    clinic: str,
    channel: Channel,
    address: str,
    *,
    source: Source,
    by: str,
    now: datetime,
    wording: str | None = None,
    version: str | None = None,
) -> bool:
    """Stop a clinic's messages to an address and revoke, in the ledger of every patient who has it, each purpose.

    `address` is a phone in E.164 or an email, `wording` the exact words, `version` which text they answered. Other
    clinics and the other channel are not touched. A source that says nothing of what a person wants (a bounce, a
    wrong number) stops the address alone. Return False where it was stopped already; the same again adds nothing.
    """
    is_new = record_stop(
        tx, clinic, channel, address, source=source.value, by=by, now=now, wording=wording, version=version
    )
    people = patients_at(tx, clinic, channel, address)
    if source.is_said:
        ledgers = ledgers_of(tx, people)
        lines = [
            (person, entry)
            for person in people
            for entry in entries_at_stop(channel, ledgers[person], is_new=is_new, at=now, source=source)
        ]
        add_entries(tx, lines, by=by, wording=wording, version=version)
    if is_new:
        log.info("consent.stopped", clinic=clinic, channel=channel, source=source.value, patients=people)
    return is_new


def start_address(
    tx: Tx,
    clinic: str,
    channel: Channel,
    address: str,
    *,
    source: Source,
    by: str,
    now: datetime,
    wording: str | None = None,
    version: str | None = None,
) -> bool:
    """Lift the stop of an address and grant what `entries_at_start` says to every patient who has it.

    Return False, with nothing changed, where the number was said to be somebody else's: then staff must correct it
    at the patient, or say that it is right (`lift_by_staff`).
    """
    stop = stop_in_force(tx, clinic, channel, address)
    if stop and stop.source not in BEGINNING_AGAIN:
        return False
    if stop:
        lift_stop(tx, clinic, channel, address, by=by, now=now)
    people = patients_at(tx, clinic, channel, address)
    ledgers = ledgers_of(tx, people)
    stopped_at = stop.at if stop else None
    lines = [
        (person, entry)
        for person in people
        for entry in entries_at_start(channel, ledgers[person], stopped_at=stopped_at, at=now, source=source)
    ]
    add_entries(tx, lines, by=by, wording=wording, version=version)
    log.info("consent.started", clinic=clinic, channel=channel, source=source.value, patients=people)
    return True


def wrong_number(
    tx: Tx, clinic: str, address: str, *, by: str, now: datetime, wording: str | None = None
) -> tuple[int, ...]:
    """Stop every text of a clinic to a number whose holder is not the patient; return the patients who have it.

    No ledger changes: the patient said nothing. The stop stays with the number; a corrected phone is another
    address, to which texts go. It takes the place of another stop, since a START from that number must not lift it.
    The links to those patients' pages went to a stranger: they close with it, once.
    """
    people = tuple(patients_at(tx, clinic, Channel.SMS, address))
    if stop_source(tx, clinic, Channel.SMS, address) != Source.WRONG_NUMBER:
        for person in people:  # before the stop, as whoever saves wishes on a page holds the patient first
            revoke_pages(tx, person, now=now)
    stop = stop_in_force(tx, clinic, Channel.SMS, address)
    if stop and stop.source != Source.WRONG_NUMBER:
        lift_stop(tx, clinic, Channel.SMS, address, by=by, now=now)
    stop_address(tx, clinic, Channel.SMS, address, source=Source.WRONG_NUMBER, by=by, now=now, wording=wording)
    return people


def set_preferences(
    tx: Tx,
    patient_id: int,
    wishes: Wishes,
    *,
    source: Source,
    by: str,
    now: datetime,
    wording: str | None = None,
    version: str | None = None,
) -> frozenset[Channel]:
    """Put on record what a patient changed on a form that showed what holds; what was left so adds no line.

    A yes on a channel lifts the stop of the patient's own address there; others who share it keep what their ledgers
    say. A no is this patient's alone: `stop_patient` stops the addresses. Return the channels with a yes that stay
    stopped because the number is said to be somebody else's. Raises NotFoundError.
    """
    patient = get_patient(tx, patient_id)
    wanted = [it for it in PATIENT_CHANNELS if any(wish and it is key[0] for key, wish in wishes.items())]
    lifted, shut = _lift(tx, patient, wanted, by=by, now=now)
    ledger = ledgers_of(tx, [patient_id])[patient_id]
    open_wishes = {key: wish for key, wish in wishes.items() if not (wish and key[0] in shut)}
    entries = entries_as_wished(open_wishes, ledger, lifted=lifted, at=now, source=source)
    _add(tx, patient_id, entries, by=by, wording=wording, version=version)
    return shut


def stop_patient(
    tx: Tx,
    patient_id: int,
    channels: Iterable[Channel] = PATIENT_CHANNELS,
    *,
    source: Source,
    by: str,
    now: datetime,
    wording: str | None = None,
    version: str | None = None,
) -> None:
    """Stop a patient's addresses, with all who share them, and revoke every purpose also where there is no address.

    So a phone that is registered later gets nothing either. Raises NotFoundError.
    """
    patient = get_patient(tx, patient_id)
    for channel in channels:
        address = patient.address(channel)
        if address:
            stop_address(
                tx, patient.clinic, channel, address, source=source, by=by, now=now, wording=wording, version=version
            )
        else:
            ledger = ledgers_of(tx, [patient_id])[patient_id]
            entries = entries_at_stop(channel, ledger, is_new=False, at=now, source=source)
            _add(tx, patient_id, entries, by=by, wording=wording, version=version)


def say(
    tx: Tx,
    patient_id: int,
    verdict: Verdict,
    channels: Iterable[Channel],
    purposes: Collection[Purpose],
    *,
    by: str,
    now: datetime,
    wording: str | None = None,
) -> int:
    """Enter what a patient told a person of the clinic; return how many lines that made. Raises NotFoundError.

    A stop of an address stays, whatever is granted here: `lift_by_staff` lifts it.
    """
    patient = get_patient(tx, patient_id)
    ledger = ledgers_of(tx, [patient.id])[patient.id]
    entries = entries_as_said(verdict, channels, purposes, ledger, at=now, source=Source.STAFF)
    _add(tx, patient_id, entries, by=by, wording=wording)
    return len(entries)


def lift_by_staff(tx: Tx, patient_id: int, channel: Channel, *, by: str, now: datetime) -> bool:
    """Lift whatever stop the patient's address has: staff made sure that the patient wants it, and that it is theirs.

    Return False where there is none. Raises NotFoundError.
    """
    patient = get_patient(tx, patient_id)
    address = patient.address(channel)
    return bool(address) and lift_stop(tx, patient.clinic, channel, address or "", by=by, now=now)


def _lift(
    tx: Tx, patient: Patient, channels: Collection[Channel], *, by: str, now: datetime
) -> tuple[frozenset[Channel], frozenset[Channel]]:
    """Lift the stops of a patient's addresses; return the channels that are open again, and those that stay shut."""
    lifted, shut = set(), set()
    for channel in channels:
        address = patient.address(channel)
        stop = stop_in_force(tx, patient.clinic, channel, address) if address else None
        if address and stop and stop.source in BEGINNING_AGAIN:
            lift_stop(tx, patient.clinic, channel, address, by=by, now=now)
            lifted.add(channel)
        elif stop:
            shut.add(channel)
    return frozenset(lifted), frozenset(shut)


def _add(
    tx: Tx,
    patient_id: int,
    entries: Iterable[Entry],
    *,
    by: str,
    wording: str | None,
    version: str | None = None,
) -> None:
    add_entries(tx, [(patient_id, entry) for entry in entries], by=by, wording=wording, version=version)
