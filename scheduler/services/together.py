"""What is to become one with another visit's message, or contradicts it, as far as it can be foreseen."""

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
    """Return with what the messages of one visit are expected to go out together, or to be held, by message.

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
    return expected(decided, ahead=configuration.longest_merge_window, catalogue=configuration.advice)


def told_together(reasons: tuple[Reason, ...], foreseen: Reason) -> tuple[Reason, ...]:
    """Return why a message stands as it stands, with what is foreseen beside another; what will not go by itself.

    One that goes with another goes when that does, and one that contradicts another waits: neither has a time of its
    own then.
    """
    if not reasons or reasons[-1].code != "will_send":
        return reasons
    if foreseen.code == "will_merge":
        return (*reasons, foreseen)
    *others, _ = reasons
    return (*others, because("will_hold"), foreseen) if foreseen.code == "clash" else (*others, foreseen)


def _decided(due: DueMessage, configuration: Configuration, now: datetime) -> Decided:
    message, situation = pending_of(due.message), situation_of(due, configuration)
    late_after = configuration.instance.late_after
    return message, situation, decide(message, situation, now=max(now, message.try_at), late_after=late_after)
