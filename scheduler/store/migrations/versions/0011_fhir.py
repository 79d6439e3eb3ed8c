"""What a clinic's FHIR system calls the patients and visits that came from it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    kind = sa.Enum(
        "Patient", "Appointment", "Procedure", name="kind", native_enum=False, create_constraint=True, length=16
    )
    op.create_table(
        "fhir_links",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("kind", kind, nullable=False),
        sa.Column("name_hash", sa.LargeBinary, nullable=False),
        sa.Column("patient_id", NUMBER, sa.ForeignKey("patients.id")),
        sa.Column("appointment_id", NUMBER, sa.ForeignKey("appointments.id")),
        sa.Column("said_at", INSTANT),
        sa.Column("died_at", INSTANT),
        sa.UniqueConstraint("clinic", "kind", "name_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fhir_links_patient_id", "fhir_links", ["patient_id"])
    op.create_index("ix_fhir_links_appointment_id", "fhir_links", ["appointment_id"])
