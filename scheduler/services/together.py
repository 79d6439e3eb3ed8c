"""What is to become one with another visit's message, as far as it can be foreseen."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from scheduler.domain.decision import decide
from scheduler.domain.merging import Decided, expected
from scheduler.domain.reasons import Reason, because
from scheduler.domain.states import Status
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import pending_of, situation_of
from scheduler.store.database import Tx
from scheduler.store.due import DueMessage, load_due
from scheduler.store.merges import waiting_beside


def foreseen_merges(
    tx: Tx, configuration: Configuration, dues: Sequence[DueMessage], *, now: datetime
) -> Mapping[int, Reason]:
    """Return with what the messages of one visit are expected to go out together, by message.

    Nothing keeps them back as far as this goes: pauses and the like keep both.
    """
    waiting = [due for due in dues if due.message.status is Status.SCHEDULED]
    if not waiting or waiting[0].message.clinic not in configuration.clinics:
        return {}
    others = waiting_beside(tx, waiting[0].patient.id, waiting[0].appointment.id)
    if not others:
        return {}
    beside = load_due(tx, others, now=now).due
    decided = [_decided(due, configuration, now) for due in (*waiting, *beside)]
    return {
        key: because("will_merge", message=str(other.key), appointment=str(other.appointment))
        for key, other in expected(decided).items()
    }


def _decided(due: DueMessage, configuration: Configuration, now: datetime) -> Decided:
    message, situation = pending_of(due.message), situation_of(due, configuration)
    late_after = configuration.instance.late_after
    return message, situation, decide(message, situation, now=max(now, message.try_at), late_after=late_after)
