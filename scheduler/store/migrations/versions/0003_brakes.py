"""Brakes: pauses, volumes, circuits, senders' turns, alerts, and what keeps a message back."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IS_HELD = sa.text("status = 'held'")
IS_UNKNOWN = sa.text("status = 'unknown'")
IS_BRAKED = sa.text("brake IS NOT NULL")
IN_FORCE = sa.text("lifted_at IS NULL")
IS_OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    _messages()
    _attempts()
    _pauses()
    op.create_table(
        "volumes",
        sa.Column("clinic", sa.String(64), primary_key=True),
        sa.Column("hour", INSTANT, primary_key=True),
        sa.Column("messages", sa.Integer, nullable=False),
    )
    _circuits()
    op.create_table(
        "senders",
        sa.Column("channel", sa.String(16), primary_key=True),
        sa.Column("sender", sa.String(255), primary_key=True),
        sa.Column("free_at", INSTANT, nullable=False),
        sa.Column("rests_until", INSTANT),
        sa.Column("written_at", INSTANT, nullable=False),
    )
    _alerts()


def _messages() -> None:
    op.add_column("messages", sa.Column("brake", sa.String(16)))
    op.add_column("messages", sa.Column("slot_at", INSTANT))
    op.add_column("messages", sa.Column("released_at", INSTANT))
    op.create_index("ix_messages_held", "messages", ["useful_until"], sqlite_where=IS_HELD, postgresql_where=IS_HELD)
    op.create_index(
        "ix_messages_unknown", "messages", ["updated_at"], sqlite_where=IS_UNKNOWN, postgresql_where=IS_UNKNOWN
    )
    op.create_index("ix_messages_brake", "messages", ["brake"], sqlite_where=IS_BRAKED, postgresql_where=IS_BRAKED)
    # Until now two things held messages: a late step that asks a person, and a doubt about the provider.
    op.execute(
        "UPDATE messages SET brake = CASE WHEN reasons LIKE '%late_held%' THEN 'late' ELSE 'doubt' END "
        "WHERE status = 'held'"
    )


def _attempts() -> None:
    op.add_column("attempts", sa.Column("rehearsed", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(
        "UPDATE attempts SET rehearsed = true "
        "WHERE provider_id LIKE 'rehearsal-%' OR token IN (SELECT attempt FROM outbox)"
    )


def _channel(name: str) -> sa.Enum:
    return sa.Enum("sms", "email", name=name, native_enum=False, create_constraint=True, length=16)


def _pauses() -> None:
    op.create_table(
        "pauses",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("clinic", sa.String(64)),
        sa.Column("channel", _channel("channel")),
        sa.Column("patient_id", NUMBER, sa.ForeignKey("patients.id")),
        sa.Column("why_sealed", sa.LargeBinary),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("lifted_at", INSTANT),
        sa.Column("lifted_by", sa.String(128)),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pauses_in_force", "pauses", ["id"], sqlite_where=IN_FORCE, postgresql_where=IN_FORCE)


def _circuits() -> None:
    op.create_table(
        "circuits",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("channel", _channel("channel"), nullable=False),
        sa.Column("sender", sa.String(255), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("probes", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("probe_at", INSTANT, nullable=False),
        sa.Column("reported", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("trial", NUMBER),
        sa.Column("closed_at", INSTANT),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_circuits_open",
        "circuits",
        ["channel", "sender"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("clinic", sa.String(64)),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_alerts_open", "alerts", ["kind", "subject"], unique=True, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN
    )
