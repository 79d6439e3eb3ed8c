"""Visits of a program that kept no versions of protocols: which there are, and by which they go from now on."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.states import UNSENT
from scheduler.store.appointments import hold_appointments
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.erasure_tables import is_kept
from scheduler.store.in_flight import hold_messages
from scheduler.store.plan_tables import versions
from scheduler.store.tables import appointments, messages

_UNVERSIONED = sa.text("protocol_digest IS NULL")  # written out: so the databases know the partial index


def unversioned(tx: Tx, *, since: datetime) -> Sequence[tuple[str, str]]:
    """Return the clinics and treatments that have such visits, of those that are since then."""
    which = sa.select(appointments.c.clinic, appointments.c.treatment).where(_UNVERSIONED)
    meant = appointments.c.starts_at >= since, is_kept(appointments.c.patient_id)
    rows = tx.connection.execute(which.where(*meant).distinct())
    return sorted((row.clinic, row.treatment) for row in rows)


def give_version(tx: Tx, clinic: str, treatment: str, *, protocol_digest: str, since: datetime, limit: int) -> int:
    """Let so many of these visits go by the version that their messages were planned by; return how many there were.

    Where that is not kept they go by the version given, which is, and so does what is still to come of them. The
    caller commits, and calls again until there are none.
    """
    some = sa.select(appointments.c.id).where(
        sa.text("appointments.protocol_digest IS NULL"),
        appointments.c.clinic == clinic,
        appointments.c.treatment == treatment,
        appointments.c.starts_at >= since,
        is_kept(appointments.c.patient_id),
    )
    ids = list(tx.connection.execute(some.order_by(appointments.c.id).limit(limit)).scalars())
    if not ids:
        return 0
    hold_appointments(tx, ids)
    hold_messages(tx, ids)
    kept = sa.select(versions.c.digest)
    own = (
        sa.select(sa.func.max(messages.c.protocol_digest))
        .where(messages.c.appointment_id == appointments.c.id, messages.c.status.in_(UNSENT))
        .where(messages.c.protocol_digest.in_(kept))
        .correlate(appointments)
        .scalar_subquery()
    )
    visits = sa.and_(among(tx, appointments.c.id, ids), appointments.c.protocol_digest.is_(None))
    tx.connection.execute(
        sa.update(appointments).where(visits).values(protocol_digest=sa.func.coalesce(own, protocol_digest))
    )
    of_visit = (
        sa.select(appointments.c.protocol_digest)
        .where(appointments.c.id == messages.c.appointment_id)
        .correlate(messages)
        .scalar_subquery()
    )
    unsent = sa.and_(among(tx, messages.c.appointment_id, ids), messages.c.status.in_(UNSENT))
    unknown = sa.or_(messages.c.protocol_digest.is_(None), messages.c.protocol_digest.not_in(kept))
    tx.connection.execute(sa.update(messages).where(unsent, unknown).values(protocol_digest=of_visit))
    return len(ids)
