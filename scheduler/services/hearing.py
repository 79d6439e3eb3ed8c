"""What a provider's word on a hand-over does: to the attempt, to its message, to stops and to the other channel."""

from dataclasses import dataclass
from datetime import datetime

from scheduler.channels.twilio.errors import Meaning, meaning_of_report
from scheduler.domain.reasons import Reason, because, planned_part
from scheduler.domain.retry import REPORT_AFTER
from scheduler.domain.states import Cause, Status, told
from scheduler.errors import ErrorKind
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import situation_of
from scheduler.services.fallback import Fallback, add_fallbacks
from scheduler.store.attempts import Attempt, Told, close_by_receipt, find_attempt
from scheduler.store.consents import record_stop
from scheduler.store.database import Tx
from scheduler.store.due import load_due
from scheduler.store.messages import Message, get_message
from scheduler.store.moves import Move
from scheduler.store.transitions import lock_in_order, move_all

BAD_NEWS = (Status.FAILED, Status.UNDELIVERED)


@dataclass(frozen=True, slots=True)
class Word:
    """What the provider says: `said` is one of `states.PROOF`, `at` when it was heard. An error code may be ""."""

    said: Status
    provider_id: str
    error_code: str
    at: datetime

    @property
    def meaning(self) -> Meaning | None:
        """Why it did not arrive; None for good news."""
        return meaning_of_report(self.error_code) if self.said in BAD_NEWS else None


@dataclass(frozen=True, slots=True)
class Hearing:
    """Takes a provider's word in, in the transaction of the caller, who commits."""

    configuration: Configuration
    by: str

    def hear(self, tx: Tx, token: str, message_id: int, word: Word, *, now: datetime) -> Status | None:
        """Do what a word on the attempt `token` asks for; return where its message went, None when it stayed.

        Words may come in any order, doubled and late: a message never goes back. Of an attempt that is not the
        message's latest only good news counts; bad news ends that attempt.
        """
        lock_in_order(tx, [message_id])
        attempt, message = find_attempt(tx, token), get_message(tx, message_id)
        assert attempt is not None
        _close(tx, attempt, word, now)
        if word.meaning and word.meaning.kind is ErrorKind.OPT_OUT:
            address = attempt.address
            record_stop(tx, message.clinic, message.channel, address, source="provider", by=self.by, now=now)
        if word.meaning and message.attempt != token:
            return None
        to = told(message.status, word.said)
        if to is message.status:
            return None
        move_all(tx, [self._move(message, attempt, word, to)], now=now)
        if word.meaning and message.fallback:
            self._fall_over(tx, message, now)
        return to

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

    def _fall_over(self, tx: Tx, message: Message, now: datetime) -> None:
        """Let another channel of `first_of` take its place, while that helps."""
        for due in load_due(tx, [message.id], now=now).due:
            if message.clinic in self.configuration.clinics:
                channel = situation_of(due, self.configuration).open_channel(message.fallback)
                add_fallbacks(tx, [Fallback(due, channel)], now=now, by=self.by)


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
