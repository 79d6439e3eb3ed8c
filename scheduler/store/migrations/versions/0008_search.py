"""Finding patients by parts of their names, which are sealed; listing visits; files between look and import."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    # `store.migrating` fills it for the patients who are there: that takes the keys.
    op.create_table(
        "name_tokens",
        sa.Column("token", sa.LargeBinary, primary_key=True),
        sa.Column("clinic", sa.String(64), primary_key=True),
        sa.Column("patient_id", NUMBER, sa.ForeignKey("patients.id"), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_name_tokens_patient_id", "name_tokens", ["patient_id"])
    op.create_table(
        "uploads",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary, nullable=False),
        sa.Column("content_sealed", sa.LargeBinary, nullable=False),
        sa.Column("report_sealed", sa.LargeBinary, nullable=False),
        sa.Column("result_sealed", sa.LargeBinary),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"])
    op.create_table(
        "undos",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_undos_expires_at", "undos", ["expires_at"])
    op.create_index("ix_appointments_listed", "appointments", ["starts_at", "id", "clinic", "treatment", "status"])
    trouble = sa.text("status IN ('held', 'failed', 'undelivered', 'unknown')")
    op.create_index(
        "ix_messages_trouble", "messages", ["appointment_id"], sqlite_where=trouble, postgresql_where=trouble
    )
