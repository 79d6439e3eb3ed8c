"""Visits that go by another version of their protocol from now on, with their messages that are still to come."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentCause
from scheduler.domain.reasons import Reason
from scheduler.domain.states import UNSENT
from scheduler.store.appointments import read_pins
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.events import record_visits
from scheduler.store.tables import appointments, messages


def follow(
    tx: Tx,
    visits: Collection[int],
    *,
    protocol_digest: str,
    pins: Mapping[str, str],
    reasons: Sequence[Reason],
    now: datetime,
    by: str,
) -> None:
    """Let visits go by that version, but for pinned steps, which go by the version of the digest beside them.

    Their messages that are still to come are bound by it when they are sent. What was handed over keeps the version
    that it was made from. The caller holds the visits and their messages, has kept the version, and commits.
    """
    values = {
        "protocol_digest": protocol_digest,
        "pins": json.dumps(dict(sorted(pins.items()))) if pins else None,
        "updated_at": now,
    }
    tx.connection.execute(sa.update(appointments).where(among(tx, appointments.c.id, visits)).values(values))
    unsent = sa.and_(among(tx, messages.c.appointment_id, visits), messages.c.status.in_(UNSENT))
    of_step = {step: digest for step, digest in pins.items() if digest != protocol_digest}
    version = sa.case(of_step, value=messages.c.step, else_=protocol_digest) if of_step else protocol_digest
    tx.connection.execute(sa.update(messages).where(unsent).values(protocol_digest=version))
    record_visits(tx, [(visit, AppointmentCause.APPLIED) for visit in sorted(visits)], at=now, by=by, reasons=reasons)


def behind(tx: Tx, visits: Collection[int]) -> Sequence[int]:
    """Return those of some visits, by id, of which something still to come goes by another version than they do."""
    if not visits:
        return []
    found = (
        sa.select(messages.c.appointment_id, messages.c.step, messages.c.protocol_digest, appointments.c.pins)
        .join(appointments, appointments.c.id == messages.c.appointment_id)
        .where(
            among(tx, messages.c.appointment_id, visits),
            messages.c.status.in_(UNSENT),
            messages.c.protocol_digest.is_distinct_from(appointments.c.protocol_digest),
        )
    )
    rows = tx.connection.execute(found)
    return sorted({it.appointment_id for it in rows if read_pins(it.pins).get(it.step) != it.protocol_digest})


def go_by(tx: Tx, message_ids: Collection[int], *, protocol_digest: str) -> None:
    """Let those of some messages that are still to come be bound by that version. The caller holds them; commits."""
    unsent = sa.and_(among(tx, messages.c.id, message_ids), messages.c.status.in_(UNSENT))
    tx.connection.execute(sa.update(messages).where(unsent).values(protocol_digest=protocol_digest))
