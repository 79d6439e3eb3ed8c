"""What follows from a reply over time: a step that it brings about, and what it makes needless."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.adjustment import Adjustments, Occasion, adjusted
from scheduler.domain.appointment import CALLED_OFF, Reach
from scheduler.domain.clinic import Clinic
from scheduler.domain.followup import (
    MOST_TIMES,
    NO_ANSWERS,
    Again,
    Reply,
    Round,
    follow_ups,
    is_reminder,
    next_occurrence,
    overtaken,
    times_asked,
)
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Protocol, Step
from scheduler.domain.reasons import Reason, because, planned_part
from scheduler.domain.states import UNSENT, Cause, Status
from scheduler.domain.triage import Triage
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import situation_of
from scheduler.services.renaming import name_now
from scheduler.services.schedule import reach_of, standing_messages
from scheduler.services.versions import version_of
from scheduler.store.adjustments import in_force
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.database import Tx
from scheduler.store.due import load_due
from scheduler.store.merges import passengers_of
from scheduler.store.messages import Message, Replan, get_message, messages_of, replan
from scheduler.store.moves import Move
from scheduler.store.patients import get_patient
from scheduler.store.plans import add_planned
from scheduler.store.transitions import lock_in_order, move_all

log = get_logger(__name__)


def plan_after_reply(
    tx: Tx,
    configuration: Configuration,
    question: Message,
    triage: Triage,
    *,
    now: datetime,
    by: str,
    at: datetime | None = None,
) -> list[int]:
    """Do what a reply to `question` asks for over time; return the messages that will ask the patient again.

    For every class of reply, not for a concern alone, but for those that say nothing about the question:

    1. A reminder that waits is cancelled: somebody answered.
    2. A reply that it is better cancels the follow-up of an earlier one, where that has not gone out.
    3. The steps that the protocol has for that class are planned, counted from `at`, when the patient wrote (aware
       UTC; `now` if not given). One that waits already stays as it is, and is in the answer: a doubled reply changes
       nothing. After MOST_TIMES times a step is not planned again.
    4. Where the visit's own protocol has none, those of the other visits that the question was asked for too
       (`domain.merging`). They are not in the answer: that nobody was asked after all is noticed of the question's
       own visit only, so a person is told of such a concern as well.

    Without an answer nobody asks this patient again: after a concern a person has to. The caller holds no message
    yet, and commits. Raises NotFoundError or KeysError for a patient that is gone or can't be opened.
    """
    if triage in NO_ANSWERS:
        return []
    appointment = get_appointment(tx, question.of_visit)
    protocol = _protocol_of(tx, configuration, appointment)
    _hold_with_others(tx, question)
    stored = list(standing_messages(tx, appointment.id))
    take_reminders_back(tx, stored, now=now, by=by)
    if protocol is None or appointment.status in CALLED_OFF:
        _plan_for_others(tx, configuration, question, triage, now=now, by=by, at=at)
        return []
    asked = name_now(protocol, question.step, stored)
    needless = overtaken(protocol, asked, triage)
    _cancel(tx, [it for it in stored if it.step in needless], because("better_since"), now=now, by=by)
    steps = follow_ups(protocol, asked, triage)
    if not steps:
        _plan_for_others(tx, configuration, question, triage, now=now, by=by, at=at)
        return []
    reply = Reply(question.step, triage, at or now)
    clinic, reach = configuration.clinic(appointment.clinic), reach_of(get_patient(tx, appointment.patient_id))
    exceptions = in_force(tx, [appointment.id]).get(appointment.id, {})
    planner = _Planner(tx, clinic, reach, appointment, protocol, exceptions, now, by)
    return [message for step in steps for message in planner.plan(step, reply, stored)]


def _plan_for_others(
    tx: Tx,
    configuration: Configuration,
    question: Message,
    triage: Triage,
    *,
    now: datetime,
    by: str,
    at: datetime | None,
) -> None:
    """Plan by the protocols of the other visits that the question spoke for: its answer counts for those too."""
    for message in _spoken_for(tx, question):
        if message.status is Status.SUPPRESSED:
            plan_after_reply(tx, configuration, message, triage, now=now, by=by, at=at)


def _hold_with_others(tx: Tx, question: Message) -> None:
    """Hold all messages that an answer may touch, in the order of all who lock rows: those of several visits."""
    visits = {it.of_visit for it in _spoken_for(tx, question)}
    if visits:
        lock_in_order(tx, [it.id for visit in (question.of_visit, *visits) for it in messages_of(tx, visit)])


def _spoken_for(tx: Tx, question: Message) -> list[Message]:
    return [get_message(tx, it) for it in passengers_of(tx, question.attempt)] if question.attempt else []


def able_to_go(tx: Tx, configuration: Configuration, ids: Sequence[int], *, now: datetime) -> list[int]:
    """Return which of these messages could reach their patient now, by address, consent and stops, on any channel."""
    if not ids:
        return []
    found: list[int] = []
    for due in load_due(tx, ids, now=now).due:
        message, situation = due.message, situation_of(due, configuration)
        if situation.open_channel((message.channel, *message.fallback)):
            found.append(message.id)
    return found


def take_reminders_back(tx: Tx, messages: Iterable[Message], *, now: datetime, by: str) -> None:
    """Cancel those of a visit's messages that only remind, since somebody answered. The caller commits."""
    _cancel(tx, [it for it in messages if is_reminder(it.reasons)], because("answered"), now=now, by=by)


@dataclass(frozen=True, slots=True)
class _Planner:
    """Plans the steps of one visit that its replies bring about."""

    tx: Tx
    clinic: Clinic
    reach: Reach
    appointment: StoredAppointment
    protocol: Protocol
    exceptions: Adjustments
    now: datetime
    by: str

    def plan(self, step: Step, reply: Reply, stored: Sequence[Message]) -> list[int]:
        """Plan a step, unless it waits already; return the messages of it that wait."""
        mine = [it for it in stored if it.step == step.id]
        rounds = [Round(it.occurrence, it.status, is_reminder(it.reasons)) for it in mine]
        occurrence = next_occurrence(rounds)
        if occurrence is None:
            return [it.id for it in mine if it.status in UNSENT]
        if times_asked(rounds) >= MOST_TIMES:
            log.info("followup.exhausted", appointment=self.appointment.id, step=step.id)
            return []
        again = Again(step, self.clinic, self.reach, occurrence).after(reply, now=self.now)
        occasion = Occasion(self.protocol, self.clinic, self.appointment.visit, self.reach)
        planned = adjusted(again, self.exceptions, occasion, now=self.now)
        ids = self._write(planned, mine)
        waits = any(it.status is Status.SCHEDULED for it in planned)
        log.info("followup.planned", appointment=self.appointment.id, step=step.id, messages=ids, waits=waits)
        return ids if waits else []

    def _write(self, planned: Sequence[PlannedMessage], mine: Sequence[Message]) -> list[int]:
        """Add what is new; what was given up unsent is taken up again."""
        there = {(it.channel, it.occurrence): it for it in mine}
        again = [(there[it.channel, it.occurrence], it) for it in planned if (it.channel, it.occurrence) in there]
        new = [it for it in planned if (it.channel, it.occurrence) not in there]
        digest = self.appointment.pins.get(planned[0].step, self.protocol.digest) if planned else self.protocol.digest
        ids = add_planned(self.tx, self.appointment, new, protocol_digest=digest, now=self.now)
        replans = [Replan(old.id, old.status, it) for old, it in again]
        return ids + replan(self.tx, replans, protocol_digest=digest, now=self.now, by=self.by)


def _protocol_of(tx: Tx, configuration: Configuration, appointment: StoredAppointment) -> Protocol | None:
    """Return the protocol that a visit goes by; None where its clinic is no longer configured, or none is known."""
    return version_of(tx, configuration, appointment) if appointment.clinic in configuration.clinics else None


def _cancel(tx: Tx, messages: Iterable[Message], why: Reason, *, now: datetime, by: str) -> None:
    moves = [
        Move(it.id, it.status, Cause.CANCEL, Status.CANCELLED, by=by, reasons=(*planned_part(it.reasons), why))
        for it in messages
        if it.status in UNSENT
    ]
    move_all(tx, moves, now=now)
