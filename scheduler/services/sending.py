"""Hands letters over, a portion at a time: on record as begun, called, recorded. A kill touches one portion."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from scheduler.channels.base import ChannelTransport
from scheduler.channels.rehearsal import RehearsalTransport
from scheduler.clock import Clock
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Cause, Status
from scheduler.errors import ChannelError, ErrorKind, StoreError
from scheduler.logs import get_logger
from scheduler.services.last_look import LastLook, first_tries
from scheduler.services.leases import LONGEST_CALL
from scheduler.services.letters import Letter
from scheduler.services.outcomes import Ended
from scheduler.services.reacting import fault_in
from scheduler.services.recording import Handed, Recorder
from scheduler.services.slots import Slots, Turn
from scheduler.store.attempts import Passenger, Start
from scheduler.store.claims import begin
from scheduler.store.database import Store
from scheduler.store.moves import Move
from scheduler.store.transitions import move_all
from scheduler.store.volumes import count_handed_over

log = get_logger(__name__)

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between the tries to record what happened: a database that restarts is waited for."""

Pause = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends for one engine, which `owner` names. A portion is no larger than what goes on at once."""

    store: Store
    transports: Mapping[Channel, ChannelTransport]
    recorder: Recorder
    clock: Clock
    owner: str
    slots: Slots
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
        channel, rest = queue[0].channel, list(queue)
        while rest:
            async with self.slots.portion(channel, len(rest)) as turn:
                portion, rest = rest[: turn.size], rest[turn.size :]
                handed = await self._send_portion(portion, stop, turn)
            if handed is None:
                await asyncio.to_thread(self._give_back, [*portion, *rest])
                break
            done += handed
            if refused := _refused(handed):
                stopped = [letter for letter in rest if not refused.isdisjoint(_keys(letter))]
                await asyncio.to_thread(self._give_back, stopped)
                rest = [letter for letter in rest if refused.isdisjoint(_keys(letter))]
        return done

    async def _send_portion(self, portion: Sequence[Letter], stop: asyncio.Event, turn: Turn) -> list[Handed] | None:
        """Begin, call and record a portion; None, with nothing begun, where it is to stop or comes too late."""
        now = self.clock.now()
        if stop.is_set() or any(now >= letter.write_until for letter in portion):
            return None
        begun = await asyncio.to_thread(self.begin, portion)
        turn.end(len(portion) - len(begun))
        return await self._hand_over_all(begun, turn)

    async def _hand_over_all(self, letters: Sequence[Letter], turn: Turn) -> list[Handed]:
        ends = await asyncio.gather(*(self._hand_over(letter, turn) for letter in letters), return_exceptions=True)
        known = [(it, end) for it, end in zip(letters, ends, strict=True) if isinstance(end, Ended)]
        recorded = await self._record(known)
        for end in ends:
            if not isinstance(end, Ended):
                raise end
        return recorded

    async def _hand_over(self, letter: Letter, turn: Turn) -> Ended:
        try:
            async with asyncio.timeout(LONGEST_CALL.total_seconds()):
                return await self.transports[letter.channel].send(letter.outgoing)
        except ChannelError as error:
            return error
        except TimeoutError:
            return ChannelError("the provider did not answer in time", kind=ErrorKind.UNKNOWN, code="timeout")
        finally:
            turn.end()

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
        """Put attempts on record; return what may be called: not what was taken away, paused or stopped since.

        What the last look keeps back is given back, to be decided anew. Blocks; commits.
        """
        with self.store.write() as tx:
            now = self.clock.now()
            free = LastLook(self.recorder.configuration).may_begin(tx, letters, now=now)
            begun = set(begin(tx, [self._start(letter) for letter in free], owner=self.owner, now=now))
            started = [letter for letter in free if letter.due.message.id in begun]
            count_handed_over(tx, first_tries(started), now=now)
        # What can't speak for others any more is decided anew, too.
        going = {it.due.message.id for it in free if it in started or not it.passengers}
        # Not in the same transaction: all lock messages in one order, and these would come after the others.
        self._give_back([letter for letter in letters if letter.due.message.id not in going])
        return started

    def _start(self, letter: Letter) -> Start:
        return _start(letter, rehearsed=isinstance(self.transports.get(letter.channel), RehearsalTransport))

    def _give_back(self, letters: Sequence[Letter]) -> None:
        if not letters:
            return
        moves = [
            Move(
                it.due.message.id,
                Status.CLAIMED,
                Cause.RELEASE,
                Status.SCHEDULED,
                by=self.owner,
                owner=self.owner,
                slot_at=it.slot_at,
            )
            for it in letters
        ]
        with self.store.write() as tx:
            move_all(tx, moves, now=self.clock.now())


def _refused(handed: Sequence[Handed]) -> set[str]:
    """Return the senders that were stopped, "" for the whole channel: the rest of these is not tried."""
    faults = [fault_in(it.letter, it.ended) for it in handed if it.stops and isinstance(it.ended, ChannelError)]
    return {fault.sender for fault in faults if fault}


def _keys(letter: Letter) -> set[str]:
    return {"", letter.outgoing.sender.key}


def _raised(end: list[Handed] | BaseException) -> list[Handed]:
    """Return what a channel handed over, or raise what ended it."""
    if isinstance(end, BaseException):
        raise end
    return end


def _start(letter: Letter, *, rehearsed: bool) -> Start:
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
        rehearsed=rehearsed,
        text_digest=letter.text_digest,
        speaks_for=tuple(Passenger(it.message.id, it.message.planned_at) for it in letter.passengers),
    )
