"""What patients were sent for their visits lately, as far as it matters for what they are advised now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.appointment import CALLED_OFF, Appointment
from scheduler.domain.notice import MessageKind
from scheduler.domain.states import IN_HAND, Status
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.tables import appointments, messages

_SAID_WITHIN = sa.and_(messages.c.status == Status.SUPPRESSED, messages.c.reasons.contains('["merged",'))


@dataclass(frozen=True, slots=True)
class SentStep:
    """A step that a patient got, or may have got, with its visit."""

    patient_id: int
    appointment: int
    clinic: str
    treatment: str
    visit: Appointment
    step: str
    protocol_digest: str | None


def sent_steps(tx: Tx, patients: Collection[int], *, since: datetime) -> tuple[SentStep, ...]:
    """Return the steps that these patients got, or may have got, of those planned for after `since`; each once.

    Also those that another message spoke for. Not those of visits that were called off: what was advised for them
    holds no more.
    """
    found = (
        sa.select(
            messages.c.patient_id,
            appointments.c.id,
            appointments.c.clinic,
            appointments.c.treatment,
            appointments.c.starts_at,
            appointments.c.ends_at,
            appointments.c.status,
            messages.c.step,
            messages.c.protocol_digest,
        )
        .distinct()
        .join(appointments, appointments.c.id == messages.c.appointment_id)
        .where(
            among(tx, messages.c.patient_id, patients),
            messages.c.kind == MessageKind.STEP,
            sa.or_(messages.c.status.in_(sorted(IN_HAND)), _SAID_WITHIN),
            messages.c.planned_at > since,
            appointments.c.status.not_in(sorted(CALLED_OFF)),
        )
        .order_by(appointments.c.id, messages.c.step)
    )
    return tuple(
        SentStep(
            patient_id=row.patient_id,
            appointment=row.id,
            clinic=row.clinic,
            treatment=row.treatment,
            visit=Appointment(row.starts_at, row.ends_at, row.status),
            step=row.step,
            protocol_digest=row.protocol_digest,
        )
        for row in tx.connection.execute(found)
    )
