"""The daily tallies of deliveries, counted from `messages`: so that a chart reads hundreds of rows, not a million.

Whatever is in them can be counted again; nothing is decided by them.
"""

import sqlalchemy as sa

from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.store.columns import Instant, word
from scheduler.store.metadata import metadata

REASON_LENGTH = 32
DETAIL_LENGTH = 120

# `day` is the clinic's calendar day in which the messages were due; `within` the least of `store.tallies.SPANS`
# (seconds) that their hand-overs came within, 0 where there was none.
tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("clinic", sa.String(64), nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    word("channel", Channel),
    word("status", Status),
    sa.Column("reason", sa.String(REASON_LENGTH), nullable=False),
    sa.Column("detail", sa.String(DETAIL_LENGTH), nullable=False),
    sa.Column("within", sa.Integer, nullable=False),
    sa.Column("messages", sa.Integer, nullable=False),
    sa.Column("late", sa.Integer, nullable=False),
    sa.Column("segments", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("clinic", "day", "channel", "status", "reason", "detail", "within"),
)

# The days that are counted, those without a message too, and when they were counted last. `stale`: something happened
# to a message of that day since.
tallied_days = sa.Table(
    "tallied_days",
    metadata,
    sa.Column("clinic", sa.String(64), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("counted_at", Instant, nullable=False),
    sa.Column("stale", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index(None, "counted_at"),
)
