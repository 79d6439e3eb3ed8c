"""Calendars: those of booking systems that are read, what was in them, and people's links to what goes out."""

import sqlalchemy as sa

from scheduler.store.columns import Instant
from scheduler.store.metadata import metadata

# `next_at` is when it is read again: whoever moves it on reads it. `address_hash` tells whether the address was
# changed, then what the server said of the former one is void. `failing_since` NULL: the last reading went well.
feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("clinic", sa.String(64), primary_key=True),
    sa.Column("source", sa.String(64), primary_key=True),
    sa.Column("next_at", Instant, nullable=False),
    sa.Column("address_hash", sa.LargeBinary),
    sa.Column("etag", sa.String(255)),
    sa.Column("modified", sa.String(64)),
    sa.Column("read_at", Instant),
    sa.Column("failing_since", Instant),
    sa.Column("error", sa.String(32)),
)

# The newest that a calendar said of each entry: `said_hash` is a keyed hash of it, nothing of a patient is kept.
# `is_off`: it was told as called off; `missing_since`: it was in the calendar before, and is not now.
feed_entries = sa.Table(
    "feed_entries",
    metadata,
    sa.Column("clinic", sa.String(64), primary_key=True),
    sa.Column("source", sa.String(64), primary_key=True),
    sa.Column("external_id", sa.String(100), primary_key=True),
    sa.Column("said_hash", sa.LargeBinary, nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("changed_at", Instant),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("is_off", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("is_refused", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("missing_since", Instant),
    sa.Index(None, "clinic", "source", "starts_at"),
)

# A person's link to the calendar of what goes out. `number` counts them: a former one opens nothing.
agenda_links = sa.Table(
    "agenda_links",
    metadata,
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Column("ended_at", Instant),
)
