"""The tables of who, what and when; `all_tables` has all. Their history is in `migrations/`: a test compares both.

Columns named *_sealed hold what the vault sealed, *_hash what it hashed for look-up. A patient's name, phone,
email and texts are in no other kind of column.
"""

import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentCause, AppointmentStatus
from scheduler.domain.consent import Verdict
from scheduler.domain.notice import AlertCause, MessageKind, ReplyCause
from scheduler.domain.protocol import Channel, IfLate, Purpose
from scheduler.domain.states import Cause, Status
from scheduler.domain.triage import Triage
from scheduler.errors import ErrorKind
from scheduler.store.columns import WORD_LENGTH, Instant, Number, number, one_of, reference, sealed, word
from scheduler.store.metadata import metadata

# Written out, not bound: neither database uses a partial index for a condition that it learns only at the run.
IS_SCHEDULED = sa.text("status = 'scheduled'")
IS_LEASED = sa.text("lease_until IS NOT NULL")
_IS_LOOKED_UP = sa.text("look_at IS NOT NULL")
_UNVERSIONED = sa.text("protocol_digest IS NULL")
_WITHOUT_EXTERNAL_ID = sa.text("external_id IS NULL")
_IN_FORCE = sa.text("lifted_at IS NULL")
_UNHANDLED = sa.text("handled_at IS NULL")
_OF_MESSAGE = sa.text("message_id IS NOT NULL")
_OF_VISIT = sa.text("appointment_id IS NOT NULL")
_IS_HELD = sa.text("status = 'held'")
_IS_UNKNOWN = sa.text("status = 'unknown'")
_IS_BRAKED = sa.text("brake IS NOT NULL")
_IS_OPEN = sa.text("closed_at IS NULL")
IS_NOTICE = sa.text("status = 'scheduled' AND kind <> 'step'")
RINGS = sa.text("closed_at IS NULL AND taken_at IS NULL AND ring_at IS NOT NULL")
_OF_REPLY = sa.text("reply_id IS NOT NULL")
_OF_ALERT = sa.text("alert_id IS NOT NULL")
_ASKS = sa.text("ask IS NOT NULL")
IS_DESK = sa.text("kind = 'desk'")
_OF_DESK_LOST = sa.text("kind = 'desk' AND status IN ('failed', 'undelivered', 'suppressed', 'expired')")
_NEEDS_A_PERSON = sa.text(
    "handled_at IS NULL AND triage IN ('urgent', 'concern', 'wrong_number', 'help', 'question', 'unknown')"
)
_IS_HANDLED = sa.text("handled_at IS NOT NULL")
_IS_CLOSED = sa.text("closed_at IS NOT NULL")
# An expression, so that only what says it so finds the index: SQLite, which counts nothing about its tables, would
# take one that begins with the clinic for better than the partial ones, and read half of all messages.
CLINIC_OF_DAY = "clinic || ''"
IS_AMISS = sa.text("status IN ('undelivered', 'failed', 'expired', 'held', 'unknown')")
IS_TROUBLE = sa.text("status IN ('held', 'failed', 'undelivered', 'unknown')")

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)

patients = sa.Table(
    "patients",
    metadata,
    number(),
    sa.Column("clinic", sa.String(64), nullable=False),
    sealed("ref_sealed", "patients.ref"),
    sa.Column("ref_hash", sa.LargeBinary),
    sealed("name_sealed", "patients.name", nullable=False),
    sa.Column("name_hash", sa.LargeBinary, nullable=False),
    sealed("phone_sealed", "patients.phone"),
    sa.Column("phone_hash", sa.LargeBinary),
    sealed("email_sealed", "patients.email"),
    sa.Column("email_hash", sa.LargeBinary),
    sa.Column("language", sa.String(35)),
    sa.Column("timezone", sa.String(64)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("page_epoch", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.UniqueConstraint("clinic", "ref_hash"),
    sa.Index(None, "clinic", "name_hash"),
    sa.Index(None, "phone_hash"),
    sa.Index(None, "email_hash"),
    sqlite_autoincrement=True,
)

appointments = sa.Table(
    "appointments",
    metadata,
    number(),
    sa.Column("clinic", sa.String(64), nullable=False),
    reference("patient_id", "patients"),
    sa.Column("external_id", sa.String(255)),
    sa.Column("treatment", sa.String(64), nullable=False),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant),
    word("status", AppointmentStatus),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("protocol_digest", sa.String(64)),
    sa.Column("pins", sa.Text),
    # When the booking system last changed what it says of it, by its own clock; when staff last decided of it here.
    sa.Column("said_at", Instant),
    sa.Column("decided_at", Instant),
    sa.UniqueConstraint("clinic", "external_id"),
    sa.Index(
        "uq_appointments_same",
        "patient_id",
        "treatment",
        "starts_at",
        unique=True,
        sqlite_where=_WITHOUT_EXTERNAL_ID,
        postgresql_where=_WITHOUT_EXTERNAL_ID,
    ),
    sa.Index(None, "patient_id", "treatment", "starts_at"),
    sa.Index("ix_appointments_unversioned", "starts_at", sqlite_where=_UNVERSIONED, postgresql_where=_UNVERSIONED),
    # All that lists filter by is in it: a rare treatment is found without reading the rows of all the others.
    sa.Index("ix_appointments_listed", "starts_at", "id", "clinic", "treatment", "status"),
    sqlite_autoincrement=True,
)

messages = sa.Table(
    "messages",
    metadata,
    number(),
    sa.Column("origin", sa.String(255), nullable=False),
    sa.Column("clinic", sa.String(64), nullable=False),
    reference("patient_id", "patients", nullable=True),
    reference("appointment_id", "appointments", nullable=True),
    sa.Column("step", sa.String(64), nullable=False),
    word("channel", Channel),
    sa.Column("occurrence", sa.Integer, nullable=False),
    word("purpose", Purpose),
    word("status", Status),
    sa.Column("planned_at", Instant, nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("try_at", Instant, nullable=False),
    sa.Column("useful_until", Instant, nullable=False),
    word("if_late", IfLate),
    sa.Column("ask", sa.String(64)),
    sa.Column("fallback", sa.String(64), nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("lease_until", Instant),
    sa.Column("claimed_by", sa.String(128)),
    sa.Column("attempt", sa.String(64)),
    sa.Column("protocol_digest", sa.String(64)),
    sa.Column("template_digest", sa.String(64)),
    sa.Column("language", sa.String(35)),
    sa.Column("segments", sa.Integer),
    sa.Column("header_id", sa.String(255)),
    sa.Column("provider_id", sa.String(255)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("look_at", Instant),
    sa.Column("brake", sa.String(WORD_LENGTH)),
    sa.Column("slot_at", Instant),
    sa.Column("released_at", Instant),
    word("kind", MessageKind, default=MessageKind.STEP),
    reference("reply_id", "replies", nullable=True),
    reference("alert_id", "alerts", nullable=True),
    sealed("recipient_sealed", "messages.recipient"),
    sealed("words_sealed", "messages.words"),
    sa.UniqueConstraint("origin"),
    sa.CheckConstraint("(status IN ('claimed', 'sending')) = (lease_until IS NOT NULL)", name="lease"),
    sa.CheckConstraint("(claimed_by IS NULL) = (lease_until IS NULL)", name="owner"),
    sa.CheckConstraint("(kind = 'step') = (appointment_id IS NOT NULL)", name="visit"),
    sa.CheckConstraint("kind = 'desk' OR (kind = 'step') = (patient_id IS NOT NULL)", name="patient"),
    sa.CheckConstraint("(kind = 'desk') = (words_sealed IS NOT NULL)", name="words"),
    sa.CheckConstraint("(kind = 'step') = (recipient_sealed IS NULL)", name="recipient"),
    sa.Index("ix_messages_due", "try_at", sqlite_where=IS_SCHEDULED, postgresql_where=IS_SCHEDULED),
    sa.Index("ix_messages_leased", "lease_until", sqlite_where=IS_LEASED, postgresql_where=IS_LEASED),
    sa.Index("ix_messages_look_at", "look_at", sqlite_where=_IS_LOOKED_UP, postgresql_where=_IS_LOOKED_UP),
    sa.Index("ix_messages_held", "useful_until", sqlite_where=_IS_HELD, postgresql_where=_IS_HELD),
    sa.Index("ix_messages_unknown", "updated_at", sqlite_where=_IS_UNKNOWN, postgresql_where=_IS_UNKNOWN),
    sa.Index("ix_messages_brake", "brake", sqlite_where=_IS_BRAKED, postgresql_where=_IS_BRAKED),
    sa.Index("ix_messages_notices", "try_at", sqlite_where=IS_NOTICE, postgresql_where=IS_NOTICE),
    sa.Index("ix_messages_trouble", "appointment_id", sqlite_where=IS_TROUBLE, postgresql_where=IS_TROUBLE),
    sa.Index(
        "ix_messages_trouble_listed", "status", "id", "clinic", sqlite_where=IS_TROUBLE, postgresql_where=IS_TROUBLE
    ),
    sa.Index("ix_messages_asked", "due_at", sqlite_where=_ASKS, postgresql_where=_ASKS),
    sa.Index("ix_messages_desk", "patient_id", sqlite_where=IS_DESK, postgresql_where=IS_DESK),
    sa.Index("ix_messages_desk_lost", "id", sqlite_where=_OF_DESK_LOST, postgresql_where=_OF_DESK_LOST),
    sa.Index("ix_messages_reply_id", "reply_id", sqlite_where=_OF_REPLY, postgresql_where=_OF_REPLY),
    sa.Index("ix_messages_alert_id", "alert_id", sqlite_where=_OF_ALERT, postgresql_where=_OF_ALERT),
    sa.Index(None, "patient_id"),
    sa.Index(None, "appointment_id"),
    # With what lists of a time filter by and that never changes: what they pass by is not read.
    sa.Index("ix_messages_day", sa.text(f"({CLINIC_OF_DAY})"), "due_at", "channel", "step"),
    sa.Index("ix_messages_amiss_due", "clinic", "due_at", sqlite_where=IS_AMISS, postgresql_where=IS_AMISS),
    sa.Index("ix_messages_amiss_at", "clinic", "updated_at", sqlite_where=IS_AMISS, postgresql_where=IS_AMISS),
    sqlite_autoincrement=True,
)

attempts = sa.Table(
    "attempts",
    metadata,
    number(),
    sa.Column("token", sa.String(64), nullable=False),
    reference("message_id", "messages"),
    sa.Column("owner", sa.String(128), nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("finished_at", Instant),
    word("outcome", Status, nullable=True),
    word("error_kind", ErrorKind, nullable=True),
    sa.Column("error_code", sa.String(64)),
    sa.Column("provider_id", sa.String(255)),
    sealed("address_sealed", "attempts.address", nullable=False),
    sa.Column("address_hash", sa.LargeBinary, nullable=False),
    sealed("body_sealed", "attempts.body", nullable=False),
    sa.Column("asked_at", Instant),
    sa.Column("rehearsed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("text_digest", sa.String(64)),
    sa.UniqueConstraint("token"),
    sa.Index(None, "message_id"),
    sa.Index(None, "provider_id"),
    sa.Index(None, "address_hash"),
    sqlite_autoincrement=True,
)

events = sa.Table(
    "events",
    metadata,
    number(),
    reference("message_id", "messages", nullable=True),
    reference("appointment_id", "appointments", nullable=True),
    sa.Column("at", Instant, nullable=False),
    one_of("cause", Cause, AppointmentCause, ReplyCause, AlertCause),
    word("from_status", Status, nullable=True),
    word("to_status", Status, nullable=True),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("by", sa.String(128), nullable=False),
    reference("reply_id", "replies", nullable=True),
    reference("alert_id", "alerts", nullable=True),
    sa.CheckConstraint(
        "CASE WHEN message_id IS NULL THEN 0 ELSE 1 END + CASE WHEN appointment_id IS NULL THEN 0 ELSE 1 END "
        "+ CASE WHEN reply_id IS NULL THEN 0 ELSE 1 END + CASE WHEN alert_id IS NULL THEN 0 ELSE 1 END = 1",
        name="subject",
    ),
    sa.Index("ix_events_message_id", "message_id", sqlite_where=_OF_MESSAGE, postgresql_where=_OF_MESSAGE),
    sa.Index("ix_events_appointment_id", "appointment_id", sqlite_where=_OF_VISIT, postgresql_where=_OF_VISIT),
    sa.Index("ix_events_reply_id", "reply_id", sqlite_where=_OF_REPLY, postgresql_where=_OF_REPLY),
    sa.Index("ix_events_alert_id", "alert_id", sqlite_where=_OF_ALERT, postgresql_where=_OF_ALERT),
    sqlite_autoincrement=True,
)

consents = sa.Table(
    "consents",
    metadata,
    number(),
    reference("patient_id", "patients"),
    word("channel", Channel),
    word("purpose", Purpose),
    word("verdict", Verdict),
    sa.Column("source", sa.String(64), nullable=False),
    sealed("wording_sealed", "consents.wording"),
    sa.Column("by", sa.String(128), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("version", sa.String(64)),
    sa.Index(None, "patient_id"),
    sqlite_autoincrement=True,
)

stops = sa.Table(
    "stops",
    metadata,
    number(),
    sa.Column("clinic", sa.String(64), nullable=False),
    word("channel", Channel),
    sa.Column("address_hash", sa.LargeBinary, nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("by", sa.String(128), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("lifted_at", Instant),
    sa.Column("lifted_by", sa.String(128)),
    sealed("address_sealed", "stops.address"),
    sealed("wording_sealed", "stops.wording"),
    sa.Column("version", sa.String(64)),
    sa.Index(None, "address_hash"),
    sa.Index(
        "uq_stops_in_force",
        "address_hash",
        "clinic",
        "channel",
        unique=True,
        sqlite_where=_IN_FORCE,
        postgresql_where=_IN_FORCE,
    ),
    sqlite_autoincrement=True,
)

provider_events = sa.Table(
    "provider_events",
    metadata,
    number(),
    sa.Column("unique_id", sa.String(128), nullable=False),
    sa.Column("provider", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sealed("payload_sealed", "provider_events.payload", nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("handled_at", Instant),
    sa.UniqueConstraint("unique_id"),
    sa.Index(
        "ix_provider_events_unhandled",
        "id",
        sqlite_where=_UNHANDLED,
        postgresql_where=_UNHANDLED,
    ),
    sqlite_autoincrement=True,
)

outbox = sa.Table(
    "outbox",
    metadata,
    number(),
    sa.Column("attempt", sa.String(64), nullable=False),
    word("channel", Channel),
    sealed("address_sealed", "outbox.address", nullable=False),
    sealed("content_sealed", "outbox.content", nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.UniqueConstraint("attempt"),
    sqlite_autoincrement=True,
)

pauses = sa.Table(
    "pauses",
    metadata,
    number(),
    sa.Column("clinic", sa.String(64)),
    word("channel", Channel, nullable=True),
    reference("patient_id", "patients", nullable=True),
    sealed("why_sealed", "pauses.why"),
    sa.Column("by", sa.String(128), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("lifted_at", Instant),
    sa.Column("lifted_by", sa.String(128)),
    sa.Index("ix_pauses_in_force", "id", sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE),
    sqlite_autoincrement=True,
)

alerts = sa.Table(
    "alerts",
    metadata,
    number(),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("clinic", sa.String(64)),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    reference("reply_id", "replies", nullable=True),
    sa.Column("ring_at", Instant),
    sa.Column("rings", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("taken_at", Instant),
    sa.Column("taken_by", sa.String(128)),
    sa.Index(None, "subject"),
    sa.Index("ix_alerts_ring", "ring_at", sqlite_where=RINGS, postgresql_where=RINGS),
    sa.Index(None, "kind", "opened_at"),
    sa.Index("ix_alerts_closed", "closed_at", sqlite_where=_IS_CLOSED, postgresql_where=_IS_CLOSED),
    sa.Index("ix_alerts_reply_id", "reply_id", sqlite_where=_OF_REPLY, postgresql_where=_OF_REPLY),
    sa.Index("uq_alerts_open", "kind", "subject", unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN),
    sqlite_autoincrement=True,
)

replies = sa.Table(
    "replies",
    metadata,
    number(),
    sa.Column("unique_id", sa.String(128), nullable=False),
    sa.Column("source", sa.String(WORD_LENGTH), nullable=False),
    sa.Column("clinic", sa.String(64)),
    sa.Column("receiver", sa.String(255), nullable=False),
    sealed("sender_sealed", "replies.sender", nullable=False),
    sa.Column("sender_hash", sa.LargeBinary, nullable=False),
    sealed("body_sealed", "replies.body", nullable=False),
    sa.Column("media", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("received_at", Instant, nullable=False),
    reference("patient_id", "patients", nullable=True),
    sa.Column("message_id", Number),  # the question; no foreign key, since messages refer to replies
    word("triage", Triage),
    sealed("because_sealed", "replies.because", nullable=False),
    sa.Column("stops", sa.Boolean, nullable=False),
    sa.Column("handled_at", Instant),
    sa.Column("handled_by", sa.String(128)),
    sa.Column("alert_id", Number),  # the open alert that it joined; no foreign key, since alerts refer to replies
    sa.Column("taken_at", Instant),
    sa.Column("taken_by", sa.String(128)),
    sa.UniqueConstraint("unique_id"),
    sa.Index(None, "sender_hash", "received_at"),
    sa.Index(None, "received_at"),
    sa.Index("ix_replies_needy", "received_at", sqlite_where=_NEEDS_A_PERSON, postgresql_where=_NEEDS_A_PERSON),
    sa.Index("ix_replies_handled", "handled_at", sqlite_where=_IS_HANDLED, postgresql_where=_IS_HANDLED),
    sa.Index("ix_replies_patient_id", "patient_id"),
    sa.Index("ix_replies_message_id", "message_id"),
    sa.Index("ix_replies_alert_id", "alert_id", sqlite_where=_OF_ALERT, postgresql_where=_OF_ALERT),
    sa.Index("ix_replies_open", "received_at", sqlite_where=_UNHANDLED, postgresql_where=_UNHANDLED),
    sqlite_autoincrement=True,
)
