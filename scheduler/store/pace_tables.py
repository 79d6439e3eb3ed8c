"""The tables of pace: how much went out, what is broken at a provider, when each sender is free again."""

import sqlalchemy as sa

from scheduler.domain.protocol import Channel
from scheduler.store.columns import WORD_LENGTH, Instant, Number, number, word
from scheduler.store.metadata import metadata

_IS_OPEN = sa.text("closed_at IS NULL")

# How much was handed over in each clock hour (UTC): what is usual for a clinic, and what is not.
volumes = sa.Table(
    "volumes",
    metadata,
    sa.Column("clinic", sa.String(64), primary_key=True),
    sa.Column("hour", Instant, primary_key=True),
    sa.Column("messages", sa.Integer, nullable=False),
)

circuits = sa.Table(
    "circuits",
    metadata,
    number(),
    word("channel", Channel),
    sa.Column("sender", sa.String(255), nullable=False),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("probes", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("probe_at", Instant, nullable=False),
    sa.Column("reported", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("trial", Number),
    sa.Column("closed_at", Instant),
    sa.Index("uq_circuits_open", "channel", "sender", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
    sqlite_autoincrement=True,
)

# When each sender is free for the next segment, until when turns given out no longer count, when that was written.
senders = sa.Table(
    "senders",
    metadata,
    sa.Column("channel", sa.String(WORD_LENGTH), primary_key=True),
    sa.Column("sender", sa.String(255), primary_key=True),
    sa.Column("free_at", Instant, nullable=False),
    sa.Column("rests_until", Instant),
    sa.Column("written_at", Instant, nullable=False),
)
