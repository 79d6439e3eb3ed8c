"""What the end of a hand-over means for its message: the one place where a channel's error becomes a next step."""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from scheduler.domain.consent import address_of
from scheduler.domain.outgoing import Accepted
from scheduler.domain.reasons import Reason, because, planned_part
from scheduler.domain.retry import LOOK_AFTER, REPORT_AFTER, next_try
from scheduler.domain.states import Cause, Status
from scheduler.errors import ChannelError, ErrorKind
from scheduler.services.letters import Letter
from scheduler.store.messages import Message
from scheduler.store.moves import Move, Outcome

Ended = Accepted | ChannelError
"""How a hand-over ended."""

FOR_GOOD = (ErrorKind.PERMANENT, ErrorKind.CONTENT)
"""This message on this channel will never be taken."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Turns ends into outcomes; `rng` spreads the retries."""

    owner: str
    rng: Random

    def of(self, letter: Letter, ended: Ended, *, now: datetime, other_open: bool = False) -> Outcome:
        """Return what is to be stored for one hand-over; `other_open`: another channel may take its place."""
        if isinstance(ended, Accepted):
            move = self._move(
                letter,
                Cause.ACCEPT,
                Status.ACCEPTED,
                *planned_part(letter.due.message.reasons),
                because("sent", at=now),
                look_at=now + REPORT_AFTER if ended.reports else None,
            )
            return Outcome(letter.outgoing.attempt, move, provider_id=ended.provider_id)
        move = self._failed(letter, ended, now, other_open=other_open)
        return Outcome(letter.outgoing.attempt, move, error_kind=ended.kind, error_code=ended.code)

    def _failed(self, letter: Letter, error: ChannelError, now: datetime, *, other_open: bool) -> Move:
        if error.kind is ErrorKind.UNKNOWN:
            unknown = because("outcome_unknown")
            return self._move(letter, Cause.LOSE, Status.UNKNOWN, unknown, look_at=now + LOOK_AFTER)
        if error.kind is ErrorKind.OPT_OUT:
            stopped = because("stopped", address=address_of(letter.due.message.channel))
            return self._move(letter, Cause.DECIDE, Status.SUPPRESSED, stopped)
        if error.kind in FOR_GOOD or (other_open and _half_over(letter.due.message, now)):
            return self._move(letter, Cause.REFUSE, Status.FAILED, because("refused", error=_said(error)))
        return self._again(letter, error, now)

    def _again(self, letter: Letter, error: ChannelError, now: datetime) -> Move:
        """Try again while it is useful. A wrong account or sender is waited for too: the message is not at fault."""
        message = letter.due.message
        at = next_try(
            message.tries + 1,
            now=now,
            useful_until=message.useful_until,
            rng=self.rng,
            retry_after=error.retry_after,
        )
        failed = because("refused", error=_said(error))
        if at is None:
            until = because("not_useful", until_at=message.useful_until)
            return self._move(letter, Cause.DECIDE, Status.EXPIRED, failed, until)
        retry = because("retry", until_at=at, error=_said(error))
        planned = planned_part(message.reasons)
        return self._move(letter, Cause.RETRY, Status.SCHEDULED, *planned, retry, try_at=at)

    def _move(
        self,
        letter: Letter,
        cause: Cause,
        to: Status,
        *reasons: Reason,
        try_at: datetime | None = None,
        look_at: datetime | None = None,
    ) -> Move:
        message_id, by = letter.due.message.id, self.owner
        return Move(message_id, Status.SENDING, cause, to, by=by, reasons=reasons, try_at=try_at, look_at=look_at)


def _half_over(message: Message, now: datetime) -> bool:
    """Whether half of the time in which it helps has gone: a channel that is away so long gives way to the other."""
    return now - message.planned_at >= (message.useful_until - message.planned_at) / 2


def _said(error: ChannelError) -> str:
    return f"{error.code}: {error}" if error.code else str(error)
