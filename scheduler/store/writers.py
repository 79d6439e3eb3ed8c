"""What is known of a number that writes to us: whose it is, what went there, what came from it lately."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.domain.states import IN_HAND
from scheduler.domain.triage import Triage
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.store.database import Tx
from scheduler.store.names import phone_hash
from scheduler.store.tables import alerts, attempts, messages, patients, replies

log = get_logger(__name__)

WRONG_NUMBER_ANSWER = "answer_wrong_number"
URGENT_ANSWER = "answer_urgent"
_WORSE = (Triage.URGENT, Triage.CONCERN)
_MOST = 100
"""Texts that are looked at, at most."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A patient whose number it is."""

    id: int
    clinic: str
    language: str | None


@dataclass(frozen=True, slots=True)
class Lately:
    """What came from a number since an instant, and what that led to. `bodies` are personal data.

    `bodies`, `waits` and `worse_on` are of what was meant for the same clinic. `alerts` counts the replies that
    raised an alert, or joined one; `worse_on` are the questions that something bad was said to, None for none.
    """

    bodies: tuple[str, ...]
    answers: int
    alerts: int
    waits: bool
    told_wrong: bool
    told_urgent: bool
    worse_on: frozenset[int | None] = frozenset()


def hold_number(tx: Tx, number: str) -> None:
    """Let replies of one number be worked on one after the other, until the commit. Take it before any patient."""
    if tx.dialect == "postgresql":  # SQLite has one writer at a time and needs none of it
        turn = int.from_bytes(tx.vault.lookup(number, of="writer")[:8], signed=True)
        tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(turn)))


def owners_of(tx: Tx, number: str, clinics: Collection[str]) -> tuple[Owner, ...]:
    """Return the patients of these clinics who have that number, the oldest first. Nothing of them is opened."""
    found = (
        sa.select(patients.c.id, patients.c.clinic, patients.c.language)
        .where(patients.c.phone_hash == phone_hash(tx.vault, number), patients.c.clinic.in_(clinics))
        .order_by(patients.c.id)
    )
    return tuple(Owner(row.id, row.clinic, row.language) for row in tx.connection.execute(found))


def last_writer_to(tx: Tx, number: str, clinics: Collection[str]) -> str | None:
    """Return which of these clinics last had a patient's text handed over to that number, None for none."""
    found = (
        sa.select(messages.c.clinic)
        .join(attempts, attempts.c.message_id == messages.c.id)
        .where(
            attempts.c.address_hash == phone_hash(tx.vault, number),
            messages.c.kind != MessageKind.ALERT,
            messages.c.clinic.in_(clinics),
        )
        .order_by(attempts.c.id.desc())
        .limit(1)
    )
    return tx.connection.execute(found).scalar_one_or_none()


def writers_to(tx: Tx, number: str, clinics: Collection[str], *, since: datetime) -> tuple[str, ...]:
    """Return which of these clinics had a patient's text handed over to that number since then, the last first."""
    found = (
        sa.select(messages.c.clinic)
        .join(attempts, attempts.c.message_id == messages.c.id)
        .where(
            attempts.c.address_hash == phone_hash(tx.vault, number),
            attempts.c.started_at >= since,
            messages.c.kind != MessageKind.ALERT,
            messages.c.clinic.in_(clinics),
        )
        .group_by(messages.c.clinic)
        .order_by(sa.func.max(attempts.c.id).desc())
    )
    return tuple(tx.connection.execute(found).scalars())


def open_question(tx: Tx, patient_id: int, *, since: datetime, until: datetime) -> int | None:
    """Return the message that last asked that patient something and was handed over between `since` and `until`."""
    found = (
        sa.select(messages.c.id)
        .join(attempts, attempts.c.token == messages.c.attempt)
        .where(
            messages.c.patient_id == patient_id,
            messages.c.ask.is_not(None),
            messages.c.status.in_(IN_HAND),
            attempts.c.started_at >= since,
            attempts.c.started_at <= until,
        )
        .order_by(attempts.c.started_at.desc(), messages.c.id.desc())
        .limit(1)
    )
    return tx.connection.execute(found).scalar_one_or_none()


def lately(tx: Tx, number: str, clinic: str | None, *, since: datetime) -> Lately:
    """Return what came from a number since then, and what it led to; `clinic` is whom it means now, if known.

    Whether an alert about it waits, or it was told that it gets nothing more, is said whenever that was.
    """
    sender = phone_hash(tx.vault, number)
    own = sa.select(replies.c.id).where(replies.c.sender_hash == sender)
    recent = own.where(replies.c.received_at >= since)
    here = replies.c.clinic.is_not_distinct_from(clinic)
    answers = (messages.c.reply_id.in_(own), messages.c.kind == MessageKind.ANSWER, messages.c.created_at >= since)
    answered = sa.select(sa.func.count()).where(*answers)
    urgent = sa.exists().where(*answers, messages.c.step == URGENT_ANSWER)
    raised = sa.select(sa.func.count()).where(alerts.c.reply_id.in_(own), alerts.c.opened_at >= since)
    joined = sa.select(sa.func.count()).where(replies.c.id.in_(recent), replies.c.alert_id.is_not(None))
    alerted = raised.scalar_subquery() + joined.scalar_subquery()
    waits = sa.exists().where(alerts.c.reply_id.in_(own.where(here)), alerts.c.closed_at.is_(None))
    told = sa.exists().where(messages.c.reply_id.in_(own), messages.c.step == WRONG_NUMBER_ANSWER)
    found = sa.select(answered.scalar_subquery(), alerted, waits, told, urgent)
    row = tx.connection.execute(found).one()
    of_clinic = sa.and_(replies.c.id.in_(recent), here)
    bodies = sa.select(replies.c.body_sealed).where(of_clinic).order_by(replies.c.id.desc())
    worse = sa.select(replies.c.message_id).where(of_clinic, replies.c.triage.in_(_WORSE))
    return Lately(
        tuple(_opened(tx, bodies, "replies.body")),
        answers=row[0],
        alerts=row[1],
        waits=bool(row[2]),
        told_wrong=bool(row[3]),
        told_urgent=bool(row[4]),
        worse_on=frozenset(tx.connection.execute(worse).scalars()),
    )


def texts_to(tx: Tx, number: str, *, since: datetime) -> tuple[str, ...]:
    """Return our texts that were handed over for that number since then."""
    found = (
        sa.select(attempts.c.body_sealed)
        .join(messages, messages.c.id == attempts.c.message_id)
        .where(
            attempts.c.address_hash == phone_hash(tx.vault, number),
            attempts.c.started_at >= since,
            messages.c.channel == Channel.SMS,
        )
        .order_by(attempts.c.id.desc())
    )
    return tuple(_opened(tx, found, "attempts.body"))


def _opened(tx: Tx, found: sa.Select[Any], of: str) -> Iterator[str]:
    """Yield the texts that can be opened: one that is broken hinders no reply."""
    for (sealed,) in tx.connection.execute(found.limit(_MOST)):
        try:
            yield tx.vault.open(sealed, of=of)
        except KeysError as error:
            log.warning("text.unreadable", reason=str(error))
