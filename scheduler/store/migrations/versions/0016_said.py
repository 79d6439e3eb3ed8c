"""How old what is known of a visit is: when its source last changed it, when staff last decided of it."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.add_column("appointments", sa.Column("said_at", INSTANT))
    op.add_column("appointments", sa.Column("decided_at", INSTANT))
    op.create_table(
        "never_registered",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=False),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.UniqueConstraint("clinic", "external_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_never_registered_said_at", "never_registered", ["said_at"])
