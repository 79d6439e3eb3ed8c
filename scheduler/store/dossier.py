"""All that is on record about one patient, for who has to prove what was sent. It only reads."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.alert import OF_A_PATIENT
from scheduler.domain.protocol import Channel
from scheduler.store.alerts import Alert, alerts_of_reply, alerts_with
from scheduler.store.appointments import StoredAppointment, read_appointment
from scheduler.store.batches import among
from scheduler.store.consents import Stop
from scheduler.store.database import Tx
from scheduler.store.messages import Message, messages_of
from scheduler.store.names import address_hash
from scheduler.store.plan_tables import merges
from scheduler.store.replies import Reply, read_reply
from scheduler.store.tables import appointments, replies, stops


def visits_of(tx: Tx, patient_id: int) -> tuple[StoredAppointment, ...]:
    """Return all visits of a patient, called off or not, by their start."""
    found = sa.select(appointments).where(appointments.c.patient_id == patient_id)
    rows = tx.connection.execute(found.order_by(appointments.c.starts_at, appointments.c.id))
    return tuple(map(read_appointment, rows))


def messages_by_visit(tx: Tx, visits: Sequence[StoredAppointment]) -> Mapping[int, tuple[Message, ...]]:
    """Return the messages of each of these visits."""
    return {visit.id: tuple(messages_of(tx, visit.id)) for visit in visits}


def replies_of(tx: Tx, patient_id: int, message_ids: Collection[int]) -> tuple[Reply, ...]:
    """Return what a patient wrote, and what was written to one of these messages, the oldest first.

    Raises KeysError where one can't be opened.
    """
    theirs = sa.or_(replies.c.patient_id == patient_id, among(tx, replies.c.message_id, message_ids))
    found = sa.select(replies).where(theirs).order_by(replies.c.received_at, replies.c.id)
    return tuple(read_reply(tx, row) for row in tx.connection.execute(found))


def alerts_of(tx: Tx, patient_id: int, reply_ids: Sequence[int]) -> tuple[Alert, ...]:
    """Return the alerts that these replies raised, and those about the patient without a reply, the oldest first."""
    found = {alert.id: alert for reply_id in reply_ids for alert in alerts_of_reply(tx, reply_id)}
    found |= {alert.id: alert for alert in alerts_with(tx, f"{OF_A_PATIENT}{patient_id}")}
    return tuple(sorted(found.values(), key=lambda it: it.id))


def stop_at(tx: Tx, clinic: str, channel: Channel, address: str, *, at: datetime) -> Stop | None:
    """Return the stop of an address that was in force at an instant."""
    found = sa.select(stops).where(
        stops.c.clinic == clinic,
        stops.c.channel == channel,
        stops.c.address_hash == address_hash(tx.vault, channel, address),
        stops.c.at <= at,
        sa.or_(stops.c.lifted_at.is_(None), stops.c.lifted_at > at),
    )
    row = tx.connection.execute(found.order_by(stops.c.id).limit(1)).one_or_none()
    return Stop(row.id, row.source, row.at) if row else None


def spoke_for(tx: Tx, tokens: Collection[str]) -> Mapping[str, tuple[int, ...]]:
    """Return for which other messages these hand-overs spoke, by their token; none for what spoke for itself only."""
    rows = tx.connection.execute(sa.select(merges).where(among(tx, merges.c.attempt, tokens)))
    spoken: dict[str, tuple[int, ...]] = {}
    for row in rows:
        spoken[row.attempt] = (*spoken.get(row.attempt, ()), row.message_id)
    return spoken
