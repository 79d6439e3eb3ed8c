"""The first tables."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.TIMESTAMP(timezone=True).with_variant(sa.String(27), "sqlite")
CHANNELS = ("sms", "email")
PURPOSES = ("care", "recall", "marketing")
STATUSES = (
    "scheduled", "claimed", "sending", "accepted", "delivered", "undelivered",
    "failed", "expired", "suppressed", "cancelled", "held", "unknown",
)  # fmt: skip
CAUSES = (
    "claim", "release", "begin", "accept", "retry", "refuse", "lose", "settle", "receipt", "decide",
    "replan", "cancel", "resume",
    "registered", "rescheduled", "booked", "completed", "cancelled", "no_show",
)  # fmt: skip
ERROR_KINDS = ("not_called", "transient", "permanent", "opt_out", "content", "configuration", "unknown")


def upgrade() -> None:
    _meta()
    _patients()
    _consents()
    _stops()
    _appointments()
    _messages()
    _attempts()
    _events()
    _provider_events()
    _outbox()
    _make_append_only("consents", ("id", "patient_id", "channel", "purpose", "verdict", "source", "by", "at"))


def _table(name: str, *parts: Any) -> None:
    op.create_table(name, sa.Column("id", NUMBER, primary_key=True), *parts, sqlite_autoincrement=True)


def _words(name: str, allowed: Sequence[str], *, nullable: bool = False) -> sa.Column[str]:
    kind = sa.Enum(*allowed, name=name, native_enum=False, create_constraint=True, length=16)
    return sa.Column(name, kind, nullable=nullable)


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def _bytes(name: str, *, nullable: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, INSTANT, nullable=nullable)


def _reference(name: str, to: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, NUMBER, sa.ForeignKey(f"{to}.id"), nullable=nullable)


def _index(name: str, table: str, columns: list[str], *, where: str | None = None, unique: bool = False) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _meta() -> None:
    op.create_table("meta", sa.Column("name", sa.String(64), primary_key=True), _bytes("value"))


def _patients() -> None:
    _table(
        "patients",
        _text("clinic", 64),
        _bytes("ref_sealed", nullable=True),
        _bytes("ref_hash", nullable=True),
        _bytes("name_sealed"),
        _bytes("name_hash"),
        _bytes("phone_sealed", nullable=True),
        _bytes("phone_hash", nullable=True),
        _bytes("email_sealed", nullable=True),
        _bytes("email_hash", nullable=True),
        _text("language", 35, nullable=True),
        _text("timezone", 64, nullable=True),
        _instant("created_at"),
        _instant("updated_at"),
        sa.UniqueConstraint("clinic", "ref_hash"),
    )
    _index("ix_patients_clinic_name_hash", "patients", ["clinic", "name_hash"])
    _index("ix_patients_phone_hash", "patients", ["phone_hash"])
    _index("ix_patients_email_hash", "patients", ["email_hash"])


def _consents() -> None:
    _table(
        "consents",
        _reference("patient_id", "patients"),
        _words("channel", CHANNELS),
        _words("purpose", PURPOSES),
        _words("verdict", ("granted", "revoked", "assumed_granted", "assumed_refused")),
        _text("source", 64),
        _bytes("wording_sealed", nullable=True),
        _text("by", 128),
        _instant("at"),
    )
    _index("ix_consents_patient_id", "consents", ["patient_id"])


def _stops() -> None:
    _table(
        "stops",
        _text("clinic", 64),
        _words("channel", CHANNELS),
        _bytes("address_hash"),
        _text("source", 64),
        _text("by", 128),
        _instant("at"),
        _instant("lifted_at", nullable=True),
        _text("lifted_by", 128, nullable=True),
    )
    _index(
        "uq_stops_in_force", "stops", ["address_hash", "clinic", "channel"], where="lifted_at IS NULL", unique=True
    )


def _appointments() -> None:
    _table(
        "appointments",
        _text("clinic", 64),
        _reference("patient_id", "patients"),
        _text("external_id", 255, nullable=True),
        _text("treatment", 64),
        _instant("starts_at"),
        _instant("ends_at", nullable=True),
        _words("status", ("booked", "completed", "cancelled", "no_show")),
        _instant("created_at"),
        _instant("updated_at"),
        sa.UniqueConstraint("clinic", "external_id"),
    )
    same = ["patient_id", "treatment", "starts_at"]
    _index("uq_appointments_same", "appointments", same, where="external_id IS NULL", unique=True)
    _index("ix_appointments_patient_id_treatment_starts_at", "appointments", same)


def _messages() -> None:
    _table(
        "messages",
        _text("origin", 255),
        _text("clinic", 64),
        _reference("patient_id", "patients"),
        _reference("appointment_id", "appointments"),
        _text("step", 64),
        _words("channel", CHANNELS),
        sa.Column("occurrence", sa.Integer, nullable=False),
        _words("purpose", PURPOSES),
        _words("status", STATUSES),
        _instant("planned_at"),
        _instant("due_at"),
        _instant("try_at"),
        _instant("useful_until"),
        _words("if_late", ("collapse", "send", "drop", "hold")),
        _text("ask", 64, nullable=True),
        _text("fallback", 64),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
        _instant("lease_until", nullable=True),
        _text("claimed_by", 128, nullable=True),
        _text("attempt", 64, nullable=True),
        _text("protocol_digest", 64, nullable=True),
        _text("template_digest", 64, nullable=True),
        _text("language", 35, nullable=True),
        sa.Column("segments", sa.Integer),
        _text("header_id", 255, nullable=True),
        _text("provider_id", 255, nullable=True),
        _instant("created_at"),
        _instant("updated_at"),
        sa.UniqueConstraint("origin"),
        sa.CheckConstraint("(status IN ('claimed', 'sending')) = (lease_until IS NOT NULL)", name="lease"),
        sa.CheckConstraint("(claimed_by IS NULL) = (lease_until IS NULL)", name="owner"),
    )
    _index("ix_messages_due", "messages", ["try_at"], where="status = 'scheduled'")
    _index("ix_messages_leased", "messages", ["lease_until"], where="lease_until IS NOT NULL")
    _index("ix_messages_patient_id", "messages", ["patient_id"])
    _index("ix_messages_appointment_id", "messages", ["appointment_id"])


def _attempts() -> None:
    _table(
        "attempts",
        _text("token", 64),
        _reference("message_id", "messages"),
        _text("owner", 128),
        _instant("started_at"),
        _instant("finished_at", nullable=True),
        _words("outcome", STATUSES, nullable=True),
        _words("error_kind", ERROR_KINDS, nullable=True),
        _text("error_code", 64, nullable=True),
        _text("provider_id", 255, nullable=True),
        _bytes("address_sealed"),
        _bytes("address_hash"),
        _bytes("body_sealed"),
        sa.UniqueConstraint("token"),
    )
    _index("ix_attempts_message_id", "attempts", ["message_id"])
    _index("ix_attempts_provider_id", "attempts", ["provider_id"])
    _index("ix_attempts_address_hash", "attempts", ["address_hash"])


def _events() -> None:
    _table(
        "events",
        _reference("message_id", "messages", nullable=True),
        _reference("appointment_id", "appointments", nullable=True),
        _instant("at"),
        _words("cause", CAUSES),
        _words("from_status", STATUSES, nullable=True),
        _words("to_status", STATUSES, nullable=True),
        sa.Column("reasons", sa.Text, nullable=False),
        _text("by", 128),
        sa.CheckConstraint("(message_id IS NULL) <> (appointment_id IS NULL)", name="subject"),
    )
    _index("ix_events_message_id", "events", ["message_id"], where="message_id IS NOT NULL")
    _index("ix_events_appointment_id", "events", ["appointment_id"], where="appointment_id IS NOT NULL")


def _provider_events() -> None:
    _table(
        "provider_events",
        _text("unique_id", 128),
        _text("provider", 32),
        _text("kind", 32),
        _bytes("payload_sealed"),
        _instant("received_at"),
        _instant("handled_at", nullable=True),
        sa.UniqueConstraint("unique_id"),
    )
    _index("ix_provider_events_unhandled", "provider_events", ["id"], where="handled_at IS NULL")


def _outbox() -> None:
    _table(
        "outbox",
        _text("attempt", 64),
        _words("channel", CHANNELS),
        _bytes("address_sealed"),
        _bytes("content_sealed"),
        _instant("at"),
        sa.UniqueConstraint("attempt"),
    )


def _make_append_only(table: str, columns: Sequence[str]) -> None:
    """Let the database itself refuse what would rewrite the ledger; only `rekey` may seal its words anew."""
    listed = ", ".join(f'"{column}"' for column in columns)
    if op.get_context().dialect.name == "sqlite":
        refusal = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {listed} ON {table} {refusal}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refusal}")
        return
    op.execute(
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OF {listed} OR DELETE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
    )
