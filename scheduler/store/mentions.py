"""Finds a patient in what may be about anybody: raw calls of providers, answers that were kept, files being imported.

Nothing but the words leads from these to a patient, so that each is opened and read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote_plus

import sqlalchemy as sa

from scheduler.errors import KeysError
from scheduler.store.batches import among
from scheduler.store.booking_tables import uploads
from scheduler.store.database import Tx
from scheduler.store.desk_tables import idempotency
from scheduler.store.tables import provider_events

PORTION = 2000
_SPACING = re.compile(r"[\s().\-]")
_LAST_DIGITS = 8
"""Of a phone number: however it is written, it ends so."""
_UPLOADED = ("name", "content", "report", "result")


@dataclass(frozen=True, slots=True)
class Traces:
    """What a patient is known by: addresses and tokens of hand-overs; in files also the name and the clinic's id."""

    addresses: frozenset[str] = field(repr=False)
    tokens: frozenset[str] = field(repr=False)
    names: frozenset[str] = field(repr=False)

    def in_call(self, text: str) -> bool:
        """Whether a provider's call is about a hand-over to the patient, or comes from there."""
        folded = unquote_plus(text).casefold()
        return any(it in folded for it in self._written) or any(it.casefold() in folded for it in self.tokens)

    def in_file(self, text: str) -> bool:
        """Whether a text that staff or a program sent has the patient in it, however the number is written."""
        folded = text.casefold()
        squeezed = _SPACING.sub("", folded)
        numbers = (it[-_LAST_DIGITS:] for it in self.addresses if it.startswith("+"))
        words = (it.casefold() for it in (*self.names, *self.addresses))
        return any(it in squeezed for it in numbers) or any(it in folded for it in words)

    @property
    def _written(self) -> tuple[str, ...]:
        return tuple(it.lstrip("+").casefold() for it in self.addresses)


@dataclass(frozen=True, slots=True)
class Found:
    """The calls with a patient in them, and the last that was looked at."""

    calls: tuple[int, ...] = ()
    last: int = 0


def find_calls(tx: Tx, traces: Traces, *, since: datetime, after: int = 0) -> Found:
    """Look through the calls since an instant (aware UTC) with an id above `after`, a portion in memory at a time.

    A million take some seconds: do it in a reading transaction, and in the writing one only for what came since.
    """
    calls: list[int] = []
    while rows := _portion(tx, since, after):
        found = (it for it in rows if traces.in_call(_opened(tx, it.payload_sealed, "provider_events.payload")))
        calls += [row.id for row in found]
        after = rows[-1].id
    return Found(tuple(calls), after)


def waits_among(tx: Tx, ids: Sequence[int], kind: str) -> bool:
    """Whether one of these calls, of that kind, was not handled yet."""
    waiting = sa.select(provider_events.c.id).where(
        provider_events.c.handled_at.is_(None), provider_events.c.kind == kind, among(tx, provider_events.c.id, ids)
    )
    return bool(ids) and tx.connection.execute(waiting.limit(1)).first() is not None


def empty_calls(tx: Tx, ids: Sequence[int], *, now: datetime) -> None:
    """Leave of these calls that and when they came. The caller commits."""
    if ids:
        nothing = tx.vault.seal("", of="provider_events.payload")
        emptied = sa.update(provider_events).where(among(tx, provider_events.c.id, ids))
        tx.connection.execute(emptied.values(payload_sealed=nothing))
        waiting = sa.update(provider_events).where(
            among(tx, provider_events.c.id, ids), provider_events.c.handled_at.is_(None)
        )
        tx.connection.execute(waiting.values(handled_at=now))


def drop_answers(tx: Tx, traces: Traces) -> int:
    """Forget the answers kept for repeated requests in which the patient is; return how many. The caller commits.

    Their keys stay used: the request, sent again, would register the patient anew.
    """
    found = tx.connection.execute(sa.select(idempotency).where(idempotency.c.answer_sealed.is_not(None))).all()
    gone = [it.id for it in found if traces.in_file(_opened(tx, it.answer_sealed, "idempotency.answer"))]
    if gone:
        emptied = sa.update(idempotency).where(among(tx, idempotency.c.id, gone))
        tx.connection.execute(emptied.values(answer_sealed=None, status=None))
    return len(gone)


def drop_uploads(tx: Tx, traces: Traces, clinic: str) -> int:
    """Forget a clinic's files with the patient in them that wait for their import; return how many."""
    found = tx.connection.execute(sa.select(uploads).where(uploads.c.clinic == clinic)).all()
    gone = [row.id for row in found if any(traces.in_file(text) for text in _texts(tx, row))]
    if gone:
        tx.connection.execute(sa.delete(uploads).where(among(tx, uploads.c.id, gone)))
    return len(gone)


def _portion(tx: Tx, since: datetime, after: int) -> Sequence[sa.Row[tuple[object, ...]]]:
    columns = (provider_events.c[name] for name in ("id", "payload_sealed"))
    found = sa.select(*columns).where(provider_events.c.id > after, provider_events.c.received_at >= since)
    return tx.connection.execute(found.order_by(provider_events.c.id).limit(PORTION)).all()


def _texts(tx: Tx, row: sa.Row[tuple[object, ...]]) -> list[str]:
    sealed = [(getattr(row, f"{name}_sealed"), f"uploads.{name}") for name in _UPLOADED]
    return [_opened(tx, value, of) for value, of in sealed if value is not None]


def _opened(tx: Tx, value: bytes, of: str) -> str:
    """Open a value; what the keys at hand don't open can't be searched, and nobody can read it."""
    try:
        return tx.vault.open_bytes(value, of=of).decode("utf-8", "replace")
    except KeysError:
        return ""
