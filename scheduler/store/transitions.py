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
from scheduler.store.fetching import fetch, raw
from scheduler.store.moves import Move, Outcome, Shape, Way, records_by_shape, refuse_impossible, stories
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
        moved.update(_moved(tx, shape, records, now))
    done = moves if len(moved) == len(moves) else [move for move in moves if move.message_id in moved]
    record_moves(tx, stories(done), at=now)
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
    if tx.dialect == "sqlite":  # nobody else writes until the commit: what is found now is there to be moved
        found = [row.id for row in fetch(tx, chosen.where(messages.c.status == way.start))]
        if not found:
            return []
        which = among(tx, messages.c.id, found)
    else:
        ids = chosen.cte("chosen")
        which = sa.and_(messages.c.id == ids.c.id, messages.c.status == way.start)
    freed = {} if way.end in (Status.CLAIMED, Status.SENDING) else {"lease_until": None, "claimed_by": None}
    statement = (
        sa.update(messages)
        .where(which)
        .values({"status": way.end, "updated_at": now, "look_at": None, "brake": None, **freed, **values})
    )
    if tx.dialect == "sqlite":
        tx.connection.execute(statement)
        moved = found
    else:
        rows = tx.connection.execute(statement.returning(*raw([messages.c.try_at, messages.c.id])))
        moved = [message_id for _, message_id in sorted(rows)]
    if moved:
        record_moves(tx, {(way.cause, way.start, way.end, tuple(reasons), by): moved}, at=now)
    return moved


def finish(tx: Tx, outcomes: Sequence[Outcome], *, now: datetime) -> list[int]:
    """Close attempts and move their messages on; return the ids of the messages that moved. The caller commits.

    A message moves only while the attempt is its latest. An outcome that comes too late (the lease was dead, the
    message is `unknown` or was begun again) is still kept with its attempt, and its message is not in the answer.
    """
    if not outcomes:
        return []
    moves = [_closing(item) for item in outcomes]
    moved = move_all(tx, moves, now=now)
    close_attempts(tx, outcomes, now=now)
    return moved


def _closing(outcome: Outcome) -> Move:
    """Return an outcome's move, guarded by its attempt."""
    move = outcome.move
    if (move.attempt, move.provider_id) == (outcome.token, outcome.provider_id):
        return move
    return replace(move, attempt=outcome.token, provider_id=outcome.provider_id)


def lock_in_order(tx: Tx, ids: Iterable[int]) -> None:
    """Take the messages' rows in one order for all, so that no two transactions wait for each other in a circle.

    SQLite has one writer at a time and needs none of it.
    """
    if tx.dialect == "postgresql":
        rows = sa.select(messages.c.id).where(among(tx, messages.c.id, ids)).order_by(messages.c.id)
        tx.connection.execute(rows.with_for_update(key_share=True))


def _moved(tx: Tx, shape: Shape, records: Sequence[Mapping[str, Any]], now: datetime) -> Iterable[int]:
    """Move messages by one statement; return the ids of those that moved."""
    statement, values = _move_statement(tx.dialect, shape), {"moves": records, "now": now}
    if tx.dialect == "sqlite":
        # As a rule all of them move, and reading them back row by row costs more than moving them: see `fetching`.
        whole = tx.connection.begin_nested()
        if tx.connection.execute(statement, values).rowcount == len(records):
            whole.commit()
            return [record["id"] for record in records]
        whole.rollback()
    return tx.connection.execute(statement.returning(messages.c.id), values).scalars()


@cache
def _move_statement(dialect: str, shape: Shape) -> sa.Update:
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
    return sa.update(messages).where(*conditions).values(values)
