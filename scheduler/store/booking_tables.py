"""What booking keeps for a while: files between look and import, what can be undone, what was off before on."""

import sqlalchemy as sa

from scheduler.store.columns import Instant, number, sealed
from scheduler.store.metadata import metadata

# `report` is what a dry run said of each row, `result` what the import did; NULL until there is one.
uploads = sa.Table(
    "uploads",
    metadata,
    number(),
    sa.Column("clinic", sa.String(64), nullable=False),
    sa.Column("by", sa.String(128), nullable=False),
    sealed("name_sealed", "uploads.name", nullable=False),
    sealed("content_sealed", "uploads.content", nullable=False),
    sealed("report_sealed", "uploads.report", nullable=False),
    sealed("result_sealed", "uploads.result"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index(None, "expires_at"),
    sqlite_autoincrement=True,
)

# `what` is JSON: numbers of visits, statuses and instants, nothing of a patient.
undos = sa.Table(
    "undos",
    metadata,
    number(),
    sa.Column("clinic", sa.String(64), nullable=False),
    sa.Column("by", sa.String(128), nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("done_at", Instant),
    sa.Index(None, "expires_at"),
    sqlite_autoincrement=True,
)

# Bookings that were called off before anything else was heard of them: an older word must not register them.
# `person_hash` tells somebody else's booking of that id, and is too short to find anybody by; NULL: nobody was named.
never_registered = sa.Table(
    "never_registered",
    metadata,
    number(),
    sa.Column("clinic", sa.String(64), nullable=False),
    sa.Column("external_id", sa.String(255), nullable=False),
    sa.Column("said_at", Instant, nullable=False),
    sa.Column("person_hash", sa.LargeBinary),
    sa.UniqueConstraint("clinic", "external_id"),
    sa.Index(None, "said_at"),
    sqlite_autoincrement=True,
)
