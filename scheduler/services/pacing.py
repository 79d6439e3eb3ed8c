"""Gives each SMS its sender's turn, so that a provider's queue never holds what would be stale when it leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.domain.outgoing import OutgoingSms
from scheduler.domain.pacing import AHEAD, Queue, held_until, rate_of
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import because
from scheduler.domain.situation import Decision, Kind
from scheduler.domain.states import Brake
from scheduler.errors import ChannelError, ErrorKind, Scope
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import situation_of
from scheduler.services.judging import Verdict
from scheduler.services.letters import Letter
from scheduler.store import senders
from scheduler.store.database import Tx
from scheduler.store.due import DueMessage


@dataclass(frozen=True, slots=True)
class Turns:
    """The letters whose turn it is, and what becomes of the others; `slots` has the turn of what waits for it."""

    letters: list[Letter]
    put_off: list[Verdict]
    slots: Mapping[int, datetime]


@dataclass(frozen=True, slots=True)
class Pacer:
    """Gives out turns by the senders' rates. Counts for all engines on the database."""

    configuration: Configuration

    def pace(self, tx: Tx, letters: Sequence[Letter], *, now: datetime) -> Turns:
        """Give every SMS its turn, the one due longest first.

        What has its turn within the next minutes goes out now and waits at the provider; the others wait here. The
        caller commits, and does this before it takes messages: others wait for these senders until then.
        """
        queues = self._queues(tx, letters, now)
        known = {key: queue.free_at for key, queue in queues.items()}
        paced = [it for it in letters if it.channel is Channel.SMS and it.outgoing.sender.key in queues]
        turns = {it.due.message.id: _turn(it, queues, now) for it in sorted(paced, key=_since)}
        taken = {key: queue.free_at for key, queue in queues.items() if queue.free_at != known[key]}
        senders.set_free_at(tx, Channel.SMS, taken, now=now)
        # A notice takes its turn and waits for none: what a person must know now stands behind no campaign.
        waiting = [it.step for it in paced if it.step and not _goes_now(it.step, turns[it.due.message.id], now)]
        put_off = [self._put_off(due, turns[due.message.id]) for due in waiting]
        kept = {it.due.message.id for it in put_off if it.decision.kind is Kind.WAIT}
        away = {due.message.id for due in waiting}
        going = [replace(it, slot_at=turns.get(it.due.message.id)) for it in letters if it.due.message.id not in away]
        return Turns(going, put_off, {key: turns[key] for key in kept})

    def _queues(self, tx: Tx, letters: Sequence[Letter], now: datetime) -> dict[str, Queue]:
        """Return the queues of the senders that have a rate, or that their provider told to wait."""
        rates: dict[str, int | None] = {}
        for sender in {it.outgoing.sender for it in letters if isinstance(it.outgoing, OutgoingSms)}:
            rate, known = rate_of(sender), rates.get(sender.key)  # several clinics may share one: the slowest counts
            rates[sender.key] = min(rate, known) if rate and known else rate or known
        if not rates:
            return {}
        found = senders.standings(tx, Channel.SMS, {key: rate is not None for key, rate in rates.items()}, now=now)
        return {key: Queue(it.free_at, rates[key], it.rests_until) for key, it in found.items()}

    def _put_off(self, due: DueMessage, slot: datetime) -> Verdict:
        if slot < due.message.useful_until:
            waits = because("rate", turn_at=slot)
            return Verdict(due, Decision(Kind.WAIT, (waits,), slot - AHEAD, brake=Brake.RATE))
        reason = because("rate_too_slow", turn_at=slot)
        other = situation_of(due, self.configuration).open_channel(due.message.fallback)
        if other:
            return Verdict(due, Decision(Kind.SUPPRESS, (reason,), fallback=other))
        return Verdict(due, Decision(Kind.EXPIRE, (reason,)))


def hold_back(tx: Tx, channel: Channel, sender: str, error: ChannelError, *, now: datetime) -> None:
    """Let a sender rest that its provider told to slow down.

    The caller does this before it changes circuits and takes messages, in the order of the senders, and commits.
    """
    if error.kind is ErrorKind.TRANSIENT and error.scope is Scope.SENDER and error.retry_after and sender:
        senders.hold_until(tx, channel, sender, held_until(now, error.retry_after), now=now)


def _since(letter: Letter) -> tuple[datetime, int]:
    return letter.due.message.due_at, letter.due.message.id


def _goes_now(due: DueMessage, turn: datetime, now: datetime) -> bool:
    return turn < due.message.useful_until and turn - now <= AHEAD


def _turn(letter: Letter, queues: Mapping[str, Queue], now: datetime) -> datetime:
    message, queue = letter.due.message, queues[letter.outgoing.sender.key]
    return queue.turn_of(message.slot_at, letter.segments or 1, now=now, useful_until=message.useful_until)
