"""Stops what a provider refuses for its account or its sender, and tries by itself whether that is mended."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.channels.base import ChannelTransport
from scheduler.clock import Clock
from scheduler.domain.alert import AlertKind
from scheduler.domain.circuit import Circuit
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, because
from scheduler.domain.states import Status
from scheduler.errors import ChannelError, ErrorKind, Scope
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import end_alert, raise_alert
from scheduler.store import circuits
from scheduler.store.circuits import Fault
from scheduler.store.database import Store, Tx

log = get_logger(__name__)

IN_FLIGHT = (Status.CLAIMED, Status.SENDING)

LONGEST_PROBE = timedelta(seconds=20)


def fault_of(channel: Channel, sender: str, error: ChannelError) -> Fault:
    """Return what an error of kind CONFIGURATION, whose scope is not one message, says of its channel or sender."""
    return Fault(channel, "" if error.scope is Scope.CHANNEL else sender, error.code, str(error))


def refusing(opened: Sequence[Circuit], senders: Mapping[Channel, str], message: int) -> Mapping[Channel, str]:
    """Return what is said of each channel that a message has to wait for; `senders` are its clinic's."""
    return {
        circuit.channel: circuit.error
        for circuit in reversed(opened)
        if circuit.stops(circuit.channel, senders[circuit.channel], message)
    }


def open_up(tx: Tx, refused: Mapping[Fault, Collection[int]], *, now: datetime) -> None:
    """Open a circuit, and an alert, for each fault, which has the messages that were refused.

    The caller commits, and does this after holding senders back and before it takes appointments and messages.
    """
    if refused:
        circuits.hold_circuits(tx)
    for fault, messages in refused.items():
        circuits.open_circuit(tx, fault, messages, now=now)
        raise_alert(tx, AlertKind.CIRCUIT, _subject(fault), reasons=(_reason(fault),), now=now)


def close(tx: Tx, configuration: Configuration, proven: Iterable[Circuit], *, now: datetime) -> bool:
    """Close circuits, end their alerts and wake what waited; return whether one was open. The caller commits.

    What is woken is held: the caller takes no appointment after this.
    """
    closed = _close(tx, proven, now=now)
    if closed:
        wake(tx, configuration, now=now)
    return closed


def wake(tx: Tx, configuration: Configuration, *, now: datetime) -> int:
    """Let what waits for no open circuit be tried now; return how many. The last that its transaction does."""
    return circuits.wake_waiting(tx, stopped(configuration, circuits.open_circuits(tx)), now=now)


def close_tried(tx: Tx, messages: Iterable[int], *, reported: bool, now: datetime) -> bool:
    """Close the circuits whose trial was one of these messages and went well.

    `reported`: the provider says that they left it; else only that it took them, which proves nothing to a circuit
    that was opened by a report. Return whether one was closed: then the caller ends with `wake`, and commits.
    """
    tried = set(messages)
    proven = [it for it in circuits.open_circuits(tx) if it.trial in tried and (reported or not it.reported)]
    return _close(tx, proven, now=now)


def stopped(configuration: Configuration, opened: Iterable[Circuit]) -> Mapping[Channel, frozenset[str]]:
    """Return the clinics from which nothing goes out by each channel."""
    found: dict[Channel, frozenset[str]] = {}
    for circuit in opened:
        clinics = {
            it.id for it in configuration.clinics.values() if circuit.sender in ("", it.sender(circuit.channel))
        }
        found[circuit.channel] = found.get(circuit.channel, frozenset()) | clinics
    return found


@dataclass(frozen=True, slots=True)
class CircuitTender:
    """Tries open circuits for one engine. The transports are entered."""

    store: Store
    configuration: Configuration
    transports: Mapping[Channel, ChannelTransport]
    clock: Clock

    async def tend(self) -> bool:
        """Try what is to be tried now; return whether a message may be due because of it.

        Of several engines one tries. A channel is asked first whether it answers; then one waiting message goes out,
        and closes the circuit when it is taken. Raises StoreError.
        """
        opened, woken = await asyncio.to_thread(self._look)
        for circuit in opened:
            if circuit.probe_at <= self.clock.now():
                woken |= await self._try(circuit, opened)
        return woken

    async def _try(self, circuit: Circuit, opened: Sequence[Circuit]) -> bool:
        if circuit.sender and any(it.channel is circuit.channel and not it.sender for it in opened):
            return False  # nothing of the channel goes out: that comes first
        if not await asyncio.to_thread(self._take, circuit):
            return False
        if not circuit.sender and (error := await self._refusal(circuit)):
            await asyncio.to_thread(self._note, circuit, error)
            return False
        return await asyncio.to_thread(self._let_through, circuit, opened)

    async def _refusal(self, circuit: Circuit) -> ChannelError | None:
        try:
            async with asyncio.timeout(LONGEST_PROBE.total_seconds()):
                await self.transports[circuit.channel].probe()
        except ChannelError as error:
            return error
        except TimeoutError:
            return ChannelError("the provider did not answer in time", kind=ErrorKind.NOT_CALLED, code="timeout")
        return None

    def _look(self) -> tuple[Sequence[Circuit], bool]:
        """Return the open circuits; wake what waits for one that is no more, which happens when two cross."""
        with self.store.read() as tx:
            opened = circuits.open_circuits(tx)
            stray = not opened and circuits.any_waits(tx)
        return opened, stray and self._wake() > 0

    def _wake(self) -> int:
        with self.store.write() as tx:
            return wake(tx, self.configuration, now=self.clock.now())

    def _take(self, circuit: Circuit) -> bool:
        with self.store.write() as tx:
            taken = circuits.take_probe(tx, circuit, now=self.clock.now())
        if taken:
            self._wake()  # also what waits for a sender that its clinic no longer has
        return taken

    def _note(self, circuit: Circuit, error: ChannelError) -> None:
        log.warning("circuit.refused", channel=circuit.channel, code=error.code, reason=str(error))
        with self.store.write() as tx:
            circuits.note_refusal(tx, circuit, code=error.code, error=str(error))

    def _let_through(self, circuit: Circuit, opened: Sequence[Circuit]) -> bool:
        """Let one message through. A channel that answers, and has none to try, is taken for mended.

        So is a sender that no clinic has any more: nothing will ever prove it.
        """
        now = self.clock.now()
        mine = stopped(self.configuration, [circuit])[circuit.channel]
        others = stopped(self.configuration, [it for it in opened if it.channel is circuit.channel and it != circuit])
        clinics = mine - (others.get(circuit.channel, frozenset()) if not circuit.sender else frozenset())
        with self.store.write() as tx:
            circuits.hold_circuits(tx)
            if not mine:
                return close(tx, self.configuration, [circuit], now=now)
            stands = circuits.trial_stands(tx, circuit)
            if stands in IN_FLIGHT:
                return False
            chosen = circuits.let_one_through(tx, circuit, clinics, now=now)
            if chosen is None and not circuit.sender and stands is not Status.SCHEDULED:
                return close(tx, self.configuration, [circuit], now=now)
        if chosen is not None:
            log.info("circuit.tried", channel=circuit.channel, sender=circuit.sender, message=chosen)
        return chosen is not None


def _close(tx: Tx, proven: Iterable[Circuit], *, now: datetime) -> bool:
    some = list(proven)
    if some:
        circuits.hold_circuits(tx)
    closed = [it for it in some if circuits.close_circuit(tx, it, now=now)]
    for circuit in closed:
        end_alert(tx, AlertKind.CIRCUIT, _subject(circuit), now=now)
    return bool(closed)


def _subject(of: Fault | Circuit) -> str:
    return f"{of.channel} {of.sender}".rstrip()


def _reason(fault: Fault) -> Reason:
    if fault.sender:
        return because("sender_refused", channel=fault.channel, sender=fault.sender, error=fault.error)
    return because("channel_refused", channel=fault.channel, error=fault.error)
