"""What is asked again over time: a step that a reply brings about, and a question that nobody answered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduler.domain.appointment import Reach
from scheduler.domain.clinic import Clinic
from scheduler.domain.hours import SendingHours, sending_hours
from scheduler.domain.lateness import Settled, send_from
from scheduler.domain.localtime import instant, move, shift
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.planning import messages_of_step
from scheduler.domain.protocol import AfterReply, Protocol, Step
from scheduler.domain.reasons import Reason, because
from scheduler.domain.spans import Span
from scheduler.domain.states import IN_HAND, REPLANNABLE, UNSENT, Status
from scheduler.domain.timing import USEFUL_FOR, Nominal
from scheduler.domain.triage import Triage

MOST_TIMES = 3
"""How often a step is sent because of replies; after that a person has to ask."""

LISTED_AT = time(8)
"""From when on, the morning after, staff see who has not answered."""

BETTER = frozenset({Triage.FINE})
"""After these the patient is not asked again what brought the question about."""


NO_ANSWERS = frozenset({Triage.STOP, Triage.START, Triage.HELP})
"""What says nothing about what was asked: who writes only that has not answered."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a patient answered to `step`, read as `triage`, at `at` (aware UTC)."""

    step: str
    triage: Triage
    at: datetime


def follow_ups(protocol: Protocol, step_id: str, triage: Triage) -> tuple[Step, ...]:
    """Return the steps that such a reply to that step brings about.

    A step that asks again what the one before it asked stands in its place: the answer to a recheck counts as one to
    the check, where no step waits for the recheck's own.
    """
    for question in _in_place_of(protocol, step_id):
        waiting = tuple(step for step in _waiting_for(protocol, question) if triage in _timing(step).triage)
        if waiting:
            return waiting
    return ()


def overtaken(protocol: Protocol, step_id: str, triage: Triage) -> frozenset[str]:
    """Return the steps that such a reply makes needless: they ask somebody who has since said to be better."""
    if triage not in BETTER:
        return frozenset()
    return frozenset(
        step.id
        for question in _in_place_of(protocol, step_id)
        for step in _waiting_for(protocol, question)
        if triage not in _timing(step).triage
    )


@dataclass(frozen=True, slots=True)
class Again:
    """A step that is wanted for a patient beside the plan, as which occurrence."""

    step: Step
    clinic: Clinic
    reach: Reach
    occurrence: int

    def after(self, reply: Reply, *, now: datetime) -> tuple[PlannedMessage, ...]:
        """Plan what a reply brings about: `wait` counts in calendar days from its date at the clinic, or elapses.

        One whose usefulness has passed by `now` is planned as expired.
        """
        timing = _timing(self.step)
        said = {"step": reply.step, "triage": reply.triage.value, "reply_at": reply.at}
        why = because("after_reply", span=str(timing.wait), **said)
        return self._planned(self._count(reply.at, timing.wait, timing.at), why, now)

    def reminder(self, asked_at: datetime, *, now: datetime) -> tuple[PlannedMessage, ...]:
        """Plan the one reminder of what was handed over at `asked_at`; nothing where the step has none.

        `after` counts in calendar days from that date at the clinic, or elapses.
        """
        if self.step.remind is None:
            return ()
        planned_at = self._count(asked_at, self.step.remind.after, self.step.remind.at)
        return self._planned(planned_at, because("reminder", asked_at=asked_at), now)

    def _count(self, start: datetime, span: Span, at: time | None) -> datetime:
        """Return the instant, never before `start`; `at` is wall-clock time where the patient is.

        Without it calendar spans keep the wall clock that the start had at the clinic.
        """
        if at is None or span.on_clock:
            return move(start, span, self.clinic.timezone)
        day = shift(start.astimezone(self.clinic.timezone).date(), span)
        return max(instant(day, at, self._zone), start.astimezone(UTC))

    def _planned(self, planned_at: datetime, why: Reason, now: datetime) -> tuple[PlannedMessage, ...]:
        useful_for = self.step.useful_for
        until = planned_at + USEFUL_FOR if useful_for is None else move(planned_at, useful_for, self._zone)
        hours = sending_hours(self.step, self.clinic, self.reach.timezone)
        going = send_from(max(planned_at, now), hours, until)
        late = (because("registered_late", due_at=planned_at),) if planned_at < now else ()
        # What does not go out keeps the instant that it was due at: that is what its reasons speak of.
        at = going.at if going.status is Status.SCHEDULED else planned_at
        settled = Settled(going.status, at, (why, *late, *going.reasons))
        nominal = Nominal(planned_at, until, (why,))
        return tuple(messages_of_step(self.step, nominal, settled, self.reach, occurrence=self.occurrence))

    @property
    def _zone(self) -> ZoneInfo:
        return self.reach.timezone or self.clinic.timezone


def is_reminder(reasons: Sequence[Reason]) -> bool:
    """Whether a message that waits asks again only because nobody answered."""
    return reminds_since(reasons) is not None


def reminds_since(reasons: Sequence[Reason]) -> datetime | None:
    """Return since when nobody answered what a reminder asks again (aware UTC); None for what is no reminder."""
    for reason in reasons:
        if reason.code == "reminder":
            return datetime.fromisoformat(dict(reason.params)["asked_at"])
    return None


def reply_of(reasons: Sequence[Reason]) -> Reply | None:
    """Return the reply that brought a message about, None for one that no reply did."""
    for reason in reasons:
        if reason.code == "after_reply":
            said = dict(reason.params)
            return Reply(said["step"], Triage(said["triage"]), datetime.fromisoformat(said["reply_at"]))
    return None


def is_beside_plan(reasons: Sequence[Reason]) -> bool:
    """Whether no plan of a visit has such a message: a reply brought it about, or the lack of one."""
    return any(reason.code in ("after_reply", "reminder") for reason in reasons)


def listed_at(clinic: Clinic, asked_at: datetime) -> datetime:
    """Return when staff see that a question of `asked_at` was not answered: the next morning, out of quiet hours.

    On closed days too: whoever answers for the clinic then should know.
    """
    zone = clinic.timezone
    morning = instant(asked_at.astimezone(zone).date() + timedelta(days=1), LISTED_AT, zone)
    return SendingHours(zone, zone, clinic.quiet_hours).defer(morning, morning + timedelta(days=1))[0]


@dataclass(frozen=True, slots=True)
class Round:
    """A message of a step that is there already: which occurrence, where it stands, whether it only reminds."""

    occurrence: int
    status: Status
    reminds: bool = False


def next_occurrence(rounds: Sequence[Round]) -> int | None:
    """Return as which occurrence a step is wanted again, None while its last one is still to come.

    One that was given up unsent is taken up again; after one that was handed over comes the next.
    """
    last = max((it.occurrence for it in rounds), default=0)
    statuses = {it.status for it in rounds if it.occurrence == last}
    if statuses & UNSENT:
        return None
    return last if last and statuses <= REPLANNABLE else last + 1


def times_asked(rounds: Sequence[Round]) -> int:
    """Return how often a step went out, reminders not counted."""
    return len({it.occurrence for it in rounds if it.status in IN_HAND and not it.reminds})


def _in_place_of(protocol: Protocol, step_id: str) -> Iterator[str]:
    """Yield the step and, one after the other, the earlier ones whose question it asks again."""
    step = protocol.step(step_id)
    while step is not None:
        yield step.id
        earlier = protocol.step(step.timing.to) if isinstance(step.timing, AfterReply) else None
        step = earlier if earlier and step.ask and step.ask == earlier.ask else None


def _waiting_for(protocol: Protocol, step_id: str) -> Iterator[Step]:
    for step in protocol.steps:
        if isinstance(step.timing, AfterReply) and step.timing.to == step_id:
            yield step


def _timing(step: Step) -> AfterReply:
    assert isinstance(step.timing, AfterReply)
    return step.timing
