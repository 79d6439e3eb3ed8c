"""Requests that may come again: what was answered to them, sealed, until a day has passed."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.store.database import Tx
from scheduler.store.desk_tables import idempotency

_ANSWER = "idempotency.answer"


@dataclass(frozen=True, slots=True)
class Before:
    """A request that came before. `answer` is None while it is worked on, or where it broke off."""

    request_hash: bytes
    answer: str | None = field(repr=False)


def begin_request(tx: Tx, caller: str, key: bytes, request_hash: bytes, *, now: datetime) -> Before | None:
    """Note that a request is worked on; return the one that came before under that key, changing nothing then.

    The caller commits before it works: of two at once, one gets None.
    """
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    insert = dialect.insert(idempotency).on_conflict_do_nothing(index_elements=["caller", "key_hash"])
    values = {"caller": caller, "key_hash": key, "request_hash": request_hash, "at": now}
    if tx.connection.execute(insert.values(values).returning(idempotency.c.caller)).one_or_none():
        return None
    row = tx.connection.execute(sa.select(idempotency).where(*_of(caller, key))).one()
    return Before(row.request_hash, tx.vault.open_or_none(row.answer_sealed, of=_ANSWER))


def keep_answer(tx: Tx, caller: str, key: bytes, *, status: int, answer: str) -> None:
    """Keep what was answered. The caller commits."""
    values = {"status": status, "answer_sealed": tx.vault.seal(answer, of=_ANSWER)}
    tx.connection.execute(sa.update(idempotency).where(*_of(caller, key)).values(values))


def kept_answer(tx: Tx, caller: str, key: bytes, *, since: datetime) -> str | None:
    """Return what is kept under a key since then, None for nothing. Raises KeysError."""
    found = sa.select(idempotency.c.answer_sealed).where(*_of(caller, key), idempotency.c.at >= since)
    return tx.vault.open_or_none(tx.connection.execute(found).scalar_one_or_none(), of=_ANSWER)


def forget_request(tx: Tx, caller: str, key: bytes, *, before: datetime | None = None) -> None:
    """Let the key be used anew: nothing came of the request, or it came `before` then. The caller commits."""
    of_time = () if before is None else (idempotency.c.at < before,)
    tx.connection.execute(sa.delete(idempotency).where(*_of(caller, key), *of_time))


def _of(caller: str, key: bytes) -> tuple[sa.ColumnElement[bool], ...]:
    return idempotency.c.caller == caller, idempotency.c.key_hash == key
