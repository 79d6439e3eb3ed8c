"""What booking systems tell: their calls as they came, sealed, and the newest that is known of each booking."""

import sqlalchemy as sa

from scheduler.domain.booking_event import EventState, Told
from scheduler.store.columns import Instant, number, reference, sealed, word
from scheduler.store.metadata import metadata

IS_WAITING = sa.text("state = 'waiting'")
IS_REFUSED = sa.text("state = 'refused'")

# `booking` is the id there once the call was read, `appointment_id` the visit that it is about, `outcome` and the
# sealed `reason` what became of it, `why` the same as codes, in JSON. `try_at` is when it is worked on next while it
# waits.
booking_events = sa.Table(
    "booking_events",
    metadata,
    number(),
    sa.Column("unique_id", sa.String(255), nullable=False, unique=True),
    sa.Column("clinic", sa.String(64), nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sealed("payload_sealed", "booking_events.payload", nullable=False),
    word("state", EventState),
    sa.Column("try_at", Instant, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("booking", sa.String(255)),
    sa.Column("outcome", sa.String(16)),
    sealed("reason_sealed", "booking_events.reason"),
    sealed("why_sealed", "booking_events.why"),
    reference("appointment_id", "appointments", nullable=True),
    sa.Column("handled_at", Instant),
    sa.Index("ix_booking_events_waiting", "try_at", sqlite_where=IS_WAITING, postgresql_where=IS_WAITING),
    sa.Index("ix_booking_events_refused", "clinic", sqlite_where=IS_REFUSED, postgresql_where=IS_REFUSED),
    sa.Index(None, "received_at"),
    sqlite_autoincrement=True,
)

# One row for each id that a booking system ever gave to a booking. `told` and `as_of` are NULL for one that was only
# named; `replaces` is the id that the booking had before it was moved. Several may replace the same one.
bookings = sa.Table(
    "bookings",
    metadata,
    number(),
    sa.Column("clinic", sa.String(64), nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("booking", sa.String(255), nullable=False),
    word("told", Told, nullable=True),
    sa.Column("as_of", Instant),
    sa.Column("replaces", sa.String(255)),
    sa.UniqueConstraint("clinic", "source", "booking"),
    sa.Index(None, "clinic", "replaces"),
    sqlite_autoincrement=True,
)
