"""Questions that were handed over and that nobody has answered. Who is asked again, and who is told, say services."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from scheduler.domain.appointment import CALLED_OFF, AppointmentCause
from scheduler.domain.followup import NO_ANSWERS
from scheduler.domain.notice import ReplyCause
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import because, dump_reasons
from scheduler.domain.states import IN_HAND, UNSENT, Status
from scheduler.domain.triage import Triage
from scheduler.store.batches import among
from scheduler.store.database import Tx
from scheduler.store.tables import alerts, appointments, attempts, events, messages, replies

_ASKS = sa.text("messages.ask IS NOT NULL")  # written out: so the database knows the partial index
_HANDED_OVER = (Status.ACCEPTED, Status.DELIVERED, Status.UNKNOWN)

_NO_WORD = [dump_reasons([because(it)]).partition("{")[0] for it in ("not_answered_automatic", "not_answered_thanks")]
"""How the reasons of a reply begin that says nothing about what was asked."""

_GIVEN_UP = (Status.SUPPRESSED, Status.FAILED, Status.EXPIRED, Status.UNDELIVERED)
_DROPPED = "step_dropped"
"""Why an edit cancelled a message: whoever made it did not know of this patient's concern."""

_question = messages.alias("question")
_concern = replies.alias("concern")
_later = messages.alias("later")
_earlier = messages.alias("earlier")
_taken_in = events.alias("taken_in")


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that nobody has answered: a step of a visit, and when it was first handed over (aware UTC).

    `once`: it was not asked before without an answer, and asking it again was not given up either.
    """

    message: int
    clinic: str
    appointment: int
    external_id: str | None
    patient_id: int
    step: str
    occurrence: int
    channel: Channel
    asked_at: datetime
    once: bool


def unanswered(
    tx: Tx,
    *,
    since: datetime,
    until: datetime,
    clinics: Collection[str] = (),
    steps: Collection[str] = (),
    visits: Collection[int] = (),
    tell_once: bool = True,
) -> tuple[Unanswered, ...]:
    """Return the questions that were due between `since` and `until` and are unanswered now, the oldest first.

    An answer is any reply about the visit after the question went out, but for a word about messages alone and what
    looks like a machine's; and a person's word that the patient was heard. Left out: what is asked once more, or is
    going to be; visits that were called off or are still to come. `clinics`, `steps` and `visits` name the only ones
    to look at; all, where they are empty. Without `tell_once` nobody asks for `once`, which takes long: it is True.
    """
    asked = (
        messages.join(attempts, attempts.c.token == messages.c.attempt)
        .join(appointments, appointments.c.id == messages.c.appointment_id)
    )  # fmt: skip
    open_ids = _without_own_answer(tx, since=since, until=until, clinics=clinics, steps=steps, visits=visits)
    found = (
        sa.select(
            messages.c.id,
            messages.c.clinic,
            messages.c.appointment_id,
            appointments.c.external_id,
            appointments.c.patient_id,
            messages.c.step,
            messages.c.occurrence,
            messages.c.channel,
            attempts.c.started_at,
            (sa.not_(sa.or_(_was_asked_before(), _is_asked_again())) if tell_once else sa.true()).label("once"),
        )
        .select_from(asked)
        .where(
            among(tx, messages.c.id, open_ids),
            messages.c.status.in_(_HANDED_OVER),
            appointments.c.status.not_in(CALLED_OFF),
            appointments.c.starts_at <= messages.c.due_at,
            sa.not_(_is_answered()),
            sa.not_(_is_asked_again(UNSENT | IN_HAND)),
            sa.not_(_was_heard()),
        )
        .order_by(messages.c.due_at, messages.c.id)
    )
    units: dict[tuple[int, str, int], Unanswered] = {}
    for row in tx.connection.execute(found):
        item = Unanswered(*row)
        units.setdefault((item.appointment, item.step, item.occurrence), item)
    return tuple(units.values())


def _without_own_answer(
    tx: Tx,
    *,
    since: datetime,
    until: datetime,
    clinics: Collection[str],
    steps: Collection[str],
    visits: Collection[int],
) -> Sequence[int]:
    """Return the ids of the questions that went out and that no reply belongs to, as a first look.

    Most questions are answered themselves. All the rest, which looks at every message of a visit, is asked of those
    that are left, by their ids: PostgreSQL takes them for few beforehand, and reads whole tables for many.
    """
    found = (
        sa.select(messages.c.id)
        .join(attempts, attempts.c.token == messages.c.attempt)
        .where(
            messages.c.due_at >= since,
            messages.c.due_at <= until,
            messages.c.status.in_(_HANDED_OVER),
            sa.not_(_has_own_answer()),
        )
    )
    if clinics:
        found = found.where(among(tx, messages.c.clinic, clinics))
    if steps:
        found = found.where(among(tx, messages.c.step, steps))
    if visits:
        # Said in another way than the index of all that asks says it: for a handful of visits it would be read.
        found = found.where(sa.func.coalesce(messages.c.ask, "") != "", among(tx, messages.c.appointment_id, visits))
    else:
        found = found.where(_ASKS)
    return tx.connection.execute(found).scalars().all()


@dataclass(frozen=True, slots=True)
class Unheard:
    """A concern, and the step that was to ask the patient about it again and did not go out, on any channel."""

    reply: int
    clinic: str
    treatment: str
    step: str
    protocol_digest: str | None


def unheard(tx: Tx, *, since: datetime) -> tuple[Unheard, ...]:
    """Return the concerns of which nobody hears any more, of what was due since then; each once, the oldest first.

    A concern is the latest answer about its visit. Left out: what a person was told of, or has dealt with, or heard
    the patient about; what asks, or is going to ask, about the visit after it; visits that were called off. Which of
    the steps only a reply brings about, the protocol says.
    """
    columns = (messages.c.clinic, appointments.c.treatment, messages.c.step, messages.c.protocol_digest)
    dropped = sa.and_(messages.c.status == Status.CANCELLED, messages.c.reasons.contains(_DROPPED, autoescape=True))
    found = (
        sa.select(_concern.c.id, *columns)
        .select_from(messages.join(appointments, appointments.c.id == messages.c.appointment_id))
        .join(_concern, _concern.c.id == _latest_answer())
        .where(
            _ASKS,
            messages.c.due_at >= since,
            sa.or_(messages.c.status.in_(_GIVEN_UP), dropped),
            appointments.c.status.not_in(CALLED_OFF),
            _concern.c.triage == Triage.CONCERN,
            _concern.c.handled_at.is_(None),
            _concern.c.alert_id.is_(None),
            sa.not_(sa.exists().where(alerts.c.reply_id == _concern.c.id, alerts.c.reply_id.is_not(None))),
            sa.not_(_asks_after_concern()),
            sa.not_(_was_heard(_concern.c.received_at)),
        )
        .order_by(_concern.c.id, messages.c.id)
    )
    return tuple(Unheard(*row) for row in tx.connection.execute(found))


def last_replies(tx: Tx, appointment_ids: Collection[int]) -> dict[int, datetime]:
    """Return when somebody last answered a question about these visits (aware UTC), where anybody did."""
    found = (
        sa.select(_question.c.appointment_id, sa.func.max(replies.c.received_at))
        .join(replies, replies.c.message_id == _question.c.id)
        .where(among(tx, _question.c.appointment_id, appointment_ids), *counts_as_answer())
        .group_by(_question.c.appointment_id)
    )
    return {appointment: at for appointment, at in tx.connection.execute(found)}  # noqa: C416  (typed as rows)


def _is_answered() -> sa.Exists:
    return _reply(replies.c.received_at >= attempts.c.started_at)


def _has_own_answer() -> sa.Exists:
    """Whether there is such a reply to the question itself: `_is_answered` by far fewer looks."""
    own = sa.exists().where(replies.c.message_id == messages.c.id, replies.c.received_at >= attempts.c.started_at)
    return own.where(*counts_as_answer()).correlate(messages, attempts)


def _reply(*conditions: sa.ColumnElement[bool]) -> sa.Exists:
    """Whether there is such a reply to a question about the visit."""
    return (
        sa.exists()
        .where(_question.c.appointment_id == messages.c.appointment_id, replies.c.message_id == _question.c.id)
        .where(*conditions, *counts_as_answer())
        .correlate(messages, attempts, _earlier)
    )


def counts_as_answer() -> tuple[sa.ColumnElement[bool], ...]:
    """Return what a reply (of `tables.replies`) has to be, to count as an answer."""
    no_word = sa.exists().where(
        _taken_in.c.reply_id == replies.c.id,
        _taken_in.c.reply_id.is_not(None),
        _taken_in.c.cause == ReplyCause.RECEIVED,
        sa.or_(*(_taken_in.c.reasons.startswith(it, autoescape=True) for it in _NO_WORD)),
    )
    return replies.c.triage.not_in(NO_ANSWERS), sa.not_(no_word.correlate(replies))


def is_follow_up(message: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a message asks something because of a reply."""
    return sa.and_(message.c.ask.is_not(None), message.c.reasons.contains('["after_reply"', autoescape=True))


def _is_asked_again(statuses: Collection[Status] = frozenset(Status)) -> sa.Exists:
    return sa.exists().where(
        _later.c.appointment_id == messages.c.appointment_id,
        _later.c.step == messages.c.step,
        _later.c.occurrence > messages.c.occurrence,
        _later.c.status.in_(statuses),
    )


def _was_asked_before() -> sa.Exists:
    """Whether the occurrence before went out for the same visit and nobody answered in between."""
    return sa.exists().where(
        _earlier.c.appointment_id == messages.c.appointment_id,
        _earlier.c.step == messages.c.step,
        _earlier.c.occurrence == messages.c.occurrence - 1,
        _earlier.c.status.in_(IN_HAND),
        _earlier.c.due_at >= appointments.c.starts_at,
        sa.not_(_reply(replies.c.received_at >= _earlier.c.due_at, replies.c.received_at < messages.c.due_at)),
    )


def _latest_answer() -> sa.ScalarSelect[int]:
    found = sa.select(sa.func.max(replies.c.id)).join(_question, replies.c.message_id == _question.c.id)
    found = found.where(_question.c.appointment_id == messages.c.appointment_id, *counts_as_answer())
    return found.correlate(messages).scalar_subquery()


def _asks_after_concern() -> sa.Exists:
    """Whether it is still to go out, maybe by another name, or a question about the visit did after the concern."""
    same = sa.or_(_later.c.step == messages.c.step, is_follow_up(_later))
    waits = sa.and_(same, _later.c.status.in_(UNSENT | {Status.SENDING}))
    asked = sa.exists().where(
        attempts.c.token == _later.c.attempt,
        _later.c.ask.is_not(None),
        _later.c.status.in_(_HANDED_OVER),
        attempts.c.started_at >= _concern.c.received_at,
    )
    there = sa.exists().where(_later.c.appointment_id == messages.c.appointment_id)
    return there.where(sa.or_(waits, asked.correlate(_later, _concern))).correlate(messages, _concern)


def _was_heard(since: sa.ColumnElement[datetime] = attempts.c.started_at) -> sa.Exists:
    return sa.exists().where(
        events.c.appointment_id == messages.c.appointment_id,
        events.c.cause == AppointmentCause.HEARD,
        events.c.at >= since,
    )
