"""Replies, and messages that are no step of a protocol: answers to patients, alerts to staff."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")
TRIAGES = (
    "urgent", "concern", "wrong_number", "stop", "start", "help", "question", "fine", "unknown",
)  # fmt: skip
CAUSES = (
    "claim", "release", "begin", "accept", "retry", "refuse", "lose", "settle", "receipt", "decide",
    "replan", "cancel", "resume",
    "registered", "rescheduled", "booked", "completed", "cancelled", "no_show", "heard", "links_revoked",
    "received", "handled",
    "raised", "rung", "missed", "joined", "taken", "closed",
)  # fmt: skip
WITH_CHANNEL = ("messages", "consents", "stops", "outbox", "pauses", "circuits")
SUBJECT = (
    "CASE WHEN message_id IS NULL THEN 0 ELSE 1 END + CASE WHEN appointment_id IS NULL THEN 0 ELSE 1 END "
    "+ CASE WHEN reply_id IS NULL THEN 0 ELSE 1 END + CASE WHEN alert_id IS NULL THEN 0 ELSE 1 END = 1"
)
CHECKS = (
    *((table, f"ck_{table}_channel", "channel IN ('sms', 'email', 'webhook')") for table in WITH_CHANNEL),
    ("events", "ck_events_subject", SUBJECT),
    ("events", "ck_events_cause", f"cause IN ({', '.join(repr(cause) for cause in CAUSES)})"),
    ("messages", "ck_messages_visit", "(kind = 'step') = (appointment_id IS NOT NULL)"),
    ("messages", "ck_messages_patient", "(kind = 'step') = (patient_id IS NOT NULL)"),
    ("messages", "ck_messages_recipient", "(kind = 'step') = (recipient_sealed IS NULL)"),
    ("messages", "ck_messages_kind", "kind IN ('step', 'answer', 'alert')"),
)
REFERENCES = (
    ("alerts", "reply_id", "replies"),
    ("messages", "reply_id", "replies"),
    ("messages", "alert_id", "alerts"),
    ("events", "reply_id", "replies"),
    ("events", "alert_id", "alerts"),
)
OPTIONAL = ("patient_id", "appointment_id")
"""Columns of messages that notices leave empty."""


def upgrade() -> None:
    _replies()
    _columns()
    if op.get_bind().dialect.name == "sqlite":
        _constrain_sqlite()
    else:
        _constrain_postgresql()
    _guard_versions()
    _indexes()


def _replies() -> None:
    triage = sa.Enum(*TRIAGES, name="triage", native_enum=False, create_constraint=True, length=16)
    op.create_table(
        "replies",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("unique_id", sa.String(128), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("clinic", sa.String(64)),
        sa.Column("receiver", sa.String(255), nullable=False),
        sa.Column("sender_sealed", sa.LargeBinary, nullable=False),
        sa.Column("sender_hash", sa.LargeBinary, nullable=False),
        sa.Column("body_sealed", sa.LargeBinary, nullable=False),
        sa.Column("media", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("patient_id", NUMBER, sa.ForeignKey("patients.id")),
        sa.Column("message_id", NUMBER),
        sa.Column("triage", triage, nullable=False),
        sa.Column("because_sealed", sa.LargeBinary, nullable=False),
        sa.Column("stops", sa.Boolean, nullable=False),
        sa.Column("handled_at", INSTANT),
        sa.Column("handled_by", sa.String(128)),
        sa.Column("alert_id", NUMBER),
        sa.UniqueConstraint("unique_id"),
        sqlite_autoincrement=True,
    )


def _columns() -> None:
    added: tuple[tuple[str, sa.Column[object]], ...] = (
        ("messages", sa.Column("kind", sa.String(16), nullable=False, server_default="step")),
        ("messages", sa.Column("reply_id", NUMBER)),
        ("messages", sa.Column("alert_id", NUMBER)),
        ("messages", sa.Column("recipient_sealed", sa.LargeBinary)),
        ("events", sa.Column("reply_id", NUMBER)),
        ("events", sa.Column("alert_id", NUMBER)),
        ("consents", sa.Column("version", sa.String(64))),
        ("stops", sa.Column("address_sealed", sa.LargeBinary)),
        ("stops", sa.Column("wording_sealed", sa.LargeBinary)),
        ("stops", sa.Column("version", sa.String(64))),
        ("patients", sa.Column("page_epoch", sa.Integer, nullable=False, server_default=sa.text("0"))),
        ("alerts", sa.Column("reply_id", NUMBER)),
        ("alerts", sa.Column("ring_at", INSTANT)),
        ("alerts", sa.Column("rings", sa.Integer, nullable=False, server_default=sa.text("0"))),
        ("alerts", sa.Column("taken_at", INSTANT)),
        ("alerts", sa.Column("taken_by", sa.String(128))),
    )
    for table, column in added:
        op.add_column(table, column)


def _constrain_postgresql() -> None:
    for column in OPTIONAL:
        op.alter_column("messages", column, nullable=True)
    for table, name, condition in CHECKS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition})")
    for table, column, to in REFERENCES:
        op.create_foreign_key(f"fk_{table}_{column}", table, to, [column], ["id"])


def _constrain_sqlite() -> None:
    """Write the constraints into the tables' own text, as SQLite's manual has it: no row changes.

    https://www.sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes
    """
    op.execute("PRAGMA writable_schema = ON")
    for table in sorted({table for table, *_ in (*CHECKS, *REFERENCES)}):
        _rewrite(table)
    version = op.get_bind().exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def _guard_versions() -> None:
    """Let the ledger's new column be append-only like the others."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER consents_no_other_version BEFORE UPDATE OF version ON consents "
            "BEGIN SELECT RAISE(ABORT, 'consents is append-only'); END"
        )
        return
    op.execute(
        "CREATE TRIGGER consents_no_other_version BEFORE UPDATE OF version ON consents "
        "FOR EACH STATEMENT EXECUTE FUNCTION consents_refuse()"
    )


def _rewrite(table: str) -> None:
    connection = op.get_bind()
    where = "FROM sqlite_master WHERE type = 'table' AND name = :name"
    text = connection.execute(sa.text(f"SELECT sql {where}"), {"name": table}).scalar_one()
    body = text.rstrip().removesuffix(")").rstrip()
    if table == "messages":
        for column in OPTIONAL:
            body = body.replace(f"{column} INTEGER NOT NULL", f"{column} INTEGER")
    for name, condition in ((name, condition) for owner, name, condition in CHECKS if owner == table):
        body = re.sub(rf",\s*CONSTRAINT {name} CHECK \(.*\)(?=,?\s*$)", "", body, flags=re.MULTILINE)
        body += f", \n\tCONSTRAINT {name} CHECK ({condition})"
    for column, to in ((column, to) for owner, column, to in REFERENCES if owner == table):
        body += f", \n\tCONSTRAINT fk_{table}_{column} FOREIGN KEY({column}) REFERENCES {to} (id)"
    connection.execute(
        sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name"),
        {"sql": f"{body}\n)", "name": table},
    )


def _indexes() -> None:
    partial = (
        ("ix_messages_notices", "messages", "try_at", "status = 'scheduled' AND kind <> 'step'"),
        ("ix_messages_asked", "messages", "due_at", "ask IS NOT NULL"),
        ("ix_messages_reply_id", "messages", "reply_id", "reply_id IS NOT NULL"),
        ("ix_messages_alert_id", "messages", "alert_id", "alert_id IS NOT NULL"),
        ("ix_events_reply_id", "events", "reply_id", "reply_id IS NOT NULL"),
        ("ix_events_alert_id", "events", "alert_id", "alert_id IS NOT NULL"),
        ("ix_alerts_ring", "alerts", "ring_at", "closed_at IS NULL AND taken_at IS NULL AND ring_at IS NOT NULL"),
        ("ix_alerts_reply_id", "alerts", "reply_id", "reply_id IS NOT NULL"),
        ("ix_replies_alert_id", "replies", "alert_id", "alert_id IS NOT NULL"),
        ("ix_replies_open", "replies", "received_at", "handled_at IS NULL"),
    )
    for name, table, column, condition in partial:
        where = sa.text(condition)
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_alerts_kind_opened_at", "alerts", ["kind", "opened_at"])
    op.create_index("ix_replies_sender_hash_received_at", "replies", ["sender_hash", "received_at"])
    op.create_index("ix_replies_patient_id", "replies", ["patient_id"])
    op.create_index("ix_replies_message_id", "replies", ["message_id"])
