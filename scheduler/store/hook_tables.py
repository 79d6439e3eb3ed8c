"""The tables of webhooks out: who is told of what happens, and what became of each call."""

import sqlalchemy as sa

from scheduler.store.columns import Instant, Number, number, reference, sealed
from scheduler.store.metadata import metadata

_WAITS = sa.text("finished_at IS NULL")

# While a secret is changed the old one signs too, until `old_until`.
hook_endpoints = sa.Table(
    "hook_endpoints",
    metadata,
    number(),
    sa.Column("clinic", sa.String(64), nullable=False),  # * means all
    sealed("url_sealed", "hook_endpoints.url", nullable=False),
    sealed("secret_sealed", "hook_endpoints.secret", nullable=False),
    sealed("old_secret_sealed", "hook_endpoints.secret"),
    sa.Column("old_until", Instant),
    sa.Column("kinds", sa.Text, nullable=False),
    sa.Column("title", sa.String(100), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("created_by", sa.String(128), nullable=False),
    sa.Column("through", Number, nullable=False),  # the last event that was looked at for it
    sa.Column("disabled_at", Instant),
    sa.Column("disabled_by", sa.String(128)),
    sqlite_autoincrement=True,
)

hook_calls = sa.Table(
    "hook_calls",
    metadata,
    number(),
    reference("endpoint_id", "hook_endpoints"),
    sa.Column("event_id", Number, nullable=False),
    sa.Column("replay", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("try_at", Instant, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("answered", sa.Integer),  # the HTTP status of the last try
    sa.Column("error", sa.String(255)),
    sa.Column("delivered_at", Instant),
    sa.Column("finished_at", Instant),
    sa.UniqueConstraint("endpoint_id", "event_id", "replay"),
    sa.Index(None, "finished_at"),
    sa.Index("ix_hook_calls_waiting", "try_at", sqlite_where=_WAITS, postgresql_where=_WAITS),
    sqlite_autoincrement=True,
)
