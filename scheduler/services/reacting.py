"""What the ends of a portion say of their senders and channels: refused, mended, told to rest."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.outgoing import Accepted
from scheduler.domain.protocol import Channel
from scheduler.errors import ChannelError, ErrorKind, Scope
from scheduler.logs import get_logger
from scheduler.services.circuits import close_tried, fault_of, open_up
from scheduler.services.letters import Letter
from scheduler.services.outcomes import Ended
from scheduler.services.pacing import hold_back
from scheduler.store.circuits import Fault, begun_before_closed, proven_since_refused
from scheduler.store.database import Tx

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reaction:
    """What came of it: the messages that `wait` until their sender or channel is mended; whether one is `mended`.

    What no message waits for was not stopped.
    """

    wait: Collection[int]
    mended: bool


def react(tx: Tx, ended: Sequence[tuple[Letter, Ended]], *, now: datetime) -> Reaction:
    """Do what the ends ask for. The caller takes no appointment or message before it, and commits.

    Where something is mended the caller ends with `circuits.wake`.
    """
    by_sender = sorted(ended, key=lambda it: (it[0].channel, it[0].outgoing.sender.key))
    for letter, end in by_sender:  # one order for all: whoever takes senders in another would meet this one
        if isinstance(end, ChannelError):
            hold_back(tx, letter.channel, letter.outgoing.sender.key, end, now=now)
    wait = _stop(tx, ended, now)
    tried = [letter.due.message.id for letter, end in ended if letter.trial and isinstance(end, Accepted)]
    return Reaction(wait, bool(tried) and close_tried(tx, tried, reported=False, now=now))


def _stop(tx: Tx, ended: Sequence[tuple[Letter, Ended]], now: datetime) -> set[int]:
    """Open the circuits of what is refused; return what waits for them.

    Not for what is refused alone, beside others or after a proof, nor for what began before its circuit was closed.
    """
    works = {key for letter, end in ended if isinstance(end, Accepted) for key in _keys(letter)}
    refused: dict[Fault, list[Letter]] = {}
    for letter, end in ended:
        fault = fault_in(letter, end) if isinstance(end, ChannelError) else None
        if fault and (fault.channel, fault.sender) not in works:
            refused.setdefault(fault, []).append(letter)
    stopping = {fault: _at_fault(tx, fault, letters) for fault, letters in refused.items()}
    open_up(tx, {fault: messages for fault, messages in stopping.items() if messages}, now=now)
    return set().union(*stopping.values())


def _at_fault(tx: Tx, fault: Fault, letters: Sequence[Letter]) -> set[int]:
    """Return the messages whose refusal says that their sender or channel does not work now."""
    again = sorted(it.due.message.id for it in letters if it.due.message.tries)
    alone = proven_since_refused(tx, again, fault) if again else frozenset()
    if alone:
        log.warning("message.refused_alone", messages=sorted(alone), code=fault.code)
    old = begun_before_closed(tx, [it.outgoing.attempt for it in letters], fault)
    return {it.due.message.id for it in letters} - alone - old


def _keys(letter: Letter) -> tuple[tuple[Channel, str], ...]:
    """Return what works when a letter was taken: its sender, and its channel as a whole."""
    return (letter.channel, letter.outgoing.sender.key), (letter.channel, "")


def fault_in(letter: Letter, error: ChannelError) -> Fault | None:
    """Return what an error says of a letter's sender or channel, None for what concerns the letter alone."""
    if error.kind is not ErrorKind.CONFIGURATION or error.scope is Scope.MESSAGE:
        return None
    return fault_of(letter.channel, letter.outgoing.sender.key, error)
