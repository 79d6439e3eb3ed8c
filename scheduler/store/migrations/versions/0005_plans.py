"""Versions of protocols, exceptions for one visit, what was applied, messages that spoke for others."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")
CAUSES = (
    "claim", "release", "begin", "accept", "retry", "refuse", "lose", "settle", "receipt", "decide",
    "replan", "cancel", "resume",
    "registered", "rescheduled", "booked", "completed", "cancelled", "no_show", "heard", "links_revoked",
    "adjusted", "applied",
    "received", "handled",
    "raised", "rung", "missed", "joined", "taken", "closed",
)  # fmt: skip
CAUSE = f"cause IN ({', '.join(repr(cause) for cause in CAUSES)})"


def upgrade() -> None:
    _versions()
    _adjustments()
    _applies()
    _merges()
    op.add_column("appointments", sa.Column("protocol_digest", sa.String(64)))
    op.add_column("appointments", sa.Column("pins", sa.Text))
    unversioned = sa.text("protocol_digest IS NULL")
    op.create_index(
        "ix_appointments_unversioned",
        "appointments",
        ["starts_at"],
        sqlite_where=unversioned,
        postgresql_where=unversioned,
    )
    op.add_column("attempts", sa.Column("text_digest", sa.String(64)))
    if op.get_bind().dialect.name == "sqlite":
        _allow_causes_on_sqlite()
    else:
        op.execute("ALTER TABLE events DROP CONSTRAINT ck_events_cause")
        op.execute(f"ALTER TABLE events ADD CONSTRAINT ck_events_cause CHECK ({CAUSE})")


def _versions() -> None:
    op.create_table(
        "versions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("treatment", sa.String(64), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("first_at", INSTANT, nullable=False),
    )


def _adjustments() -> None:
    kind = sa.Enum("skip", "move", "note", name="kind", native_enum=False, create_constraint=True, length=16)
    in_force = sa.text("lifted_at IS NULL")
    op.create_table(
        "adjustments",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("appointment_id", NUMBER, sa.ForeignKey("appointments.id"), nullable=False),
        sa.Column("step", sa.String(64), nullable=False),
        sa.Column("kind", kind, nullable=False),
        sa.Column("at", INSTANT),
        sa.Column("note_sealed", sa.LargeBinary),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("lifted_at", INSTANT),
        sa.Column("lifted_by", sa.String(128)),
        sa.CheckConstraint("(kind = 'move') = (at IS NOT NULL)", name="moved"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_adjustments_in_force",
        "adjustments",
        ["appointment_id", "step"],
        unique=True,
        sqlite_where=in_force,
        postgresql_where=in_force,
    )
    op.create_index("ix_adjustments_appointment_id", "adjustments", ["appointment_id"])


def _applies() -> None:
    op.create_table(
        "applies",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("plan_digest", sa.String(64), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("done_through", NUMBER, nullable=False, server_default=sa.text("0")),
        sa.Column("finished_at", INSTANT),
        sa.Column("edits", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("given_up_by", sa.String(128)),
        sa.UniqueConstraint("plan_digest"),
        sqlite_autoincrement=True,
    )


def _merges() -> None:
    op.create_table(
        "merges",
        sa.Column("attempt", sa.String(64), primary_key=True),
        sa.Column("message_id", NUMBER, sa.ForeignKey("messages.id"), primary_key=True),
    )
    op.create_index("ix_merges_message_id", "merges", ["message_id"])


def _allow_causes_on_sqlite() -> None:
    """Write the constraint into the table's own text, as revision 0004 does: no row changes."""
    connection = op.get_bind()
    where = "FROM sqlite_master WHERE type = 'table' AND name = 'events'"
    text = connection.execute(sa.text(f"SELECT sql {where}")).scalar_one()
    body, changed = re.subn(r"CONSTRAINT ck_events_cause CHECK \(.*\)(?=,?\s*$)", "", text, flags=re.MULTILINE)
    assert changed == 1, "the table has its constraint on a line of its own"
    body = re.sub(r",\s*(?=,|\)\s*$)", "", body)
    body = f"{body.rstrip().removesuffix(')').rstrip()}, \n\tCONSTRAINT ck_events_cause CHECK ({CAUSE})\n)"
    op.execute("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = 'events'"), {"sql": body}
    )
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")
