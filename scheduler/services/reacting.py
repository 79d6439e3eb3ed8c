"""What the ends of a portion say of their senders and channels: refused, mended, told to rest."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.outgoing import Accepted
from scheduler.domain.protocol import Channel
from scheduler.errors import ChannelError, ErrorKind, Scope
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.circuits import close_tried, fault_of, open_up
from scheduler.services.letters import Letter
from scheduler.services.outcomes import Ended
from scheduler.services.pacing import hold_back
from scheduler.store.circuits import Fault, proven_since_refused
from scheduler.store.database import Tx

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reactions:
    """Reacts in the transaction of the caller, who commits, and takes no message before it."""

    configuration: Configuration

    def react(self, tx: Tx, ended: Sequence[tuple[Letter, Ended]], *, now: datetime) -> Collection[int]:
        """Do what the ends ask for; return the messages that wait until their sender or channel is mended."""
        for letter, end in ended:
            if isinstance(end, ChannelError):
                hold_back(tx, letter.channel, letter.outgoing.sender.key, end, now=now)
        waiting = self._stop(tx, ended, now)
        tried = [letter.due.message.id for letter, end in ended if letter.trial and isinstance(end, Accepted)]
        if tried:
            close_tried(tx, self.configuration, tried, reported=False, now=now)
        return waiting

    def _stop(self, tx: Tx, ended: Sequence[tuple[Letter, Ended]], now: datetime) -> set[int]:
        """Open the circuits of what is refused, but not for what is refused alone: beside others, after a proof."""
        works = {key for letter, end in ended if isinstance(end, Accepted) for key in _keys(letter)}
        refused: dict[Fault, list[int]] = {}
        for letter, end in ended:
            fault = fault_in(letter, end) if isinstance(end, ChannelError) else None
            if fault and (fault.channel, fault.sender) not in works:
                refused.setdefault(fault, []).append(letter.due.message.id)
        again = {letter.due.message.id for letter, _ in ended if letter.due.message.tries}
        waiting: set[int] = set()
        for fault, messages in refused.items():
            doubted = sorted(again.intersection(messages))
            own = proven_since_refused(tx, doubted, fault) if doubted else frozenset()
            if own:
                log.warning("message.refused_alone", messages=sorted(own), code=fault.code)
            waiting |= set(messages) - own
        open_up(tx, [fault for fault, messages in refused.items() if waiting.intersection(messages)], now=now)
        return waiting


def _keys(letter: Letter) -> tuple[tuple[Channel, str], ...]:
    """Return what works when a letter was taken: its sender, and its channel as a whole."""
    return (letter.channel, letter.outgoing.sender.key), (letter.channel, "")


def fault_in(letter: Letter, error: ChannelError) -> Fault | None:
    """Return what an error says of a letter's sender or channel, None for what concerns the letter alone."""
    if error.kind is not ErrorKind.CONFIGURATION or error.scope is Scope.MESSAGE:
        return None
    return fault_of(letter.channel, letter.outgoing.sender.key, error)
