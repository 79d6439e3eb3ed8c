"""Calendars: those of booking systems that are read, what was in them, and people's links to what goes out."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("clinic", sa.String(64), primary_key=True),
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("address_hash", sa.LargeBinary),
        sa.Column("etag", sa.String(255)),
        sa.Column("modified", sa.String(64)),
        sa.Column("read_at", INSTANT),
        sa.Column("failing_since", INSTANT),
        sa.Column("error", sa.String(32)),
    )
    op.create_table(
        "feed_entries",
        sa.Column("clinic", sa.String(64), primary_key=True),
        sa.Column("source", sa.String(64), primary_key=True),
        sa.Column("external_id", sa.String(100), primary_key=True),
        sa.Column("said_hash", sa.LargeBinary, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("changed_at", INSTANT),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("is_off", sa.Boolean(), nullable=False),
        sa.Column("is_refused", sa.Boolean(), nullable=False),
        sa.Column("missing_since", INSTANT),
    )
    op.create_index("ix_feed_entries_clinic_source_starts_at", "feed_entries", ["clinic", "source", "starts_at"])
    op.create_table(
        "agenda_links",
        sa.Column(
            "user_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.ForeignKey("users.id"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.Column("ended_at", INSTANT),
    )
