"""What booking systems tell: their calls, and the newest that is known of each booking."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")
STATES = ("waiting", "done", "refused")
TOLD = ("booked", "cancelled", "missed")


def upgrade() -> None:
    state = sa.Enum(*STATES, name="state", native_enum=False, create_constraint=True, length=16)
    op.create_table(
        "booking_events",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("unique_id", sa.String(255), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("payload_sealed", sa.LargeBinary, nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column("try_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("booking", sa.String(255)),
        sa.Column("outcome", sa.String(16)),
        sa.Column("reason_sealed", sa.LargeBinary),
        sa.Column("appointment_id", NUMBER, sa.ForeignKey("appointments.id")),
        sa.Column("handled_at", INSTANT),
        sa.UniqueConstraint("unique_id"),
        sqlite_autoincrement=True,
    )
    for name, column, condition in (
        ("ix_booking_events_waiting", "try_at", "state = 'waiting'"),
        ("ix_booking_events_refused", "clinic", "state = 'refused'"),
    ):
        where = sa.text(condition)
        op.create_index(name, "booking_events", [column], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_booking_events_received_at", "booking_events", ["received_at"])
    told = sa.Enum(*TOLD, name="told", native_enum=False, create_constraint=True, length=16)
    op.create_table(
        "bookings",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("booking", sa.String(255), nullable=False),
        sa.Column("told", told),
        sa.Column("as_of", INSTANT),
        sa.Column("replaced_by", sa.String(255)),
        sa.UniqueConstraint("clinic", "source", "booking"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bookings_clinic_replaced_by", "bookings", ["clinic", "replaced_by"])
