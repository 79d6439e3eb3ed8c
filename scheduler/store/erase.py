"""Replaces all that a patient is known by with nothing. Bare rows stay: ids, times, statuses, verdicts of consent.

Every sealed column is in one of the three lists below; a test refuses one that is in none.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.alert import OF_A_PATIENT
from scheduler.domain.consent import Source
from scheduler.domain.desk_text import DeskText
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.domain.states import UNSENT
from scheduler.store.batches import among
from scheduler.store.consents import patients_at, record_stop
from scheduler.store.database import Tx
from scheduler.store.desk_tables import desk_notes
from scheduler.store.erasure_tables import erasures
from scheduler.store.fhir_links import drop_links
from scheduler.store.messages import Message, read_message
from scheduler.store.name_tokens import drop_name_tokens
from scheduler.store.names import address_hash
from scheduler.store.patients import Patient
from scheduler.store.plan_tables import adjustments
from scheduler.store.tables import (
    alerts,
    appointments,
    attempts,
    consents,
    messages,
    outbox,
    patients,
    pauses,
    replies,
    stops,
)

EMPTIED = frozenset(
    {
        *("patients.ref", "patients.name", "patients.phone", "patients.email"),
        *("messages.recipient", "messages.words", "attempts.address", "attempts.body"),
        *("consents.wording", "stops.address", "stops.wording", "pauses.why", "adjustments.note", "desk_notes.note"),
        *("outbox.address", "outbox.content", "replies.sender", "replies.body", "replies.because"),
    }
)
"""What the vault sealed that leads to one patient by its row, and is emptied or deleted there."""
SEARCHED = frozenset(
    {"provider_events.payload", "idempotency.answer"}
    | {"uploads.name", "uploads.content", "uploads.report", "uploads.result"}
    | {"booking_events.payload", "booking_events.reason", "booking_events.why"}
)
"""What may be about anybody: each is opened and searched for the patient."""
OF_NO_PATIENT = frozenset({"users.totp", "users.phone", "users.email", "hook_endpoints.url", "hook_endpoints.secret"})
"""What is about staff and other systems."""

NO_TEXT = DeskText("", "").dump()

_NOBODY = b""
"""Stands where a hash of something was: no keyed hash is empty, so that nothing finds it."""


@dataclass(frozen=True, slots=True)
class Belongings:
    """The rows of a patient."""

    visits: tuple[int, ...]
    messages: tuple[Message, ...]
    replies: tuple[int, ...]
    tokens: tuple[str, ...]
    """Of the hand-overs to the patient."""
    hashes: frozenset[bytes]
    """Of the addresses that they went to, and of those of now."""


def belongings(tx: Tx, patient: Patient) -> Belongings:
    """Return all rows of a patient; in a writing transaction, which holds the patient, they are held too."""
    visits = sa.select(appointments.c.id).where(appointments.c.patient_id == patient.id).order_by(appointments.c.id)
    visit_ids = tuple(tx.connection.execute(_held(tx, visits)).scalars())
    written = _written(tx, patient)
    mine = sa.or_(
        messages.c.patient_id == patient.id,
        among(tx, messages.c.appointment_id, visit_ids) if visit_ids else sa.false(),
        sa.and_(messages.c.kind != MessageKind.ALERT, among(tx, messages.c.reply_id, written))
        if written
        else sa.false(),
    )
    found = sa.select(messages).where(mine).order_by(messages.c.id)
    held = tuple(map(read_message, tx.connection.execute(_held(tx, found))))
    tried = sa.select(attempts.c.token, attempts.c.address_hash).where(
        among(tx, attempts.c.message_id, [it.id for it in held])
    )
    rows = tx.connection.execute(tried).all() if held else []
    now = {address_hash(tx.vault, channel, to) for channel, to in addresses_of(patient)}
    return Belongings(
        visit_ids,
        held,
        written,
        tuple(row.token for row in rows),
        frozenset({*(row.address_hash for row in rows), *now}) - {_NOBODY},
    )


def _held(tx: Tx, found: sa.Select[Any]) -> sa.Select[Any]:
    return found.with_for_update(key_share=True) if tx.writing else found


def addresses_of(patient: Patient) -> Iterator[tuple[Channel, str]]:
    """Yield where a patient is reached."""
    for channel in (Channel.SMS, Channel.EMAIL):
        if address := patient.address(channel):
            yield channel, address


def keep_away(tx: Tx, patient: Patient, *, by: str, now: datetime) -> int:
    """Stop the addresses that no other patient of the clinic has; return how many are stopped for good."""
    alone = [
        (channel, to)
        for channel, to in addresses_of(patient)
        if patients_at(tx, patient.clinic, channel, to) == [patient.id]
    ]
    for channel, to in alone:
        record_stop(tx, patient.clinic, channel, to, source=Source.ERASED.value, by=by, now=now)
    return len(alone)


def empty(tx: Tx, patient: Patient, own: Belongings, *, by: str, now: datetime) -> None:
    """Empty a patient's rows, of which nothing waits to be sent, and note who did it. The caller commits."""
    _empty_stops(tx, patient, own.hashes)
    _empty_messages(tx, own)
    _empty_replies(tx, own.replies)
    _empty_notes(tx, patient.id, own.replies)
    nothing = tx.vault.seal("", of="patients.name")
    values: dict[str, Any] = dict.fromkeys(
        ("ref_sealed", "ref_hash", "phone_sealed", "phone_hash", "email_sealed", "email_hash", "language", "timezone")
    )
    values |= {"name_sealed": nothing, "name_hash": _NOBODY, "page_epoch": patients.c.page_epoch + 1}
    tx.connection.execute(sa.update(patients).where(patients.c.id == patient.id).values(**values, updated_at=now))
    drop_name_tokens(tx, [patient.id])
    drop_links(tx, patient.id, own.visits)
    tx.connection.execute(sa.update(consents).where(consents.c.patient_id == patient.id).values(wording_sealed=None))
    tx.connection.execute(sa.update(pauses).where(pauses.c.patient_id == patient.id).values(why_sealed=None))
    lifted = sa.update(pauses).where(pauses.c.patient_id == patient.id, pauses.c.lifted_at.is_(None))
    tx.connection.execute(lifted.values(lifted_at=now, lifted_by=by))
    if own.visits:
        _empty_visits(tx, own.visits)
    _note(tx, patient.id, by=by, now=now)


def _note(tx: Tx, patient_id: int, *, by: str, now: datetime) -> None:
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(erasures).values(patient_id=patient_id, at=now, by=by)
    tx.connection.execute(insert.on_conflict_do_nothing(index_elements=["patient_id"]))


def _empty_visits(tx: Tx, visits: Sequence[int]) -> None:
    """Take the notes, and the ids of the booking system, which lead to the person there."""
    tx.connection.execute(
        sa.update(adjustments).where(among(tx, adjustments.c.appointment_id, visits)).values(note_sealed=None)
    )
    named = appointments.c.external_id.is_not(None), among(tx, appointments.c.id, visits)
    # What people and files write is stripped: nobody can register anything under such an id.
    gone = sa.literal(" erased/") + sa.cast(appointments.c.id, sa.String)
    tx.connection.execute(sa.update(appointments).where(*named).values(external_id=gone))


def _empty_messages(tx: Tx, own: Belongings) -> None:
    ids = [it.id for it in own.messages]
    if not ids:
        return
    seal = tx.vault.seal
    tx.connection.execute(
        sa.update(attempts)
        .where(among(tx, attempts.c.message_id, ids))
        .values(
            address_sealed=seal("", of="attempts.address"),
            address_hash=_NOBODY,
            body_sealed=seal("", of="attempts.body"),
        )
    )
    mine = among(tx, messages.c.id, ids)
    nothing = ((messages.c.recipient_sealed, "recipient", ""), (messages.c.words_sealed, "words", NO_TEXT))
    for column, of, text in nothing:
        emptied = {column.name: seal(text, of=f"messages.{of}")}
        tx.connection.execute(sa.update(messages).where(mine, column.is_not(None)).values(emptied))
    if own.tokens:
        tx.connection.execute(sa.delete(outbox).where(among(tx, outbox.c.attempt, own.tokens)))


def _empty_replies(tx: Tx, ids: Sequence[int]) -> None:
    """Take what was said, and the texts that told staff of it: what they say is about the reply."""
    if not ids:
        return
    seal = tx.vault.seal
    tx.connection.execute(
        sa.update(replies)
        .where(among(tx, replies.c.id, ids))
        .values(
            sender_sealed=seal("", of="replies.sender"),
            sender_hash=_NOBODY,
            body_sealed=seal("", of="replies.body"),
            because_sealed=seal("[]", of="replies.because"),
        )
    )
    raised = sa.select(alerts.c.id).where(alerts.c.reply_id.is_not(None), among(tx, alerts.c.reply_id, ids))
    rings = sa.select(messages.c.id).where(messages.c.alert_id.is_not(None), messages.c.alert_id.in_(raised))
    of_rings = sa.select(attempts.c.token).where(attempts.c.message_id.in_(rings))
    tx.connection.execute(sa.delete(outbox).where(outbox.c.attempt.in_(of_rings)))
    tx.connection.execute(
        sa.update(attempts).where(attempts.c.message_id.in_(rings)).values(body_sealed=seal("", of="attempts.body"))
    )


def _empty_notes(tx: Tx, patient_id: int, reply_ids: Sequence[int]) -> None:
    """Take what staff noted on the replies and on the alerts about the patient."""
    about: list[sa.ColumnElement[bool]] = [alerts.c.subject == f"{OF_A_PATIENT}{patient_id}"]
    if reply_ids:
        about.append(sa.and_(alerts.c.reply_id.is_not(None), among(tx, alerts.c.reply_id, reply_ids)))
    mine: list[sa.ColumnElement[bool]] = [desk_notes.c.alert_id.in_(sa.select(alerts.c.id).where(sa.or_(*about)))]
    if reply_ids:
        mine.append(among(tx, desk_notes.c.reply_id, reply_ids))
    nothing = tx.vault.seal("", of="desk_notes.note")
    tx.connection.execute(sa.update(desk_notes).where(sa.or_(*mine)).values(note_sealed=nothing))


def _empty_stops(tx: Tx, patient: Patient, hashes: Collection[bytes]) -> None:
    """Leave of stops their keyed hashes; those of an address that another patient has stay as they are."""
    shared = sa.select(patients.c.id).where(
        patients.c.clinic == patient.clinic,
        patients.c.id != patient.id,
        sa.or_(patients.c.phone_hash == stops.c.address_hash, patients.c.email_hash == stops.c.address_hash),
    )
    mine = stops.c.clinic == patient.clinic, stops.c.address_hash.in_(sorted(hashes)), ~sa.exists(shared)
    tx.connection.execute(sa.update(stops).where(*mine).values(address_sealed=None, wording_sealed=None))


def _written(tx: Tx, patient: Patient) -> tuple[int, ...]:
    """Return what a patient wrote, and what came from a number that is the patient's alone."""
    theirs = [replies.c.patient_id == patient.id]
    phone = patient.phone
    if phone and patients_at(tx, patient.clinic, Channel.SMS, phone) == [patient.id]:
        unclear = sa.and_(replies.c.patient_id.is_(None), replies.c.clinic == patient.clinic)
        theirs.append(sa.and_(replies.c.sender_hash == address_hash(tx.vault, Channel.SMS, phone), unclear))
    found = sa.select(replies.c.id).where(sa.or_(*theirs)).order_by(replies.c.id)
    return tuple(tx.connection.execute(_held(tx, found)).scalars())


def ring_tokens(tx: Tx, reply_ids: Sequence[int]) -> tuple[str, ...]:
    """Return the hand-overs that told staff of these replies."""
    if not reply_ids:
        return ()
    raised = sa.select(alerts.c.id).where(alerts.c.reply_id.is_not(None), among(tx, alerts.c.reply_id, reply_ids))
    rings = sa.select(messages.c.id).where(messages.c.alert_id.is_not(None), messages.c.alert_id.in_(raised))
    return tuple(tx.connection.execute(sa.select(attempts.c.token).where(attempts.c.message_id.in_(rings))).scalars())


def open_alerts_of(tx: Tx, patient_id: int, reply_ids: Sequence[int]) -> tuple[int, ...]:
    """Return the alerts about a patient that nobody closed."""
    about: list[sa.ColumnElement[bool]] = [alerts.c.subject == f"{OF_A_PATIENT}{patient_id}"]
    if reply_ids:
        joined = sa.select(replies.c.alert_id).where(
            replies.c.alert_id.is_not(None), among(tx, replies.c.id, reply_ids)
        )
        of_replies = sa.and_(alerts.c.reply_id.is_not(None), among(tx, alerts.c.reply_id, reply_ids))
        about += [of_replies, alerts.c.id.in_(joined)]
    found = sa.select(alerts.c.id).where(alerts.c.closed_at.is_(None), sa.or_(*about)).order_by(alerts.c.id)
    return tuple(tx.connection.execute(found).scalars())


def unsent_of(own: Belongings) -> list[Message]:
    """Return what of a patient's messages is still to come."""
    return [it for it in own.messages if it.status in UNSENT]
