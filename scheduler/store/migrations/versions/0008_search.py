"""Finding patients by parts of their names, which are sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "name_tokens",
        sa.Column("clinic", sa.String(64), primary_key=True),
        sa.Column("token", sa.LargeBinary, primary_key=True),
        sa.Column("patient_id", NUMBER, sa.ForeignKey("patients.id"), primary_key=True),
    )
    op.create_index("ix_name_tokens_patient_id", "name_tokens", ["patient_id"])
