"""Webhooks out: endpoints, and the calls to them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "hook_endpoints",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("url_sealed", sa.LargeBinary, nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary, nullable=False),
        sa.Column("old_secret_sealed", sa.LargeBinary),
        sa.Column("old_until", INSTANT),
        sa.Column("kinds", sa.Text, nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("through", NUMBER, nullable=False),
        sa.Column("disabled_at", INSTANT),
        sa.Column("disabled_by", sa.String(128)),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "hook_calls",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("endpoint_id", NUMBER, sa.ForeignKey("hook_endpoints.id"), nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("replay", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("try_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("answered", sa.Integer),
        sa.Column("error", sa.String(255)),
        sa.Column("delivered_at", INSTANT),
        sa.Column("finished_at", INSTANT),
        sa.UniqueConstraint("endpoint_id", "event_id", "replay"),
        sqlite_autoincrement=True,
    )
    waits = sa.text("finished_at IS NULL")
    op.create_index("ix_hook_calls_waiting", "hook_calls", ["try_at"], sqlite_where=waits, postgresql_where=waits)
    op.create_index("ix_hook_calls_finished_at", "hook_calls", ["finished_at"])
