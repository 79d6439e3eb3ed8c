"""An apply that was begun and has not come to its end: it is gone on with by the same words, or given up."""

import shlex
from collections.abc import Sequence
from datetime import datetime

from scheduler.errors import ConflictError
from scheduler.store.applies import Apply, give_up, unfinished_applies
from scheduler.store.database import Store, Tx

GIVE_UP = "aftercare apply --drop-unfinished"


def command_of(apply: Apply) -> str:
    """Return the command that goes on with an apply."""
    return shlex.join(("aftercare", "apply", *apply.words))


def story_of(apply: Apply) -> str:
    """Say in words who began an apply, when, and how far it came: a clause without a full stop."""
    count = apply.counts.get("in_flight", 0)
    follow = "1 appointment has followed it" if count == 1 else f"{count:,} appointments have followed it"
    return (
        f"`{command_of(apply)}`, begun by {apply.by} at {apply.at:%Y-%m-%d %H:%M} UTC, has not come to its end "
        f"({follow} so far)"
    )


def make_way(tx: Tx, plan_digest: str, words: Sequence[str] | None, *, now: datetime, by: str) -> None:
    """Let an apply begin, or go on: raise ConflictError where one of other words is not at its end.

    One of the same words, by files that were edited since, ends with this: all go on by the new ones. The caller
    holds the turn, and commits. `words` are None for a plan in a file, which is like no other.
    """
    for it in unfinished_applies(tx):
        if it.plan_digest == plan_digest:
            continue
        if words is None or it.words != tuple(words):
            raise ConflictError(
                f"{story_of(it)}: go on with it by the same words, or give it up with `{GIVE_UP}` "
                "(what it has done stays), then start this one"
            )
        give_up(tx, it.id, now=now, by=by)


def drop_unfinished(store: Store, *, now: datetime, by: str) -> tuple[Apply, ...]:
    """Give up what has not come to its end, and return it. What it has done stays. Blocks; commits.

    Raises ConflictError where an apply is at work.
    """
    with store.turn("apply") as mine:
        if not mine:
            raise ConflictError("an `aftercare apply` is at work: wait until it has finished, or stop it first")
        with store.write() as tx:
            left = unfinished_applies(tx)
            for it in left:
                give_up(tx, it.id, now=now, by=by)
            return left
