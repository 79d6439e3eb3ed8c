"""Patients whose data were erased; indexes by which all about one patient is found."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("patient_id", NUMBER, sa.ForeignKey("patients.id"), primary_key=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
    )
    op.create_index("ix_stops_address_hash", "stops", ["address_hash"])
    op.create_index("ix_alerts_subject", "alerts", ["subject"])
