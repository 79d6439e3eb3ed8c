"""What was answered last about visits, and whether anybody sees to it: a person, or another question."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentCause
from scheduler.domain.states import UNSENT, Status
from scheduler.domain.triage import Triage
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.tables import alerts, attempts, events, messages, replies
from scheduler.store.unanswered import counts_as_answer, is_follow_up

_ASKED = (Status.SENDING, Status.ACCEPTED, Status.DELIVERED, Status.UNKNOWN)
_later = messages.alias("later")


@dataclass(frozen=True, slots=True)
class LatestAnswer:
    """The latest answer about a visit: to which of its steps, how it was read, when it came (aware UTC).

    `told`: it has an alert, or had one. `dealt_with`: a person dealt with it, or heard the patient since.
    `asked_since`: a question about the visit was handed over since. `waiting`: the messages of the visit that are
    still to ask because of a reply.
    """

    reply: int
    step: str
    triage: Triage
    at: datetime
    told: bool
    dealt_with: bool
    asked_since: bool
    waiting: frozenset[int] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether nobody has seen to it, and the patient was asked nothing since."""
        return not self.dealt_with and not self.asked_since

    @property
    def is_untold_concern(self) -> bool:
        """Whether a person has to be told, unless somebody asks the patient again."""
        return self.triage is Triage.CONCERN and self.is_open and not self.told


def latest_answers(tx: Tx, visits: Collection[int]) -> Mapping[int, LatestAnswer]:
    """Return what was answered last about these visits, by visit; without those of which nothing was.

    An answer is what `unanswered` takes for one.
    """
    if not visits:
        return {}
    latest = (
        sa.select(sa.func.max(replies.c.id))
        .join(messages, replies.c.message_id == messages.c.id)
        .where(among(tx, messages.c.appointment_id, visits), *counts_as_answer())
        .group_by(messages.c.appointment_id)
    )
    found = (
        sa.select(
            messages.c.appointment_id,
            replies.c.id,
            messages.c.step,
            replies.c.triage,
            replies.c.received_at,
            sa.or_(replies.c.alert_id.is_not(None), _alert()).label("told"),
            sa.or_(replies.c.handled_at.is_not(None), _alert(alerts.c.closed_at.is_not(None)), _was_heard()),
            _is_asked_since(),
        )
        .join(messages, replies.c.message_id == messages.c.id)
        .where(replies.c.id.in_(latest))
    )
    rows = tx.connection.execute(found).all()
    waiting = _waiting(tx, [row[0] for row in rows])
    return {visit: replace(LatestAnswer(*row), waiting=frozenset(waiting.get(visit, ()))) for visit, *row in rows}


def _waiting(tx: Tx, visits: Collection[int]) -> Mapping[int, list[int]]:
    """Return the messages of visits that are still to ask because of a reply."""
    found: dict[int, list[int]] = defaultdict(list)
    waits = messages.c.status.in_(UNSENT | {Status.SENDING})
    ids = sa.select(messages.c.appointment_id, messages.c.id)
    ids = ids.where(among(tx, messages.c.appointment_id, visits), waits, is_follow_up(messages))
    for visit, message in tx.connection.execute(ids):
        found[visit].append(message)
    return found


def _alert(*conditions: sa.ColumnElement[bool]) -> sa.Exists:
    is_its = sa.and_(alerts.c.reply_id == replies.c.id, alerts.c.reply_id.is_not(None))
    return sa.exists().where(is_its, *conditions).correlate(replies)


def _was_heard() -> sa.Exists:
    return (
        sa.exists()
        .where(
            events.c.appointment_id == messages.c.appointment_id,
            events.c.cause == AppointmentCause.HEARD,
            events.c.at >= replies.c.received_at,
        )
        .correlate(messages, replies)
    )


def _is_asked_since() -> sa.Exists:
    return (
        sa.exists()
        .where(
            _later.c.appointment_id == messages.c.appointment_id,
            _later.c.ask.is_not(None),
            _later.c.status.in_(_ASKED),
            attempts.c.token == _later.c.attempt,
            attempts.c.started_at >= replies.c.received_at,
        )
        .correlate(messages, replies)
    )
