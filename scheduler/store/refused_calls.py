"""The last call of a provider that was refused for its signature: so a wrong public address is found out."""

import json
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.store.columns import instant_text, read_instant
from scheduler.store.database import Tx
from scheduler.store.tables import meta, provider_events

_NAME = "refused/"


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A call of `provider` at `at` (aware UTC): `why`, and the address that its signature was checked against."""

    provider: str
    at: datetime
    why: str
    expected: str


def keep_refused(tx: Tx, call: RefusedCall) -> None:
    """Keep a refused call in place of the last one. `expected` is without its query. The caller commits."""
    told = json.dumps({"at": instant_text(call.at), "why": call.why, "expected": call.expected})
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(meta).values(name=_NAME + call.provider, value=told.encode())
    tx.connection.execute(
        insert.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": insert.excluded.value})
    )


def last_refused(tx: Tx, provider: str) -> RefusedCall | None:
    """Return the last call of a provider that was refused, whatever came since."""
    value = tx.connection.scalar(sa.select(meta.c.value).where(meta.c.name == _NAME + provider))
    if value is None:
        return None
    told = json.loads(value)
    return RefusedCall(provider, read_instant(told["at"]), told["why"], told["expected"])


def refused_since_taken(tx: Tx, provider: str) -> RefusedCall | None:
    """Return the last call of a provider that was refused; None where one was taken in since then."""
    call = last_refused(tx, provider)
    if call is None:
        return None
    of_provider = sa.select(provider_events.c.received_at).where(provider_events.c.provider == provider)
    taken_at = tx.connection.scalar(of_provider.order_by(provider_events.c.id.desc()).limit(1))
    return None if taken_at and taken_at >= call.at else call
