"""The ways on which a person of the clinic can write to somebody now, and what is in the way of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler.domain.brakes import Pause, pause_of
from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import address_of, consent_for
from scheduler.domain.desk_text import DeskText
from scheduler.domain.hours import hours_of_desk
from scheduler.domain.notice import DESK_TEXT, MessageKind
from scheduler.domain.notice_decision import heeds
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Purpose
from scheduler.domain.reasons import Reason, because
from scheduler.services.asking import can_be_answered
from scheduler.store.consents import ledgers_of, stop_source
from scheduler.store.database import Tx
from scheduler.store.desk_messages import desk_messages_of_replies, header_of
from scheduler.store.patients import Patient
from scheduler.store.pauses import pauses_in_force
from scheduler.store.replies import SMS, Reply

HELPS_FOR = timedelta(hours=24)
"""How long what a person wrote is sent; after that the person is told that it was not."""
_MOST_REFERENCES = 10


@dataclass(frozen=True, slots=True)
class Way:
    """One way to somebody. `refused` says why nothing may go there now; None where it may.

    `pause` is what holds it back until somebody lifts that, `quiet_until` (aware UTC) when quiet hours end, None
    outside of them. `thread` has what puts a text beside those before it: the person's words are still to come.
    """

    channel: Channel
    to: str = field(repr=False)
    clinic: Clinic
    language: str
    patient_id: int | None
    reply_id: int | None
    thread: DeskText
    refused: Reason | None
    pause: Pause | None
    quiet_until: datetime | None


def ways_to_writer(
    tx: Tx, clinic: Clinic, reply: Reply, patient: Patient | None, *, now: datetime
) -> tuple[Way, ...]:
    """Return the ways on which a reply can be answered for that clinic, the one that it came on first.

    `patient` is who wrote, None where nobody knows for certain: then only the number that wrote is answered.
    """
    return tuple(_to_writer(tx, clinic, reply, patient, now))


def ways_to_patient(tx: Tx, clinic: Clinic, patient: Patient, *, now: datetime) -> tuple[Way, ...]:
    """Return the ways on which a patient can be written to of whom no reply is answered: consent holds in full."""
    found = (_way(tx, clinic, channel, patient, now) for channel in PATIENT_CHANNELS)
    return tuple(way for way in found if way)


def _to_writer(tx: Tx, clinic: Clinic, reply: Reply, patient: Patient | None, now: datetime) -> Iterator[Way]:
    channel, header, asked = header_of(tx, reply.question) if reply.question else (Channel.SMS, None, "")
    wrote_by = Channel.SMS if reply.source == SMS else channel
    others = [it for it in PATIENT_CHANNELS if it is not wrote_by]
    for it in (wrote_by, *others):
        came_here = it is wrote_by and (reply.source == SMS or reply.question is not None)
        sender = reply.sender if reply.source == SMS and came_here else ""
        if came_here and sender and (not can_be_answered(sender) or sender == reply.receiver):
            yield _no_number(clinic, reply, patient)
            continue
        way = _way(tx, clinic, it, patient, now, address=sender, in_thread=came_here)
        if way:
            emails = _emails(tx, reply, header if channel is Channel.EMAIL else None)
            subject = f"Re: {asked.partition(chr(10))[0]}" if channel is Channel.EMAIL and asked else ""
            sent_from = reply.receiver if sender and can_be_answered(reply.receiver) else ""
            thread = replace(way.thread, sent_from=sent_from)
            if it is Channel.EMAIL:
                thread = replace(thread, references=emails, subject=subject)
            yield replace(way, reply_id=reply.id, thread=thread)


def _way(
    tx: Tx,
    clinic: Clinic,
    channel: Channel,
    patient: Patient | None,
    now: datetime,
    *,
    address: str = "",
    in_thread: bool = False,
) -> Way | None:
    """Return the way by a channel; None where the clinic has no sender there, or nobody known is behind it."""
    if not clinic.sender(channel) or (patient is None and not address):
        return None
    to = address or (patient.address(channel) if patient else None) or ""
    thread = DeskText("", "", in_thread=in_thread)
    zone = ZoneInfo(patient.timezone) if patient and patient.timezone else None
    allowed_at, _ = hours_of_desk(clinic, zone).defer(now, now + HELPS_FOR)
    return Way(
        channel=channel,
        to=to,
        clinic=clinic,
        language=clinic.language_for(patient.language if patient else None),
        patient_id=patient.id if patient else None,
        reply_id=None,
        thread=thread,
        refused=_refused(tx, clinic, channel, patient, to, in_thread=in_thread),
        pause=_pause(tx, clinic, channel, patient, answers=in_thread),
        quiet_until=allowed_at if allowed_at > now else None,
    )


def _refused(
    tx: Tx, clinic: Clinic, channel: Channel, patient: Patient | None, to: str, *, in_thread: bool
) -> Reason | None:
    """Return why nothing may go there, as the engine finds when it sends."""
    if not to:
        return because("no_address", address=address_of(channel))
    source = stop_source(tx, clinic.id, channel, to)
    if in_thread or patient is None:
        return because("stopped", address=address_of(channel)) if source else None
    ledger, unknown = ledgers_of(tx, [patient.id])[patient.id], clinic.consent_when_unknown
    consent = consent_for(
        channel, Purpose.CARE, ledger, stopped=source is not None, when_unknown=unknown, stop_source=source or ""
    )
    return consent.refused


def _pause(tx: Tx, clinic: Clinic, channel: Channel, patient: Patient | None, *, answers: bool) -> Pause | None:
    number = patient.id if patient else None
    pause = pause_of(pauses_in_force(tx, [number] if number else []), clinic.id, channel, number)
    return pause if pause and heeds(pause, MessageKind.DESK, DESK_TEXT, answers=answers) else None


def _emails(tx: Tx, reply: Reply, header: str | None) -> tuple[str, ...]:
    """Return the Message-IDs of the emails in a reply's thread, the oldest first: the question, what staff wrote."""
    ours: Sequence[str | None] = [it.message.header_id for it in desk_messages_of_replies(tx, [reply.id])]
    return tuple(it for it in (header, *ours) if it)[-_MOST_REFERENCES:]


def _no_number(clinic: Clinic, reply: Reply, patient: Patient | None) -> Way:
    return Way(
        channel=Channel.SMS,
        to="",
        clinic=clinic,
        language=clinic.language_for(patient.language if patient else None),
        patient_id=patient.id if patient else None,
        reply_id=reply.id,
        thread=DeskText("", "", in_thread=True),
        refused=because("no_number"),
        pause=None,
        quiet_until=None,
    )
