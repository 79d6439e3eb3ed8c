"""Whom a booking was for that was called off before it was known: an id of somebody else is told by that."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("never_registered", sa.Column("person_hash", sa.LargeBinary))
