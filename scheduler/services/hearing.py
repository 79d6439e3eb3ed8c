"""What a provider's word on a hand-over does: to the attempt, to its message, to stops and to the other channel."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.channels.meaning import Meaning
from scheduler.channels.smtp.errors import returned
from scheduler.channels.twilio.errors import meaning_of_report, reported
from scheduler.domain.consent import Source
from scheduler.domain.reasons import Reason, because, planned_part
from scheduler.domain.retry import REPORT_AFTER
from scheduler.domain.states import REPLANNABLE, Cause, Status, told
from scheduler.errors import ErrorKind, Scope
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import situation_of
from scheduler.services.catching_up import catch_up
from scheduler.services.circuits import close_tried, fault_of, open_up, wake
from scheduler.services.consent import stop_address
from scheduler.services.fallback import Fallback, add_fallbacks, siblings, take_back
from scheduler.services.pacing import hold_back
from scheduler.store.appointments import hold_appointments
from scheduler.store.attempts import Attempt, Told, close_by_receipt, find_attempt, stands_otherwise
from scheduler.store.circuits import last_closed
from scheduler.store.database import Tx
from scheduler.store.due import load_due
from scheduler.store.merges import passengers_of
from scheduler.store.messages import Message, get_message
from scheduler.store.moves import Move
from scheduler.store.transitions import lock_in_order, move_all

NEWS = timedelta(days=1)
"""What a report says of a sender counts so long after the hand-over: later ones tell of what was then."""

BAD_NEWS = (Status.FAILED, Status.UNDELIVERED)


@dataclass(frozen=True, slots=True)
class Word:
    """What the provider says: `said` is one of `states.PROOF`, `at` when it was heard. An error code may be "".

    `left`: the message has left the provider; its sender works. `why` is what a mail that came back says; without it
    the error code is Twilio's.
    """

    said: Status
    provider_id: str
    error_code: str
    at: datetime
    left: bool = False
    why: Meaning | None = None

    @property
    def meaning(self) -> Meaning | None:
        """Why it did not arrive; None for good news."""
        return (self.why or meaning_of_report(self.error_code)) if self.said in BAD_NEWS else None


@dataclass(frozen=True, slots=True)
class Hearing:
    """Takes a provider's word in, in the transaction of the caller, who commits."""

    configuration: Configuration
    by: str

    def hear(self, tx: Tx, token: str, message_id: int, word: Word, *, now: datetime) -> Status | None:
        """Do what a word on the attempt `token` asks for; return where its message went, None when it stayed.

        Words may come in any order, doubled and late: a message never goes back. Good news always counts; bad news
        ends its attempt, and the message only where it stands on that one.
        """
        attempt, message = find_attempt(tx, token), get_message(tx, message_id)
        assert attempt is not None
        mended = self.look_beyond(tx, attempt, message, word, now)
        asked = word.meaning or message.fallback
        spoken = [get_message(tx, it) for it in passengers_of(tx, token)] if asked else []
        if visits := {it.of_visit for it in (message, *spoken) if it.fallback}:
            hold_appointments(tx, visits)
        to = self._take_in(tx, attempt, message_id, word, now)
        if to and word.meaning:
            self._fall_over_too(tx, spoken, now)
        elif to:
            for it in spoken:
                take_back(tx, it, now=now, by=self.by)
        if mended:
            wake(tx, self.configuration, now=now)
        return to

    def _take_in(self, tx: Tx, attempt: Attempt, message_id: int, word: Word, now: datetime) -> Status | None:
        message = get_message(tx, message_id)
        others = siblings(tx, message) if message.fallback else []
        lock_in_order(tx, [message_id, *(it.id for it in others)])
        message = get_message(tx, message_id)
        _close(tx, attempt, word, now)
        if word.meaning and word.meaning.kind is ErrorKind.OPT_OUT and attempt.address:  # "": erased since
            address, source = attempt.address, Source.PROVIDER
            stop_address(tx, message.clinic, message.channel, address, source=source, by=self.by, now=now)
        if word.meaning and not _stands_on(tx, message, attempt):
            return None
        to = told(message.status, word.said)
        if to is message.status:
            return None
        move_all(tx, [self._move(message, attempt, word, to)], now=now)
        if word.meaning and message.fallback:
            self._fall_over(tx, message, now)
        elif others:
            take_back(tx, message, now=now, by=self.by)
        return to

    def look_beyond(self, tx: Tx, attempt: Attempt, message: Message, word: Word, now: datetime) -> bool:
        """Stop, slow down or let go on what the word says of the sender or the channel, if it is news.

        The caller has taken no message yet. Return whether something is mended: then it ends with `circuits.wake`.
        """
        self._slow_down_or_stop(tx, attempt, message, word, now)
        return word.left and close_tried(tx, [message.id], reported=True, now=now)

    def _slow_down_or_stop(self, tx: Tx, attempt: Attempt, message: Message, word: Word, now: datetime) -> None:
        clinic = self.configuration.clinics.get(message.clinic)
        if word.meaning is None or clinic is None or now - attempt.started_at > NEWS:
            return
        sender = clinic.sender(message.channel)
        error = (returned if word.why else reported)(word.meaning, word.error_code)
        hold_back(tx, message.channel, sender, error, now=now)
        if error.kind is ErrorKind.CONFIGURATION and error.scope is not Scope.MESSAGE:
            fault = replace(fault_of(message.channel, sender, error), reported=True)
            mended = last_closed(tx, fault.channel, fault.sender)
            if mended is None or mended < attempt.started_at:
                open_up(tx, {fault: [message.id]}, now=now)

    def _move(self, message: Message, attempt: Attempt, word: Word, to: Status) -> Move:
        return Move(
            message.id,
            message.status,
            Cause.RECEIPT,
            to,
            by=self.by,
            reasons=(*planned_part(message.reasons), *_reasons(attempt, word)),
            provider_id=word.provider_id,
            look_at=word.at + REPORT_AFTER if to is Status.ACCEPTED else None,
        )

    def _fall_over_too(self, tx: Tx, spoken: Sequence[Message], now: datetime) -> None:
        """Let what it spoke for, and what waits no more for that, take its other channel too."""
        for message in spoken:
            if message.fallback and message.status is Status.SUPPRESSED:
                self._fall_over(tx, message, now)

    def _fall_over(self, tx: Tx, message: Message, now: datetime) -> None:
        """Let another channel of `first_of` take its place, while that helps."""
        for due in load_due(tx, [message.id], now=now).due:
            if message.clinic in self.configuration.clinics:
                channel = situation_of(due, self.configuration).open_channel(message.fallback)
                add_fallbacks(tx, [Fallback(due, channel)], now=now, by=self.by)
                catch_up(tx, self.configuration, [due.appointment.id], now=now, by=self.by)


def _stands_on(tx: Tx, message: Message, attempt: Attempt) -> bool:
    """Whether a message fails with that hand-over: the latest, or an older one that was taken, and none is better.

    One that was planned for another time since then is not ended by what became of it before.
    """
    if message.status in REPLANNABLE and message.due_at > attempt.started_at:
        return False
    is_last = message.attempt == attempt.token or message.status is Status.ACCEPTED
    return is_last and not stands_otherwise(tx, attempt)


def _close(tx: Tx, attempt: Attempt, word: Word, now: datetime) -> None:
    outcome = told(attempt.outcome or Status.SENDING, word.said)
    if outcome is not attempt.outcome:
        kind = word.meaning.kind if word.meaning else None
        close_by_receipt(tx, attempt.token, Told(outcome, word.provider_id, kind, word.error_code), now=now)


def _reasons(attempt: Attempt, word: Word) -> tuple[Reason, ...]:
    if word.meaning:
        error = ": ".join(part for part in (word.error_code, word.meaning.words) if part)
        return (because("not_delivered", error=error),)
    sent = because("sent", at=attempt.started_at)
    return (sent, because("delivered", at=word.at) if word.said is Status.DELIVERED else because("found"))
