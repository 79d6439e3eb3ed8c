"""What is due within a while, by what it would say: looked at before it is due, a few rows however many messages."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.domain.refusal import LOOK_AGAIN
from scheduler.domain.states import Status
from scheduler.store.database import Tx
from scheduler.store.tables import IS_LEASED, IS_SCHEDULED, appointments, messages, patients


class Forthcoming(NamedTuple):
    """So many messages of one step that say the same; `language` is the patients', None where none is known.

    `protocol` is the digest of the version that they were planned by, None where they are older than versions.
    """

    clinic: str
    treatment: str
    step: str
    channel: Channel
    language: str | None
    protocol: str | None
    messages: int


def forthcoming(tx: Tx, *, until: datetime) -> tuple[Forthcoming, ...]:
    """Return the steps that are to be tried by then, those that an engine holds just now too; not notices."""
    wanted = ("clinic", "step", "channel", "protocol_digest", "appointment_id", "patient_id")
    steps = sa.select(*(messages.c[name] for name in wanted)).where(messages.c.kind == MessageKind.STEP)
    scheduled = steps.where(IS_SCHEDULED, messages.c.try_at <= until)
    claimed = steps.where(IS_LEASED, messages.c.status == Status.CLAIMED)
    waiting = sa.union_all(scheduled, claimed).subquery("waiting")
    alike = (
        waiting.c.clinic,
        appointments.c.treatment,
        waiting.c.step,
        waiting.c.channel,
        patients.c.language,
        waiting.c.protocol_digest,
    )
    found = (
        sa.select(*alike, sa.func.count())
        .join(appointments, appointments.c.id == waiting.c.appointment_id)
        .join(patients, patients.c.id == waiting.c.patient_id)
        .group_by(*alike)
        .order_by(*alike)
    )
    return tuple(Forthcoming(*row) for row in tx.connection.execute(found))


def wake_unapproved(tx: Tx, *, now: datetime) -> int:
    """Let what waits because it was not approved be tried now; return how many. The caller commits.

    What is not approved still waits again.
    """
    waiting = (
        sa.select(messages.c.id)
        .where(IS_SCHEDULED, messages.c.kind == MessageKind.STEP, messages.c.reasons.contains('["unapproved",'))
        .where(messages.c.try_at > now, messages.c.try_at <= now + LOOK_AGAIN)
        .with_for_update(skip_locked=True)
    )
    return tx.connection.execute(sa.update(messages).where(messages.c.id.in_(waiting)).values(try_at=now)).rowcount
