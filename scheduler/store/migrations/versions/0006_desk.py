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


def upgrade() -> None:
    op.add_column("messages", sa.Column("words_sealed", sa.LargeBinary))
    put_checks("messages", MESSAGES)
    _users()
    _sessions()
    _keys()
    _audit()


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
        sa.Column("failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("wait_until", INSTANT),
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
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "login_links",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("user_id", NUMBER, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", BY, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
    )
    op.create_index("ix_login_links_user_id", "login_links", ["user_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", NUMBER, sa.ForeignKey("users.id"), primary_key=True),
        sa.Column("code_hash", sa.LargeBinary, primary_key=True),
        sa.Column("used_at", INSTANT),
    )


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
    for column in ("clinic", "actor", "subject"):
        op.create_index(f"ix_audit_{column}_id", "audit", [column, "id"])
    op.create_table(
        "idempotency",
        sa.Column("caller", BY, primary_key=True),
        sa.Column("key_hash", sa.LargeBinary, primary_key=True),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("answer_sealed", sa.LargeBinary),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"])
