"""The tables of schedules as code: versions of protocols, exceptions, what was applied, what spoke for what."""

import sqlalchemy as sa

from scheduler.domain.adjustment import AdjustmentKind
from scheduler.store.columns import Instant, Number, number, reference, sealed, word
from scheduler.store.metadata import metadata

_IN_FORCE = sa.text("lifted_at IS NULL")


# What a protocol meant when an appointment was planned by it: content is the file's form as JSON. Never changed.
versions = sa.Table(
    "versions",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("treatment", sa.String(64), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("first_at", Instant, nullable=False),
)

adjustments = sa.Table(
    "adjustments",
    metadata,
    number(),
    reference("appointment_id", "appointments"),
    sa.Column("step", sa.String(64), nullable=False),
    word("kind", AdjustmentKind),
    sa.Column("at", Instant),
    sealed("note_sealed", "adjustments.note"),
    sa.Column("by", sa.String(128), nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("lifted_at", Instant),
    sa.Column("lifted_by", sa.String(128)),
    sa.CheckConstraint("(kind = 'move') = (at IS NOT NULL)", name="moved"),
    sa.Index(
        "uq_adjustments_in_force",
        "appointment_id",
        "step",
        unique=True,
        sqlite_where=_IN_FORCE,
        postgresql_where=_IN_FORCE,
    ),
    sa.Index(None, "appointment_id"),
    sqlite_autoincrement=True,
)

# One row for each edit of the files that was carried out; `done_through` is the last appointment that has it.
applies = sa.Table(
    "applies",
    metadata,
    number(),
    sa.Column("plan_digest", sa.String(64), nullable=False),
    sa.Column("by", sa.String(128), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("done_through", Number, nullable=False, server_default=sa.text("0")),
    sa.Column("finished_at", Instant),
    sa.Column("edits", sa.Text, nullable=False),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("given_up_by", sa.String(128)),
    sa.UniqueConstraint("plan_digest"),
    sqlite_autoincrement=True,
)

# For which other messages a hand-over spoke too.
merges = sa.Table(
    "merges",
    metadata,
    sa.Column("attempt", sa.String(64), primary_key=True),
    sa.Column("message_id", Number, sa.ForeignKey("messages.id"), primary_key=True),
    sa.Index(None, "message_id"),
)
