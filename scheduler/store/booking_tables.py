"""What booking at the desk keeps for a while: files between look and import, and what can be undone."""

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
