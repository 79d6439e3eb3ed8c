"""Sends what is due, a batch at a time: claim, prepare, send."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from scheduler.channels.base import ChannelTransport
from scheduler.clock import Clock
from scheduler.content.templates import Texts
from scheduler.domain.decision import STATUS_AFTER
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, planned_part
from scheduler.domain.states import Status
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.happening import Happening, Watch, ignore
from scheduler.services.leases import LEASE
from scheduler.services.outcomes import Outcomes
from scheduler.services.preparing import Preparer
from scheduler.services.receipts import Receipts
from scheduler.services.recording import Recorder
from scheduler.services.sending import Pause, Sender
from scheduler.services.settling import Settler
from scheduler.services.summary import Summary
from scheduler.store.claims import claim_due, release_expired
from scheduler.store.database import Store
from scheduler.store.due import DueMessage
from scheduler.store.lookups import Waiting, what_waits

log = get_logger(__name__)

BATCH = 500


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
    pause: Pause = asyncio.sleep

    async def run(self, stop: asyncio.Event | None = None) -> Summary:
        """Send all that is due now and return what became of it. The transports are open.

        Takes in the reports that wait, first; settles what is unknown, last, and sends what that brought back.

        When `stop` is set it ends after the hand-overs that go on; the rest of the batch is given back. Raises
        StoreError when the database is away: what was claimed is taken back when its lease ends.
        """
        stop = stop or asyncio.Event()
        summary = Summary()
        waiting = await asyncio.to_thread(self._rescue)
        if waiting.reports:
            await asyncio.to_thread(Receipts(self.store, self.configuration, self.clock, self.owner).handle)
        await self._send_due(summary, stop)
        settler = Settler(self.store, self.configuration, self.transports, self.clock, self.owner)
        if waiting.lookups and not stop.is_set() and await settler.settle():
            await self._send_due(summary, stop)
        return summary

    async def _send_due(self, summary: Summary, stop: asyncio.Event) -> None:
        while not stop.is_set():
            ids = await asyncio.to_thread(self._claim)
            if not ids:
                break
            for happening in await self._work(ids, stop):
                summary.add(happening)
                self.watch(happening)

    async def _work(self, ids: Sequence[int], stop: asyncio.Event) -> list[Happening]:
        now = self.clock.now()
        preparer = Preparer(self.store, self.configuration, self.texts, self.owner)
        prepared = await asyncio.to_thread(preparer.prepare, ids, now=now)
        settled = [
            _happening(it.due, None, now, STATUS_AFTER[it.decision.kind], it.decision.reasons)
            for it in prepared.settled
        ]
        handed = await self.sender().send(prepared.letters, stop)
        now = self.clock.now()
        return settled + [
            _happening(it.letter.due, it.letter.language, now, it.outcome.move.to, it.outcome.move.reasons)
            for it in handed
            if it.moved
        ]

    def sender(self) -> Sender:
        """Make what hands letters over for this engine."""
        instance = self.configuration.instance
        return Sender(
            self.store,
            self.transports,
            Recorder(self.store, self.configuration, Outcomes(self.owner, self.rng)),
            self.clock,
            self.owner,
            {Channel.SMS: instance.sms_at_once, Channel.EMAIL: instance.emails_at_once},
            self.pause,
        )

    def _rescue(self) -> Waiting:
        """Take back what an engine held that is no more; return what else there is to do."""
        now = self.clock.now()
        with self.store.write() as tx:
            expired = release_expired(tx, now=now)
            waiting = what_waits(tx, now=now)
        if expired.released or expired.lost:
            log.warning("messages.rescued", released=len(expired.released), lost=len(expired.lost))
        return waiting

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
