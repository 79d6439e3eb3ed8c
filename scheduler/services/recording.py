"""Records how the hand-overs of a portion ended, and what follows from it, in one commit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.channels.smtp.errors import proves_no_mailbox
from scheduler.domain.consent import Source
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Cause, Status
from scheduler.errors import ChannelError, ErrorKind
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import situation_of
from scheduler.services.catching_up import catch_up
from scheduler.services.circuits import wake
from scheduler.services.consent import stop_address
from scheduler.services.dead_address import give_up
from scheduler.services.fallback import Fallback, add_fallbacks
from scheduler.services.letters import Letter
from scheduler.services.outcomes import Ended, Outcomes
from scheduler.services.reacting import react
from scheduler.services.schedule import plan_anew
from scheduler.store.appointments import get_appointment, hold_appointments
from scheduler.store.database import Store, Tx
from scheduler.store.moves import Outcome
from scheduler.store.patients import get_patient
from scheduler.store.transitions import finish, move_all

log = get_logger(__name__)

NEVER_HERE = (Status.FAILED, Status.SUPPRESSED)
"""The channel won't take it: another of `first_of` may."""


@dataclass(frozen=True, slots=True)
class Handed:
    """One hand-over: what went out, how it ended, what that means. `moved`: the message took it on.

    `stops`: its sender or its channel is stopped for it; nothing else of it is tried.
    """

    letter: Letter
    ended: Ended
    outcome: Outcome
    moved: bool = True
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records for one engine."""

    store: Store
    configuration: Configuration
    outcomes: Outcomes

    def record(self, ended: Sequence[tuple[Letter, Ended]], *, now: datetime) -> list[Handed]:
        """Store every outcome and return them in order. Blocks; commits. Raises StoreError, and may be repeated."""
        with self.store.write() as tx:
            reaction = react(tx, ended, now=now)
            handed = [self._handed(letter, end, reaction.wait, now) for letter, end in ended]
            # The desk holds an appointment before its messages; who did it the other way round would meet it.
            hold_appointments(tx, {it.letter.step.appointment.id for it in handed if it.letter.step and _follows(it)})
            moved = self._move(tx, [it.outcome for it in handed], now)
            handed = [it if it.letter.due.message.id in moved else replace(it, moved=False) for it in handed]
            for it in handed:
                self._follow(tx, it, now)
            fallbacks = self._fallbacks(handed)
            add_fallbacks(tx, fallbacks, now=now, by=self.outcomes.owner)
            back = [it.letter.step.appointment.id for it in handed if it.letter.step and _comes_back(it)]
            visits = [*back, *(it.due.appointment.id for it in fallbacks)]
            catch_up(tx, self.configuration, visits, now=now, by=self.outcomes.owner)
            if reaction.mended:
                wake(tx, self.configuration, now=now)
        for it in handed:
            _log(it)
        return handed

    def _handed(self, letter: Letter, end: Ended, waiting: Collection[int], now: datetime) -> Handed:
        other, waits = self._other(letter) is not None, letter.due.message.id in waiting
        outcome = self.outcomes.of(letter, end, now=now, other_open=other, at_circuit=waits)
        return Handed(letter, end, outcome, stops=waits)

    def _move(self, tx: Tx, outcomes: Sequence[Outcome], now: datetime) -> set[int]:
        """Move the messages on; one that was taken for lost while its call went on is settled by its end."""
        moved = set(finish(tx, outcomes, now=now))
        late = [it for it in outcomes if it.move.message_id not in moved and it.move.to is not Status.UNKNOWN]
        settled = [
            replace(
                it.move, expected=Status.UNKNOWN, cause=Cause.SETTLE, attempt=it.token, provider_id=it.provider_id
            )
            for it in late
        ]
        return moved | set(move_all(tx, settled, now=now))

    def _follow(self, tx: Tx, handed: Handed, now: datetime) -> None:
        """Do what an end asks for beyond its message."""
        message, by = handed.letter.due.message, self.outcomes.owner
        if handed.outcome.error_kind is ErrorKind.OPT_OUT:
            address, source = handed.letter.outgoing.to, Source.PROVIDER
            stop_address(tx, message.clinic, message.channel, address, source=source, by=by, now=now)
        if _has_no_mailbox(handed):
            where = (message.clinic, message.channel, handed.letter.outgoing.to)
            give_up(tx, self.configuration, *where, by=by, now=now, code=handed.outcome.error_code or "")
        if _comes_back(handed):
            self._plan_anew_if_moved(tx, handed, now)

    def _plan_anew_if_moved(self, tx: Tx, handed: Handed, now: datetime) -> None:
        """Plan again what comes back for another try after its appointment was moved: it still has the old times."""
        if handed.letter.step is None:
            return
        known = handed.letter.step.appointment
        current = get_appointment(tx, known.id)
        if current.visit != known.visit:
            patient = get_patient(tx, current.patient_id)
            plan_anew(tx, self.configuration, current, patient, now=now, by=self.outcomes.owner)

    def _fallbacks(self, handed: Sequence[Handed]) -> list[Fallback]:
        return [
            Fallback(it.letter.step, self._other(it.letter))
            for it in handed
            if it.letter.step and it.moved and it.outcome.move.to in NEVER_HERE
        ]

    def _other(self, letter: Letter) -> Channel | None:
        """Return the channel that may take the place of a letter's own."""
        due = letter.step
        if due is None or not due.message.fallback:
            return None
        return situation_of(due, self.configuration).open_channel(due.message.fallback)


def _comes_back(handed: Handed) -> bool:
    return handed.moved and handed.outcome.move.to is Status.SCHEDULED


def _follows(handed: Handed) -> bool:
    """Whether its appointment is looked at: what comes back may have been moved, and a fallback is added."""
    return handed.outcome.move.to in (Status.SCHEDULED, *NEVER_HERE)


def _has_no_mailbox(handed: Handed) -> bool:
    """Whether the server said that a patient's mailbox does not exist: as good a proof as a mail that returns."""
    message, outcome = handed.letter.due.message, handed.outcome
    refused = message.channel is Channel.EMAIL and outcome.error_kind is ErrorKind.PERMANENT
    return refused and message.kind is not MessageKind.ALERT and proves_no_mailbox(outcome.error_code or "")


def _log(handed: Handed) -> None:
    end, message = handed.ended, handed.letter.due.message
    if isinstance(end, ChannelError):
        log.warning(
            "message.not_taken",
            message=message.id,
            channel=message.channel,
            kind=end.kind,
            code=end.code,
            reason=str(end),
        )
    if not handed.moved:
        log.warning("outcome.late", message=message.id, outcome=handed.outcome.move.to)
