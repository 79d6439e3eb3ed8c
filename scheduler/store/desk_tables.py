"""The tables of the clinic's desk: users and what they may do, sessions, keys, the audit trail, repeated requests.

No secret is kept that could be used: passwords by argon2id, all others by the SHA-256 of 32 random bytes.
"""

import sqlalchemy as sa

from scheduler.domain.access import LinkPurpose, Role
from scheduler.store.columns import Instant, number, reference, sealed, word
from scheduler.store.metadata import metadata

_BY = sa.String(128)

users = sa.Table(
    "users",
    metadata,
    number(),
    sa.Column("login", sa.String(100), nullable=False),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("password_hash", sa.Text),
    sealed("totp_sealed", "users.totp"),
    sa.Column("totp_at", Instant),  # when it was confirmed: before that it asks for no code
    sa.Column("totp_step", sa.BigInteger),  # the last one that was used: each code counts once
    sa.Column("language", sa.String(35)),
    sealed("phone_sealed", "users.phone"),
    sealed("email_sealed", "users.email"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("created_by", _BY, nullable=False),
    sa.Column("disabled_at", Instant),
    sa.Column("disabled_by", _BY),
    sa.UniqueConstraint("login"),
    sqlite_autoincrement=True,
)

# What a user is at a clinic; `clinic` * means all of them.
grants = sa.Table(
    "grants",
    metadata,
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("clinic", sa.String(64), primary_key=True),
    word("role", Role),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    reference("user_id", "users"),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("passed_at", Instant),  # NULL: the password was right, the code is still asked for
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Column("agent", sa.String(64)),
    sa.Column("by_link", sa.Boolean(create_constraint=False), nullable=False),
    sa.Index(None, "user_id"),
    sa.Index(None, "expires_at"),
)

login_links = sa.Table(
    "login_links",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    reference("user_id", "users"),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("made_by", _BY, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    word("purpose", LinkPurpose),
    sa.Index(None, "user_id"),
)

# Logins that failed, by the keyed hash of a login or of a client's address; also of logins that nobody has.
login_failures = sa.Table(
    "login_failures",
    metadata,
    sa.Column("key_hash", sa.LargeBinary, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
    sa.Column("wait_until", Instant, nullable=False),
    sa.Index(None, "last_at"),
)

recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("user_id", sa.ForeignKey("users.id"), primary_key=True),
    sa.Column("code_hash", sa.LargeBinary, primary_key=True),
    sa.Column("used_at", Instant),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    number(),
    sa.Column("public_id", sa.String(16), nullable=False),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("clinic", sa.String(64), nullable=False),
    sa.Column("permissions", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("created_by", _BY, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("used_at", Instant),
    sa.Column("revoked_at", Instant),
    sa.Column("revoked_by", _BY),
    sa.UniqueConstraint("public_id"),
    sqlite_autoincrement=True,
)

# Who did and saw what. Never a patient's data: a subject is a kind and a number ("patient/12").
audit = sa.Table(
    "audit",
    metadata,
    number(),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", _BY, nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("clinic", sa.String(64)),
    sa.Column("subject", sa.String(100)),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Index(None, "clinic", "id"),
    sa.Index(None, "actor", "id"),
    sa.Index(None, "action", "id"),
    sa.Index(None, "subject", "id"),
    sa.Index(None, "at"),
    sqlite_autoincrement=True,
)

# What staff wrote as they closed a reply or an alert. Rows are only ever added.
desk_notes = sa.Table(
    "desk_notes",
    metadata,
    number(),
    reference("reply_id", "replies", nullable=True),
    reference("alert_id", "alerts", nullable=True),
    sealed("note_sealed", "desk_notes.note", nullable=False),
    sa.Column("by", _BY, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.CheckConstraint("(reply_id IS NULL) <> (alert_id IS NULL)", name="subject"),
    sa.Index(None, "reply_id"),
    sa.Index(None, "alert_id"),
    sqlite_autoincrement=True,
)

# What was answered to a request that may come again.
idempotency = sa.Table(
    "idempotency",
    metadata,
    number(),
    sa.Column("caller", _BY, nullable=False),
    sa.Column("key_hash", sa.LargeBinary, nullable=False),
    sa.Column("request_hash", sa.LargeBinary, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("status", sa.Integer),
    sealed("answer_sealed", "idempotency.answer"),
    sa.UniqueConstraint("caller", "key_hash"),
    sa.Index(None, "at"),
    sqlite_autoincrement=True,
)
