"""Hands letters over, a portion at a time: on record as begun, called, recorded. A kill touches one portion."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scheduler.channels.base import ChannelTransport
from scheduler.clock import Clock
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Cause, Status
from scheduler.errors import ChannelError, ErrorKind, StoreError
from scheduler.logs import get_logger
from scheduler.services.leases import LONGEST_CALL
from scheduler.services.letters import Letter
from scheduler.services.outcomes import Ended
from scheduler.services.recording import Handed, Recorder
from scheduler.store.attempts import Start
from scheduler.store.claims import begin
from scheduler.store.database import Store
from scheduler.store.moves import Move
from scheduler.store.transitions import move_all

log = get_logger(__name__)

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between the tries to record what happened: a database that restarts is waited for."""

Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends for one engine, which `owner` names. `at_once` bounds the hand-overs that go on, for each channel."""

    store: Store
    transports: Mapping[Channel, ChannelTransport]
    recorder: Recorder
    clock: Clock
    owner: str
    at_once: Mapping[Channel, int]
    pause: Pause = asyncio.sleep

    async def send(self, letters: Sequence[Letter], stop: asyncio.Event) -> list[Handed]:
        """Send letters whose messages this owner has claimed; return how the hand-overs ended, as recorded.

        What `stop` or the end of the lease leaves over is given back. Raises StoreError when the database stays
        away, and whatever a transport raises that is no ChannelError: a fault of the program, after everything
        else of its portion was recorded; that message stays in `sending` and becomes unknown.
        """
        by_channel = {channel: [it for it in letters if it.channel is channel] for channel in Channel}
        # Both channels come to their end before a fault of one is raised: what the other hands over is recorded.
        done = await asyncio.gather(
            *(self._send_all(queue, stop) for queue in by_channel.values() if queue), return_exceptions=True
        )
        return [handed for end in done for handed in _raised(end)]

    async def _send_all(self, queue: Sequence[Letter], stop: asyncio.Event) -> list[Handed]:
        done: list[Handed] = []
        for portion in _portions(queue, self.at_once[queue[0].channel]):
            now = self.clock.now()
            in_time = [letter for letter in portion if now < letter.write_until]
            if stop.is_set() or len(in_time) < len(portion):
                rest = queue[queue.index(portion[0]) :]
                await asyncio.to_thread(self._give_back, rest)
                break
            begun = await asyncio.to_thread(self.begin, portion)
            done += await self._hand_over_all(begun)
        return done

    async def _hand_over_all(self, letters: Sequence[Letter]) -> list[Handed]:
        ends = await asyncio.gather(*(self._hand_over(letter) for letter in letters), return_exceptions=True)
        known = [(it, end) for it, end in zip(letters, ends, strict=True) if isinstance(end, Ended)]
        recorded = await self._record(known)
        for end in ends:
            if not isinstance(end, Ended):
                raise end
        return recorded

    async def _hand_over(self, letter: Letter) -> Ended:
        try:
            async with asyncio.timeout(LONGEST_CALL.total_seconds()):
                return await self.transports[letter.channel].send(letter.outgoing)
        except ChannelError as error:
            return error
        except TimeoutError:
            return ChannelError("the provider did not answer in time", kind=ErrorKind.UNKNOWN, code="timeout")

    async def _record(self, known: Sequence[tuple[Letter, Ended]]) -> list[Handed]:
        """Record until it is recorded: what a provider took is never forgotten for one failed commit."""
        for pause in PAUSES:
            try:
                return await asyncio.to_thread(self.recorder.record, known, now=self.clock.now())
            except StoreError as error:
                log.warning("outcomes.unrecorded", count=len(known), reason=str(error))
                await self.pause(pause)
        return await asyncio.to_thread(self.recorder.record, known, now=self.clock.now())

    def begin(self, letters: Sequence[Letter]) -> list[Letter]:
        """Put attempts on record; return what may be called: not what was cancelled or moved meanwhile."""
        with self.store.write() as tx:
            begun = set(begin(tx, [_start(letter) for letter in letters], owner=self.owner, now=self.clock.now()))
        return [letter for letter in letters if letter.due.message.id in begun]

    def _give_back(self, letters: Sequence[Letter]) -> None:
        moves = [
            Move(it.due.message.id, Status.CLAIMED, Cause.RELEASE, Status.SCHEDULED, by=self.owner, owner=self.owner)
            for it in letters
        ]
        with self.store.write() as tx:
            move_all(tx, moves, now=self.clock.now())


def _portions(queue: Sequence[Letter], size: int) -> Iterator[Sequence[Letter]]:
    for start in range(0, len(queue), size):
        yield queue[start : start + size]


def _raised(end: list[Handed] | BaseException) -> list[Handed]:
    """Return what a channel handed over, or raise what ended it."""
    if isinstance(end, BaseException):
        raise end
    return end


def _start(letter: Letter) -> Start:
    return Start(
        message_id=letter.due.message.id,
        channel=letter.channel,
        token=letter.outgoing.attempt,
        address=letter.outgoing.to,
        body=letter.text,
        language=letter.language,
        template_digest=letter.template_digest,
        segments=letter.segments,
        header_id=letter.header_id,
    )
