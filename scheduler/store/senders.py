"""The senders' turns: when each is free for its next segment, for all engines on this database."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from scheduler.domain.pacing import CLOCKS_DIFFER, Standing
from scheduler.domain.protocol import Channel
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.pace_tables import senders


def standings(tx: Tx, channel: Channel, names: Mapping[str, bool], *, now: datetime) -> dict[str, Standing]:
    """Return where the senders stand that have a rate, or must rest. Nobody else takes their turns until the commit.

    `names` says of each whether it has a rate: such a sender is made known, so that two engines that meet it first
    wait for each other too.
    """
    paced = sorted(name for name, has_rate in names.items() if has_rate)
    found = _held(tx, channel, names, paced, now)
    new = [name for name in paced if name not in found]
    if new:
        dialect = sqlite if tx.dialect == "sqlite" else postgresql
        rows = [{"channel": channel, "sender": name, "free_at": now, "written_at": now} for name in new]
        tx.connection.execute(dialect.insert(senders).on_conflict_do_nothing(), rows)
        found = _held(tx, channel, names, paced, now)
    return found


def _held(tx: Tx, channel: Channel, names: Iterable[str], paced: Iterable[str], now: datetime) -> dict[str, Standing]:
    known = sa.select(senders).where(
        senders.c.channel == channel,
        among(tx, senders.c.sender, names),
        sa.or_(among(tx, senders.c.sender, paced), senders.c.free_at > now),
    )
    # In the order in which Python sorts them: whoever takes several takes them in that one.
    order = senders.c.sender.collate("C") if tx.dialect == "postgresql" else senders.c.sender
    rows = tx.connection.execute(known.order_by(order).with_for_update())
    return {row.sender: Standing(row.free_at, row.rests_until, row.written_at).trusted(now) for row in rows}


def set_free_at(tx: Tx, channel: Channel, free: Mapping[str, datetime], *, now: datetime) -> None:
    """Store what the turns that were given out have come to. The caller holds these senders, and commits."""
    for name, instant in sorted(free.items()):
        same = (senders.c.channel == channel, senders.c.sender == name)
        tx.connection.execute(sa.update(senders).where(*same).values(free_at=instant, written_at=now))


def hold_until(tx: Tx, channel: Channel, sender: str, until: datetime, *, now: datetime) -> None:
    """Let a sender be free no sooner than that, whether it has a rate or not; turns before that no longer count.

    Whoever holds several back does it in the order of their names. The caller commits.
    """
    dialect = sqlite if tx.dialect == "sqlite" else postgresql
    row = {"channel": channel, "sender": sender, "free_at": until, "rests_until": until, "written_at": now}
    insert = dialect.insert(senders).values(row)
    trusted = senders.c.written_at <= now + CLOCKS_DIFFER
    later = {
        name: sa.case(
            (sa.and_(trusted, senders.c[name] > insert.excluded[name]), senders.c[name]), else_=insert.excluded[name]
        )
        for name in ("free_at", "rests_until")
    }
    known = insert.on_conflict_do_update(index_elements=["channel", "sender"], set_={**later, "written_at": now})
    tx.connection.execute(known)
