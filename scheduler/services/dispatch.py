"""Sends what is due, a batch at a time: claim, prepare, hand over, record, with a commit after each but the third."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from scheduler.channels.base import ChannelTransport
from scheduler.clock import Clock
from scheduler.content.templates import Texts
from scheduler.domain.decision import STATUS_AFTER
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, planned_part
from scheduler.domain.states import Status
from scheduler.errors import ChannelError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.happening import Happening, Watch, ignore
from scheduler.services.letters import Letter
from scheduler.services.outcomes import Ended, Outcomes
from scheduler.services.preparing import Preparer
from scheduler.services.recording import Recorder
from scheduler.services.summary import Summary
from scheduler.store.claims import claim_due, release_expired
from scheduler.store.database import Store
from scheduler.store.due import DueMessage

log = get_logger(__name__)

BATCH = 500
LEASE = timedelta(seconds=60)
WRITE_WITHIN = timedelta(seconds=30)
"""How long after its claim a message may be written to a provider. With a channel's time-out it ends well before
the lease does: nobody takes a hand-over that still goes on for a lost one."""


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Sends what is due. `owner` names this engine in leases and events; `watch` is told what became of each."""

    store: Store
    configuration: Configuration
    texts: Texts
    transports: Mapping[Channel, ChannelTransport]
    clock: Clock
    owner: str
    rng: Random
    watch: Watch = ignore

    async def run(self, stop: asyncio.Event | None = None) -> Summary:
        """Send all that is due now and return what became of it. The transports are open.

        When `stop` is set it ends after the batch at hand. Raises StoreError when the database is away: what was
        claimed is taken back when its lease ends.
        """
        summary = Summary()
        room = self._room()
        await asyncio.to_thread(self._rescue)
        while not (stop and stop.is_set()):
            ids = await asyncio.to_thread(self._claim)
            if not ids:
                break
            for happening in await self._work(ids, room):
                summary.add(happening)
                self.watch(happening)
        return summary

    async def _work(self, ids: Sequence[int], room: Mapping[Channel, asyncio.Semaphore]) -> list[Happening]:
        now = self.clock.now()
        preparer = Preparer(self.store, self.configuration, self.texts, self.owner)
        prepared = await asyncio.to_thread(preparer.prepare, ids, now=now, write_within=WRITE_WITHIN)
        told = [
            _happening(it.due, None, now, STATUS_AFTER[it.decision.kind], it.decision.reasons)
            for it in prepared.settled
        ]
        if not prepared.letters:
            return told
        ended = await asyncio.gather(
            *(self._hand_over(letter, room) for letter in prepared.letters), return_exceptions=True
        )
        known = [(it, end) for it, end in zip(prepared.letters, ended, strict=True) if isinstance(end, Ended)]
        told += await self._record(known)
        for end in ended:
            if not isinstance(end, Ended):
                # A fault of the program. Its message stays in `sending`, for nobody knows how far the hand-over came.
                raise end
        return told

    async def _record(self, known: Sequence[tuple[Letter, Ended]]) -> list[Happening]:
        now = self.clock.now()
        recorder = Recorder(self.store, self.configuration, Outcomes(self.owner, self.rng))
        outcomes = await asyncio.to_thread(recorder.record, known, now=now)
        return [
            _happening(letter.due, letter.language, now, outcome.move.to, outcome.move.reasons)
            for (letter, _), outcome in zip(known, outcomes, strict=True)
        ]

    async def _hand_over(self, letter: Letter, room: Mapping[Channel, asyncio.Semaphore]) -> Ended:
        channel = letter.due.message.channel
        async with room[channel]:
            try:
                return await self.transports[channel].send(letter.outgoing)
            except ChannelError as error:
                return error

    def _room(self) -> Mapping[Channel, asyncio.Semaphore]:
        """Return how many hand-overs may go on at once."""
        instance = self.configuration.instance
        return {
            Channel.SMS: asyncio.Semaphore(instance.sms_at_once),
            Channel.EMAIL: asyncio.Semaphore(instance.emails_at_once),
        }

    def _rescue(self) -> None:
        """Take back what an engine held that is no more."""
        with self.store.write() as tx:
            expired = release_expired(tx, now=self.clock.now())
        if expired.released or expired.lost:
            log.warning("messages.rescued", released=len(expired.released), lost=len(expired.lost))

    def _claim(self) -> list[int]:
        with self.store.write() as tx:
            return claim_due(tx, now=self.clock.now(), limit=BATCH, lease=LEASE, owner=self.owner)


def _happening(
    due: DueMessage, language: str | None, now: datetime, status: Status, reasons: tuple[Reason, ...]
) -> Happening:
    message = due.message
    return Happening(
        at=now,
        message=message.id,
        clinic=message.clinic,
        patient=due.patient.name,
        step=message.step,
        channel=message.channel,
        language=language or due.patient.language or "",
        status=status,
        tried=language is not None,
        planned=planned_part(message.reasons),
        reasons=reasons,
    )
