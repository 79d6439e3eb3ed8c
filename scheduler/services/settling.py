"""Finds out what became of messages: asks providers about hand-overs without a known end, and for missing reports."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from scheduler.channels.base import ChannelTransport
from scheduler.channels.lookup import Found, Lookup
from scheduler.channels.rehearsal import RehearsalTransport
from scheduler.clock import Clock
from scheduler.domain.protocol import Channel
from scheduler.domain.retry import LOOK_AGAIN, REPORT_AGAIN
from scheduler.domain.states import Status
from scheduler.errors import ChannelError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.hearing import Hearing, Word
from scheduler.services.unknowns import FAR, Unknowns
from scheduler.store.database import Store
from scheduler.store.lookups import Doubtful, note_asked, take_lookups

log = get_logger(__name__)

AT_ONCE = 20
"""Of each kind, before the answers are taken in."""
LONGEST_ASK = timedelta(seconds=20)

Answer = Sequence[Found] | None
"""What the provider has; None when it could not be asked."""


@dataclass(frozen=True, slots=True)
class Settler:
    """Settles for one engine, which `by` names. The transports are entered."""

    store: Store
    configuration: Configuration
    transports: Mapping[Channel, ChannelTransport]
    clock: Clock
    by: str

    async def settle(self) -> bool:
        """Ask about what is due to be asked and do what follows. Return whether a message is to be sent again.

        Commits each message by itself. A provider that does not answer is asked again later. Raises StoreError.
        """
        again = False
        for status in (Status.UNKNOWN, Status.ACCEPTED):
            more = True
            while more:
                taken = await asyncio.to_thread(self._take, status)
                answers = await asyncio.gather(*(self._ask(doubtful) for doubtful in taken))
                for doubtful, answer in zip(taken, answers, strict=True):
                    conclude = self._settle if status is Status.UNKNOWN else self._report
                    again |= await asyncio.to_thread(conclude, doubtful, answer) is Status.SCHEDULED
                # A provider that answers nothing is left alone until the next turn.
                more = len(taken) == AT_ONCE and any(answer is not None for answer in answers)
        return again

    def _take(self, status: Status) -> list[Doubtful]:
        with self.store.write() as tx:
            return take_lookups(tx, status, now=self.clock.now(), limit=AT_ONCE, again=LOOK_AGAIN)

    async def _ask(self, doubtful: Doubtful) -> Answer:
        transport = self.transports[doubtful.message.channel]
        if doubtful.attempt.rehearsed:
            return ()  # no provider knows of it
        if isinstance(transport, RehearsalTransport):
            return None  # it went out live: only its provider knows
        if not isinstance(transport, Lookup):
            return ()
        try:
            async with asyncio.timeout(LONGEST_ASK.total_seconds()):
                return await _asked(transport, doubtful)
        except (ChannelError, TimeoutError) as error:
            code = error.code if isinstance(error, ChannelError) else "timeout"
            log.warning("lookup.failed", message=doubtful.message.id, code=code)
            return None

    def _settle(self, doubtful: Doubtful, answer: Answer) -> Status | None:
        """Settle an unknown one. Without an answer it is asked about again later."""
        if answer is None:
            return None
        now = self.clock.now()
        unknowns = Unknowns(Hearing(self.configuration, self.by))
        with self.store.write() as tx:
            if doubtful.attempt.rehearsed:
                to = unknowns.of_rehearsal(tx, doubtful, now=now)
            elif doubtful.message.channel is not Channel.SMS:
                to = unknowns.of_email(tx, doubtful, now=now)
            else:
                to = unknowns.of_sms(tx, doubtful, answer, now=now)
        if to:
            log.info("message.settled", message=doubtful.message.id, to=to)
        return to

    def _report(self, doubtful: Doubtful, answer: Answer) -> Status | None:
        """Take in what was missing of an accepted one; it is asked for twice, a few hours apart, and no more."""
        now, attempt = self.clock.now(), doubtful.attempt
        look_at = now + REPORT_AGAIN if attempt.asked_at is None else None
        with self.store.write() as tx:
            for found in answer or ():
                if found.said:
                    word = Word(found.said, found.provider_id, found.error_code, now, left=found.left)
                    Hearing(self.configuration, self.by).hear(tx, attempt.token, attempt.message_id, word, now=now)
            note_asked(tx, doubtful, now=now, look_at=look_at)
        return None


async def _asked(transport: Lookup, doubtful: Doubtful) -> Sequence[Found]:
    attempt = doubtful.attempt
    if doubtful.message.status is Status.ACCEPTED:
        return [await transport.fetch(attempt.provider_id)] if attempt.provider_id else []
    since, until = attempt.started_at - FAR, attempt.started_at + FAR
    return await transport.find(attempt.address, since=since, until=until)
