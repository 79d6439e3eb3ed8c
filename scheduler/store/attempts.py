"""The attempts: each hand-over of a message to a provider, recorded before the provider is called."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.errors import ErrorKind
from scheduler.store.batches import among, given
from scheduler.store.bulk import insert_rows
from scheduler.store.columns import Instant, instant_text
from scheduler.store.database import Tx
from scheduler.store.moves import Outcome
from scheduler.store.names import address_hash
from scheduler.store.tables import attempts, messages

_ADDRESS = "attempts.address"
_BODY = "attempts.body"
_OPENED = (
    *("token", "message_id", "owner", "started_at", "address_sealed", "address_hash", "body_sealed", "rehearsed"),
    "text_digest",
)


@dataclass(frozen=True, slots=True)
class Passenger:
    """A message that another is to speak for, as it was when that was decided; instants are aware UTC."""

    id: int
    planned_at: datetime


@dataclass(frozen=True, slots=True)
class Start:
    """A message that is about to be handed over: the attempt's unguessable token, and what goes where.

    `segments` is for SMS, `header_id` for email (its Message-ID; the first one given is kept for good). `rehearsed`:
    it goes into the outbox, and no provider is called. `text_digest` is that of the step's own text, under which it
    is approved. `speaks_for`: the messages of other visits that it says too.
    """

    message_id: int
    token: str
    channel: Channel
    address: str = field(repr=False)
    body: str = field(repr=False)
    language: str
    template_digest: str
    segments: int | None = None
    header_id: str | None = None
    rehearsed: bool = False
    text_digest: str | None = None
    speaks_for: tuple[Passenger, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One hand-over. `outcome` is where it moved its message, None while it goes on.

    `asked_at` is when the provider was asked about it first, without an answer that decides. `rehearsed`: no provider
    was called, and none knows of it. `text_digest` is None for what is older than approvals are.
    """

    token: str
    message_id: int
    owner: str
    started_at: datetime
    finished_at: datetime | None
    outcome: Status | None
    error_kind: ErrorKind | None
    error_code: str
    provider_id: str | None
    asked_at: datetime | None
    rehearsed: bool
    address: str = field(repr=False)
    body: str = field(repr=False)
    text_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider said of an attempt: where that leaves it, and its name for it."""

    outcome: Status
    provider_id: str
    error_kind: ErrorKind | None = None
    error_code: str = ""


def open_attempts(tx: Tx, starts: Sequence[Start], *, owner: str, now: datetime) -> None:
    """Record that these hand-overs are about to happen. The caller commits before it calls a provider."""
    if not starts:
        return
    vault, started_at = tx.vault, instant_text(now)
    rows = [
        (
            item.token,
            item.message_id,
            owner,
            started_at,
            vault.seal(item.address, of=_ADDRESS),
            address_hash(vault, item.channel, item.address),
            vault.seal(item.body, of=_BODY),
            item.rehearsed,
            item.text_digest,
        )
        for item in starts
    ]
    insert_rows(tx, "attempts", _OPENED, rows)


def drop_attempts(tx: Tx, tokens: Sequence[str]) -> None:
    """Forget hand-overs that do not happen, in the transaction that recorded them."""
    if tokens:
        tx.connection.execute(sa.delete(attempts).where(among(tx, attempts.c.token, tokens)))


def close_attempts(tx: Tx, outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Record how attempts ended, in one statement. An end that is known stays; `unknown` gives way to it."""
    records = [
        {
            "token": item.token,
            "outcome": item.move.to,
            "error_kind": item.error_kind,
            "error_code": item.error_code or None,
            "provider_id": item.provider_id,
        }
        for item in outcomes
    ]
    tx.connection.execute(_close_statement(tx.dialect), {"outcomes": records, "now": now})


def close_lost(tx: Tx, message_ids: Sequence[int], *, now: datetime) -> None:
    """Record that nobody knows how the latest attempts of these messages ended."""
    if not message_ids:
        return
    latest = sa.select(messages.c.attempt).where(among(tx, messages.c.id, message_ids))
    tx.connection.execute(
        sa.update(attempts)
        .where(attempts.c.token.in_(latest), attempts.c.outcome.is_(None))
        .values(finished_at=now, outcome=Status.UNKNOWN)
    )


def attempts_of(tx: Tx, message_id: int) -> tuple[Attempt, ...]:
    """Return all hand-overs of a message, oldest first, with the text as it was sent."""
    found = sa.select(attempts).where(attempts.c.message_id == message_id).order_by(attempts.c.id)
    return tuple(_attempt(tx, row) for row in tx.connection.execute(found))


def attempts_of_several(tx: Tx, message_ids: Collection[int]) -> Mapping[int, tuple[Attempt, ...]]:
    """Return the hand-overs of these messages in one query, oldest first; a message without any is left out."""
    found: dict[int, tuple[Attempt, ...]] = {}
    if message_ids:
        chosen = sa.select(attempts).where(among(tx, attempts.c.message_id, message_ids)).order_by(attempts.c.id)
        for row in tx.connection.execute(chosen):
            found[row.message_id] = (*found.get(row.message_id, ()), _attempt(tx, row))
    return found


def find_attempt(tx: Tx, token: str) -> Attempt | None:
    """Return the hand-over of that token, None for one that is not ours."""
    row = tx.connection.execute(sa.select(attempts).where(attempts.c.token == token)).one_or_none()
    return _attempt(tx, row) if row else None


def find_attempt_of(tx: Tx, provider_id: str) -> Attempt | None:
    """Return the hand-over that the provider calls so, None for one that is not ours."""
    found = sa.select(attempts).where(attempts.c.provider_id == provider_id).order_by(attempts.c.id).limit(1)
    row = tx.connection.execute(found).one_or_none()
    return _attempt(tx, row) if row else None


def stands_otherwise(tx: Tx, attempt: Attempt) -> bool:
    """Whether another hand-over of the same message was taken, or goes on."""
    other = sa.select(attempts.c.id).where(
        attempts.c.message_id == attempt.message_id,
        attempts.c.token != attempt.token,
        sa.or_(attempts.c.outcome.is_(None), attempts.c.outcome.in_([Status.ACCEPTED, Status.DELIVERED])),
    )
    return tx.connection.execute(other.limit(1)).first() is not None


def close_by_receipt(tx: Tx, token: str, told: Told, *, now: datetime) -> None:
    """Record what the provider said of an attempt, whatever was believed before. The caller commits."""
    tx.connection.execute(
        sa.update(attempts)
        .where(attempts.c.token == token)
        .values(
            finished_at=sa.func.coalesce(attempts.c.finished_at, sa.bindparam("ended_at", now, type_=Instant)),
            outcome=told.outcome,
            error_kind=told.error_kind,
            error_code=told.error_code or None,
            provider_id=sa.func.coalesce(attempts.c.provider_id, told.provider_id),
        )
    )


def _attempt(tx: Tx, row: sa.Row[Any]) -> Attempt:
    return Attempt(
        token=row.token,
        message_id=row.message_id,
        owner=row.owner,
        started_at=row.started_at,
        finished_at=row.finished_at,
        outcome=row.outcome,
        error_kind=row.error_kind,
        error_code=row.error_code or "",
        provider_id=row.provider_id,
        asked_at=row.asked_at,
        rehearsed=bool(row.rehearsed),
        address=tx.vault.open(row.address_sealed, of=_ADDRESS),
        body=tx.vault.open(row.body_sealed, of=_BODY),
        text_digest=row.text_digest,
    )


@cache
def _close_statement(dialect: str) -> sa.Update:
    columns = [attempts.c[name] for name in ("token", "outcome", "error_kind", "error_code", "provider_id")]
    ended = given(dialect, "outcomes", columns)
    still_open = sa.or_(attempts.c.outcome.is_(None), attempts.c.outcome == Status.UNKNOWN)
    return (
        sa.update(attempts)
        .where(attempts.c.token == ended.c.token, still_open)
        .values(
            finished_at=sa.bindparam("now", type_=Instant),
            outcome=ended.c.outcome,
            error_kind=ended.c.error_kind,
            error_code=ended.c.error_code,
            provider_id=sa.func.coalesce(ended.c.provider_id, attempts.c.provider_id),
        )
    )
