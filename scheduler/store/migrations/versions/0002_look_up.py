"""When a provider is asked what became of a message, and whether it was asked before."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")
IS_LOOKED_UP = sa.text("look_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("messages", sa.Column("look_at", INSTANT))
    op.add_column("attempts", sa.Column("asked_at", INSTANT))
    op.create_index(
        "ix_messages_look_at", "messages", ["look_at"], sqlite_where=IS_LOOKED_UP, postgresql_where=IS_LOOKED_UP
    )
    # What was left unknown until now is looked up too.
    op.execute("UPDATE messages SET look_at = updated_at WHERE status = 'unknown'")
