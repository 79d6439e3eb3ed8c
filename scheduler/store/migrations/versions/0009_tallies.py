"""Daily tallies of deliveries, and the indexes by which messages are found by clinic and time."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")
STATUSES = (
    "scheduled", "claimed", "sending", "accepted", "delivered", "undelivered", "failed", "expired", "suppressed",
    "cancelled", "held", "unknown",
)  # fmt: skip
AMISS = sa.text("status IN ('undelivered', 'failed', 'expired', 'held', 'unknown')")


def upgrade() -> None:
    channel = sa.Enum("sms", "email", "webhook", name="channel", native_enum=False, create_constraint=True, length=16)
    status = sa.Enum(*STATUSES, name="status", native_enum=False, create_constraint=True, length=16)
    op.create_table(
        "tallies",
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("channel", channel, nullable=False),
        sa.Column("status", status, nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("detail", sa.String(120), nullable=False),
        sa.Column("within", sa.Integer, nullable=False),
        sa.Column("messages", sa.Integer, nullable=False),
        sa.Column("late", sa.Integer, nullable=False),
        sa.Column("segments", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("clinic", "day", "channel", "status", "reason", "detail", "within"),
    )
    op.create_table(
        "tallied_days",
        sa.Column("clinic", sa.String(64), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("counted_at", INSTANT, nullable=False),
        sa.Column("stale", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_index("ix_tallied_days_counted_at", "tallied_days", ["counted_at"])
    op.create_index("ix_messages_day", "messages", [sa.text("(clinic || '')"), "due_at"])
    for name, column in (("ix_messages_amiss_due", "due_at"), ("ix_messages_amiss_at", "updated_at")):
        op.create_index(name, "messages", ["clinic", column], sqlite_where=AMISS, postgresql_where=AMISS)
