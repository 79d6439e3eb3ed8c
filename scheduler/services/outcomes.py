"""What the end of a hand-over means for its message: the one place where a channel's error becomes a next step."""

from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from scheduler.domain.circuit import look_again
from scheduler.domain.consent import address_of
from scheduler.domain.outgoing import Accepted
from scheduler.domain.reasons import Reason, because, planned_part
from scheduler.domain.retry import LOOK_AFTER, REPORT_AFTER, next_try
from scheduler.domain.states import Brake, Cause, Status
from scheduler.errors import ChannelError, ErrorKind
from scheduler.services.binding import pending_of
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

    def of(
        self, letter: Letter, ended: Ended, *, now: datetime, other_open: bool = False, at_circuit: bool = False
    ) -> Outcome:
        """Return what is to be stored for one hand-over.

        `other_open`: another channel may take its place. `at_circuit`: its sender or channel is stopped now, and it
        waits for that.
        """
        if isinstance(ended, Accepted):
            move = self._move(
                letter,
                Cause.ACCEPT,
                Status.ACCEPTED,
                *planned_part(letter.due.message.reasons),
                because("sent", at=now),
                look_at=now + REPORT_AFTER if ended.reports else None,
                provider_id=ended.provider_id,
            )
            return Outcome(letter.outgoing.attempt, move, provider_id=ended.provider_id)
        if at_circuit and not (other_open and _gives_way(letter.due.message, now)):
            move = self._waits(letter, ended, now, other_open=other_open)
        else:
            move = self._failed(letter, ended, now, other_open=other_open)
        return Outcome(letter.outgoing.attempt, move, error_kind=ended.kind, error_code=ended.code)

    def _failed(self, letter: Letter, error: ChannelError, now: datetime, *, other_open: bool) -> Move:
        if error.kind is ErrorKind.UNKNOWN:
            unknown = because("outcome_unknown")
            return self._move(letter, Cause.LOSE, Status.UNKNOWN, unknown, look_at=now + LOOK_AFTER)
        if error.kind is ErrorKind.OPT_OUT:
            stopped = because("stopped", address=address_of(letter.due.message.channel))
            return self._move(letter, Cause.DECIDE, Status.SUPPRESSED, stopped)
        if error.kind in FOR_GOOD or (other_open and _gives_way(letter.due.message, now)):
            return self._move(letter, Cause.REFUSE, Status.FAILED, because("refused", error=_said(error)))
        return self._again(letter, error, now)

    def _waits(self, letter: Letter, error: ChannelError, now: datetime, *, other_open: bool) -> Move:
        """Wait while it is useful for the account or the sender to be mended: the message is not at fault."""
        message = letter.due.message
        way_out = pending_of(message).half_over_at if other_open else None
        at = look_again(now, useful_until=message.useful_until, gives_way_at=way_out)
        waits = because("circuit", error=_said(error))
        planned = planned_part(message.reasons)
        move = self._move(letter, Cause.RETRY, Status.SCHEDULED, *planned, waits, try_at=at)
        return replace(move, brake=Brake.CIRCUIT)

    def _again(self, letter: Letter, error: ChannelError, now: datetime) -> Move:
        """Try again while it is useful."""
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
        provider_id: str | None = None,
    ) -> Move:
        return Move(
            letter.due.message.id,
            Status.SENDING,
            cause,
            to,
            by=self.owner,
            reasons=reasons,
            try_at=try_at,
            look_at=look_at,
            attempt=letter.outgoing.attempt,
            provider_id=provider_id,
        )


def _gives_way(message: Message, now: datetime) -> bool:
    """Whether half of the time in which it helps has gone: a channel that is away so long gives way to the other."""
    return now >= pending_of(message).half_over_at


def _said(error: ChannelError) -> str:
    return f"{error.code}: {error}" if error.code else str(error)
