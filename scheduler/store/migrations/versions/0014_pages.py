"""Pages over a million messages: deliveries of a day by channel and step, and what failed of late, from an index."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

TROUBLE = sa.text("status IN ('held', 'failed', 'undelivered', 'unknown')")


def upgrade() -> None:
    op.drop_index("ix_messages_day", "messages")
    op.create_index("ix_messages_day", "messages", [sa.text("(clinic || '')"), "due_at", "channel", "step"])
    listed = ["status", "id", "clinic"]
    op.create_index("ix_messages_trouble_listed", "messages", listed, sqlite_where=TROUBLE, postgresql_where=TROUBLE)
