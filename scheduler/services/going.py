"""Which of the messages that are planned will not go out, as it looks now: by the word of the deciding function."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from scheduler.domain.decision import decide
from scheduler.domain.reasons import Reason
from scheduler.domain.situation import Kind
from scheduler.domain.states import Status
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import pending_of, situation_of
from scheduler.store.database import Tx
from scheduler.store.due import load_due
from scheduler.store.messages import Message

MOST_DECIDED = 300
"""So many are decided one by one for a page: a tenth of a millisecond each."""
_ENDS = frozenset({Kind.SUPPRESS, Kind.CANCEL, Kind.EXPIRE})


class Staying(NamedTuple):
    """A message that will not go out, and why."""

    message: Message
    reasons: tuple[Reason, ...]


def staying(tx: Tx, configuration: Configuration, ids: Sequence[int], *, now: datetime) -> Mapping[int, Staying]:
    """Return which of these steps will not be sent, in a constant number of queries.

    What goes out on another channel instead is sent. Their clinics are in the configuration: the caller has looked.
    """
    found: dict[int, Staying] = {}
    for due in load_due(tx, ids, now=now).due if ids else ():
        message = due.message
        if message.status is not Status.SCHEDULED or message.clinic not in configuration.clinics:
            continue
        decision = decide(
            pending_of(message),
            situation_of(due, configuration),
            now=max(message.try_at, now),
            late_after=configuration.instance.late_after,
        )
        if decision.kind in _ENDS and decision.fallback is None:
            found[message.id] = Staying(message, decision.reasons)
    return found
