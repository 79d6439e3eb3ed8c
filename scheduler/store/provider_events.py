"""What providers told us, raw and sealed, each once, before anything is done about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.tables import provider_events

_PAYLOAD = "provider_events.payload"


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One call of a provider; `kind` is what it is about ("status", "inbound")."""

    id: int
    unique_id: str
    provider: str
    kind: str
    received_at: datetime
    payload: str = field(repr=False)


def add_provider_event(
    tx: Tx, *, unique_id: str, provider: str, kind: str, payload: str, now: datetime
) -> int | None:
    """Store a provider's call under its unique id and return the event's id; None when it is there already.

    The caller commits before it answers 2xx.
    """
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(provider_events).on_conflict_do_nothing(index_elements=["unique_id"])
    values = {
        "unique_id": unique_id,
        "provider": provider,
        "kind": kind,
        "payload_sealed": tx.vault.seal(payload, of=_PAYLOAD),
        "received_at": now,
    }
    return tx.connection.execute(insert.values(values).returning(provider_events.c.id)).scalar_one_or_none()


def unhandled_events(tx: Tx, *, limit: int) -> tuple[ProviderEvent, ...]:
    """Return the oldest events that nothing was done about yet, opened."""
    found = (
        sa.select(provider_events)
        .where(provider_events.c.handled_at.is_(None))
        .order_by(provider_events.c.id)
        .limit(limit)
    )
    rows = tx.connection.execute(found.with_for_update(skip_locked=True) if tx.writing else found)
    return tuple(_event(tx, row) for row in rows)


def first_unhandled(tx: Tx, *, kind: str) -> int | None:
    """Return the oldest event of a kind that nothing was done about yet, and that nobody else works on."""
    found = (
        sa.select(provider_events.c.id)
        .where(provider_events.c.handled_at.is_(None), provider_events.c.kind == kind)
        .order_by(provider_events.c.id)
        .limit(1)
    )
    return tx.connection.execute(found.with_for_update(skip_locked=True)).scalar_one_or_none()


def next_in_turn(tx: Tx, *, kind: str) -> int | None:
    """Return the oldest event of a kind that nothing was done about yet; whoever else asks waits for the commit.

    So the events of a kind are handled in the order in which they came, however many processes do it. Ask before
    anything else is locked.
    """
    if tx.dialect == "postgresql":  # SQLite has one writer at a time and needs none of it
        tx.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"provider_events.{kind}"))))
    found = sa.select(provider_events.c.id).where(
        provider_events.c.handled_at.is_(None), provider_events.c.kind == kind
    )
    return tx.connection.execute(found.order_by(provider_events.c.id).limit(1)).scalar_one_or_none()


def any_unhandled(tx: Tx, *, kind: str) -> bool:
    """Whether there are events of a kind that nothing was done about yet."""
    found = sa.select(provider_events.c.id).where(
        provider_events.c.handled_at.is_(None), provider_events.c.kind == kind
    )
    return tx.connection.execute(found.limit(1)).first() is not None


def open_event(tx: Tx, event_id: int) -> ProviderEvent:
    """Return an event that is there. Raises KeysError when it can't be opened."""
    return _event(tx, tx.connection.execute(sa.select(provider_events).where(provider_events.c.id == event_id)).one())


def mark_handled(tx: Tx, ids: Sequence[int], *, now: datetime) -> None:
    """Note that these events were dealt with, in the transaction that did it."""
    handled = sa.update(provider_events).where(among(tx, provider_events.c.id, ids))
    tx.connection.execute(handled.values(handled_at=now))


def _event(tx: Tx, row: sa.Row[Any]) -> ProviderEvent:
    payload = tx.vault.open(row.payload_sealed, of=_PAYLOAD)
    return ProviderEvent(row.id, row.unique_id, row.provider, row.kind, row.received_at, payload)
