"""The only writer of a message's status. Each change is a compare-and-set with an event row beside it.

A batch is a constant number of statements, however many messages it moves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from scheduler.domain.reasons import Reason
from scheduler.domain.states import Status, may_move
from scheduler.store.attempts import close_attempts
from scheduler.store.batches import among, given
from scheduler.store.columns import Instant
from scheduler.store.database import Tx
from scheduler.store.events import record_moves
from scheduler.store.moves import Move, Outcome, Shape, Way, event_record, records_by_shape, refuse_impossible
from scheduler.store.tables import messages


def move_all(tx: Tx, moves: Sequence[Move], *, now: datetime) -> list[int]:
    """Move messages; return the ids of those that moved, in the order of `moves`. The caller commits.

    A message that is no longer as expected stays as it is and is not in the answer. Raises ValueError for a way
    that the table does not have and for two moves of one message: both are programming errors.
    """
    if not moves:
        return []
    refuse_impossible(moves)
    lock_in_order(tx, [move.message_id for move in moves])
    moved: set[int] = set()
    for shape, records in records_by_shape(moves).items():
        result = tx.connection.execute(_move_statement(tx.dialect, shape), {"moves": records, "now": now})
        moved.update(result.scalars())
    done = [move for move in moves if move.message_id in moved]
    record_moves(tx, [event_record(m.message_id, m.way, by=m.by, reasons=m.reasons) for m in done], at=now)
    return [move.message_id for move in done]


def move_chosen(
    tx: Tx,
    chosen: sa.Select[int],
    way: Way,
    *,
    now: datetime,
    by: str,
    reasons: Sequence[Reason] = (),
    values: Mapping[str, Any] = MappingProxyType({}),
) -> list[int]:
    """Move the messages that `chosen` selects the ids of, all the same way, in one statement.

    Return their ids, those to be tried first first. `values` are further columns to set. The reasons go into the
    event; a message keeps its own.
    """
    if not may_move(way.start, way.cause, way.end):
        raise ValueError(f"there is no way {way}")
    ids = chosen.cte("chosen")
    freed = {} if way.end in (Status.CLAIMED, Status.SENDING) else {"lease_until": None, "claimed_by": None}
    statement = (
        sa.update(messages)
        .where(messages.c.id == ids.c.id, messages.c.status == way.start)
        .values({"status": way.end, "updated_at": now, "look_at": None, "brake": None, **freed, **values})
        .returning(messages.c.id, messages.c.try_at)
    )
    moved = sorted(tx.connection.execute(statement).all(), key=lambda row: (row.try_at, row.id))
    record_moves(tx, [event_record(row.id, way, by=by, reasons=reasons) for row in moved], at=now)
    return [row.id for row in moved]


def finish(tx: Tx, outcomes: Sequence[Outcome], *, now: datetime) -> list[int]:
    """Close attempts and move their messages on; return the ids of the messages that moved. The caller commits.

    A message moves only while the attempt is its latest. An outcome that comes too late (the lease was dead, the
    message is `unknown` or was begun again) is still kept with its attempt, and its message is not in the answer.
    """
    if not outcomes:
        return []
    moves = [replace(item.move, attempt=item.token, provider_id=item.provider_id) for item in outcomes]
    moved = move_all(tx, moves, now=now)
    close_attempts(tx, outcomes, now=now)
    return moved


def lock_in_order(tx: Tx, ids: Iterable[int]) -> None:
    """Take the messages' rows in one order for all, so that no two transactions wait for each other in a circle.

    SQLite has one writer at a time and needs none of it.
    """
    if tx.dialect == "postgresql":
        rows = sa.select(messages.c.id).where(among(tx, messages.c.id, ids)).order_by(messages.c.id)
        tx.connection.execute(rows.with_for_update(key_share=True))


@cache
def _move_statement(dialect: str, shape: Shape) -> sa.UpdateBase:
    guards = [sa.Column(name, sa.String(128)) for name in ("expected", "to", "owner_is", "attempt_is")]
    wished = given(dialect, "moves", [messages.c.id, *guards, *(messages.c[name] for name in shape.columns)])
    now = sa.bindparam("now", type_=Instant)
    conditions: list[sa.ColumnElement[bool]] = [
        messages.c.id == wished.c.id,
        sa.cast(messages.c.status, sa.String) == wished.c.expected,
    ]
    values: dict[str, Any] = {"status": wished.c.to, "updated_at": now, "look_at": None, "brake": None}
    if shape.owned:
        conditions += [messages.c.claimed_by == wished.c.owner_is]
    if shape.attempted:
        conditions += [messages.c.attempt == wished.c.attempt_is]
    if shape.begins:
        conditions += [messages.c.lease_until > now]
        values |= {"tries": messages.c.tries + 1}
    else:
        values |= {"lease_until": None, "claimed_by": None}
    values |= {name: wished.c[name] for name in shape.columns}
    if shape.begins:  # an email that is sent again keeps its first Message-ID
        values["header_id"] = sa.func.coalesce(messages.c.header_id, wished.c.header_id)
    return sa.update(messages).where(*conditions).values(values).returning(messages.c.id)
