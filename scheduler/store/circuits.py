"""The circuits: which channels and senders are refused by their provider, for all engines on this database.

Whoever changes a circuit does it before taking messages; waking messages waits for none that another holds.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.circuit import Circuit, next_probe
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Brake, Status
from scheduler.errors import ErrorKind
from scheduler.store.database import Tx
from scheduler.store.pace_tables import circuits
from scheduler.store.tables import attempts, messages

_OPEN = circuits.c.closed_at.is_(None)
_MATCHES = sa.text("closed_at IS NULL")  # written out: so the database knows the partial index


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a channel (`sender` is "") or a sender is refused. `reported`: the provider said so only afterwards."""

    channel: Channel
    sender: str
    code: str
    error: str
    reported: bool = False


def open_circuits(tx: Tx) -> tuple[Circuit, ...]:
    """Return the circuits that are open, those of whole channels first."""
    found = sa.select(circuits).where(_OPEN).order_by(circuits.c.sender, circuits.c.channel)
    return tuple(_circuit(row) for row in tx.connection.execute(found))


def hold_circuits(tx: Tx) -> None:
    """Hold all circuits until the commit: nobody else opens or closes one; they can be read.

    Whoever opens or closes some holds them first, after the senders and before appointments and messages. SQLite has
    one writer at a time and needs none of it.
    """
    if tx.dialect == "postgresql":
        tx.connection.execute(sa.text("LOCK TABLE circuits IN SHARE ROW EXCLUSIVE MODE"))


def open_circuit(tx: Tx, fault: Fault, refused: Collection[int], *, now: datetime) -> bool:
    """Open a circuit for messages that were refused. Return whether it is new.

    One that is open stays so, with the new words; its trial is over where it is one of these. The caller commits.
    """
    same = (circuits.c.channel == fault.channel, circuits.c.sender == fault.sender)
    words = {"code": fault.code, "error": fault.error}
    tried = sa.case((circuits.c.trial.in_(list(refused)), None), else_=circuits.c.trial)
    again: dict[str, Any] = {**words, "trial": tried}
    if fault.reported:
        again["reported"] = True
    if tx.connection.execute(sa.update(circuits).where(_OPEN, *same).values(again)).rowcount:
        return False
    values = {
        "channel": fault.channel,
        "sender": fault.sender,
        **words,
        "opened_at": now,
        "probe_at": next_probe(0, now=now, reported=fault.reported),
        "reported": fault.reported,
    }
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    opened = dialect.insert(circuits).on_conflict_do_nothing(
        index_elements=["channel", "sender"], index_where=_MATCHES
    )
    return tx.connection.execute(opened.values(values).returning(circuits.c.id)).first() is not None


def take_probe(tx: Tx, circuit: Circuit, *, now: datetime) -> bool:
    """Take the turn of trying a circuit, and set the next; False where another engine has it. The caller commits."""
    taken = (
        sa.update(circuits)
        .where(circuits.c.id == circuit.id, _OPEN, circuits.c.probe_at == circuit.probe_at)
        .values(
            probes=circuit.probes + 1,
            probe_at=next_probe(circuit.probes + 1, now=now, reported=circuit.reported),
        )
    )
    return tx.connection.execute(taken).rowcount > 0


def note_refusal(tx: Tx, circuit: Circuit, *, code: str, error: str) -> None:
    """Note what a probe was told. The caller commits."""
    same = sa.update(circuits).where(circuits.c.id == circuit.id, _OPEN)
    tx.connection.execute(same.values(code=code, error=error))


def let_one_through(tx: Tx, circuit: Circuit, clinics: Collection[str], *, now: datetime) -> int | None:
    """Choose the one message of these clinics that goes out although the circuit is open, and wake it; None: no such.

    The least tried first, and where only a report tells, one that has another channel: it may be lost. The caller
    commits.
    """
    safest = (messages.c.fallback == "[]",) if circuit.reported else ()
    waiting = (
        _waiting(circuit.channel)
        .where(messages.c.clinic.in_(list(clinics)), messages.c.useful_until > now)
        .order_by(*safest, messages.c.tries, messages.c.due_at, messages.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    chosen = tx.connection.execute(waiting).scalar_one_or_none()
    if chosen is not None:
        tx.connection.execute(sa.update(messages).where(messages.c.id == chosen).values(try_at=now))
        tx.connection.execute(sa.update(circuits).where(circuits.c.id == circuit.id, _OPEN).values(trial=chosen))
    return chosen


def trial_stands(tx: Tx, circuit: Circuit) -> Status | None:
    """Return where the message stands that was let through last, None where none was."""
    found = sa.select(messages.c.status).join(circuits, circuits.c.trial == messages.c.id)
    return tx.connection.execute(found.where(circuits.c.id == circuit.id)).scalar_one_or_none()


def close_circuit(tx: Tx, circuit: Circuit, *, now: datetime) -> bool:
    """Close a circuit; False where it is closed already. The caller wakes what waits, and commits.

    One that was closed keeps its trial where that was what proved it.
    """
    closed = sa.update(circuits).where(circuits.c.id == circuit.id, _OPEN).values(closed_at=now)
    return tx.connection.execute(closed).rowcount > 0


def wake_waiting(tx: Tx, stopped: Mapping[Channel, Collection[str]], *, now: datetime) -> int:
    """Let messages be tried now that wait for a circuit, but those of clinics that are `stopped` on their channel.

    Return how many they are. Looks at one small index when none waits. The caller commits.
    """
    woken = 0
    for channel in Channel:
        chosen = (
            _waiting(channel)
            .where(messages.c.clinic.not_in(list(stopped.get(channel, ()))), messages.c.try_at > now)
            .with_for_update(skip_locked=True)
        )
        woken += tx.connection.execute(
            sa.update(messages).where(messages.c.id.in_(chosen)).values(try_at=now)
        ).rowcount
    return woken


def any_waits(tx: Tx) -> bool:
    """Whether a message waits for a circuit."""
    waiting = sa.select(messages.c.id).where(messages.c.brake == Brake.CIRCUIT, messages.c.status == Status.SCHEDULED)
    return tx.connection.execute(waiting.limit(1)).first() is not None


def proven_since_refused(tx: Tx, message_ids: Sequence[int], fault: Fault) -> frozenset[int]:
    """Return which of these messages were refused before another one proved that its circuit could be closed.

    What was proven to work and refuses such a message again is not at fault: the message is.
    """
    closed = (
        sa.select(sa.func.max(circuits.c.closed_at))
        .where(circuits.c.channel == fault.channel, circuits.c.sender == fault.sender, circuits.c.trial.is_not(None))
        .scalar_subquery()
    )
    refused = sa.select(attempts.c.message_id).where(
        attempts.c.message_id.in_(message_ids),
        attempts.c.error_kind == ErrorKind.CONFIGURATION,
        attempts.c.finished_at < closed,
    )
    return frozenset(tx.connection.execute(refused).scalars())


def begun_before_closed(tx: Tx, tokens: Sequence[str], fault: Fault) -> frozenset[int]:
    """Return the messages of those attempts that began before their circuit was last closed.

    How they end says nothing of what was mended since.
    """
    closed = last_closed(tx, fault.channel, fault.sender)
    if closed is None:
        return frozenset()
    begun = sa.select(attempts.c.message_id).where(attempts.c.token.in_(tokens), attempts.c.started_at < closed)
    return frozenset(tx.connection.execute(begun).scalars())


def last_closed(tx: Tx, channel: Channel, sender: str) -> datetime | None:
    """Return when that circuit was last closed."""
    closed = sa.select(sa.func.max(circuits.c.closed_at)).where(
        circuits.c.channel == channel, circuits.c.sender == sender
    )
    found: datetime | None = tx.connection.execute(closed).scalar_one()
    return found


def _waiting(channel: Channel) -> sa.Select[int]:
    return sa.select(messages.c.id).where(
        messages.c.brake == Brake.CIRCUIT, messages.c.status == Status.SCHEDULED, messages.c.channel == channel
    )


def _circuit(row: sa.Row[Any]) -> Circuit:
    return Circuit(
        id=row.id,
        channel=Channel(row.channel),
        sender=row.sender,
        code=row.code,
        error=row.error,
        opened_at=row.opened_at,
        probes=row.probes,
        probe_at=row.probe_at,
        reported=bool(row.reported),
        trial=row.trial,
    )
