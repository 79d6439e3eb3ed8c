"""The clinic's desk: users, sessions, keys, the audit trail; texts that staff write to patients."""

import sqlalchemy as sa
from alembic import op

from scheduler.store.rewriting import put_checks

revision = "0006"
down_revision = "0005"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")
BY = sa.String(128)
MESSAGES = {
    "ck_messages_kind": "kind IN ('step', 'answer', 'alert', 'desk')",
    "ck_messages_patient": "kind = 'desk' OR (kind = 'step') = (patient_id IS NOT NULL)",
    "ck_messages_words": "(kind = 'desk') = (words_sealed IS NOT NULL)",
}
CAUSES = (
    "claim", "release", "begin", "accept", "retry", "refuse", "lose", "settle", "receipt", "decide",
    "replan", "cancel", "resume",
    "registered", "rescheduled", "booked", "completed", "cancelled", "no_show", "heard", "links_revoked",
    "adjusted", "applied",
    "received", "taken", "given_back", "written", "handled",
    "raised", "rung", "missed", "joined", "closed",
)  # fmt: skip
INBOX = (
    ("ix_messages_desk", "messages", "patient_id", "kind = 'desk'"),
    (
        "ix_messages_desk_lost", "messages", "id",
        "kind = 'desk' AND status IN ('failed', 'undelivered', 'suppressed', 'expired')",
    ),
    ("ix_alerts_closed", "alerts", "closed_at", "closed_at IS NOT NULL"),
    (
        "ix_replies_needy", "replies", "received_at",
        "handled_at IS NULL AND triage IN ('urgent', 'concern', 'wrong_number', 'help', 'question', 'unknown')",
    ),
    ("ix_replies_handled", "replies", "handled_at", "handled_at IS NOT NULL"),
)  # fmt: skip
"""The indexes of the inbox: what is open is small, and what is done is read from its end."""


def upgrade() -> None:
    op.add_column("messages", sa.Column("words_sealed", sa.LargeBinary))
    put_checks("messages", MESSAGES)
    _users()
    _sessions()
    _keys()
    _audit()
    _inbox()


def _inbox() -> None:
    put_checks("events", {"ck_events_cause": f"cause IN ({', '.join(repr(cause) for cause in CAUSES)})"})
    op.add_column("replies", sa.Column("taken_at", INSTANT))
    op.add_column("replies", sa.Column("taken_by", BY))
    op.create_table(
        "desk_notes",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("reply_id", NUMBER, sa.ForeignKey("replies.id")),
        sa.Column("alert_id", NUMBER, sa.ForeignKey("alerts.id")),
        sa.Column("note_sealed", sa.LargeBinary, nullable=False),
        sa.Column("by", BY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("(reply_id IS NULL) <> (alert_id IS NULL)", name="subject"),
        sqlite_autoincrement=True,
    )
    for column in ("reply_id", "alert_id"):
        op.create_index(f"ix_desk_notes_{column}", "desk_notes", [column])
    for name, table, column, condition in INBOX:
        where = sa.text(condition)
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_replies_received_at", "replies", ["received_at"])


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("login", sa.String(100), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("totp_sealed", sa.LargeBinary),
        sa.Column("totp_at", INSTANT),
        sa.Column("totp_step", sa.BigInteger),
        sa.Column("language", sa.String(35)),
        sa.Column("phone_sealed", sa.LargeBinary),
        sa.Column("email_sealed", sa.LargeBinary),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", BY, nullable=False),
        sa.Column("disabled_at", INSTANT),
        sa.Column("disabled_by", BY),
        sa.UniqueConstraint("login"),
        sqlite_autoincrement=True,
    )
    words = ("viewer", "staff", "operator", "admin")
    role = sa.Enum(*words, name="role", native_enum=False, create_constraint=True, length=16)
    op.create_table(
        "grants",
        sa.Column("user_id", NUMBER, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("clinic", sa.String(64), primary_key=True),
        sa.Column("role", role, nullable=False),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("user_id", NUMBER, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("passed_at", INSTANT),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("agent", sa.String(64)),
        sa.Column("by_link", sa.Boolean(create_constraint=False), nullable=False),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    purpose = sa.Enum("password", "sign_in", name="purpose", native_enum=False, create_constraint=True, length=16)
    op.create_table(
        "login_links",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("user_id", NUMBER, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", BY, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.Column("purpose", purpose, nullable=False),
    )
    op.create_index("ix_login_links_user_id", "login_links", ["user_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", NUMBER, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("code_hash", sa.LargeBinary, primary_key=True),
        sa.Column("used_at", INSTANT),
    )
    op.create_table(
        "login_failures",
        sa.Column("key_hash", sa.LargeBinary, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.Column("wait_until", INSTANT, nullable=False),
    )
    op.create_index("ix_login_failures_last_at", "login_failures", ["last_at"])


def _keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("public_id", sa.String(16), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("clinic", sa.String(64), nullable=False),
        sa.Column("permissions", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", BY, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("used_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        sa.Column("revoked_by", BY),
        sa.UniqueConstraint("public_id"),
        sqlite_autoincrement=True,
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("actor", BY, nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("clinic", sa.String(64)),
        sa.Column("subject", sa.String(100)),
        sa.Column("outcome", sa.String(16), nullable=False),
        sqlite_autoincrement=True,
    )
    for column in ("clinic", "actor", "action", "subject"):
        op.create_index(f"ix_audit_{column}_id", "audit", [column, "id"])
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_table(
        "idempotency",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("caller", BY, nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("answer_sealed", sa.LargeBinary),
        sa.UniqueConstraint("caller", "key_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])
