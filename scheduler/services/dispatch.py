"""Sends what is due, a batch at a time: claim, prepare, send."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from scheduler.channels.base import ChannelTransport
from scheduler.channels.rehearsal import RehearsalTransport
from scheduler.clock import Clock
from scheduler.content.templates import Texts
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, planned_part
from scheduler.domain.situation import STATUS_AFTER
from scheduler.domain.states import Status
from scheduler.protocols.configuration import Configuration
from scheduler.services.approver import Approver
from scheduler.services.bookings.duty import BookingDuty
from scheduler.services.duties import Duties
from scheduler.services.happening import Happening, Watch, ignore
from scheduler.services.inbound import Replies
from scheduler.services.leases import LEASE
from scheduler.services.letters import Due
from scheduler.services.links import Links
from scheduler.services.outcomes import Outcomes
from scheduler.services.preparing import Preparer
from scheduler.services.recording import Recorder
from scheduler.services.sending import Pause, Sender
from scheduler.services.slots import Slots
from scheduler.services.summary import Summary
from scheduler.store.claims import claim_due
from scheduler.store.database import Store
from scheduler.store.due import DueMessage

BATCH = 500
CALLS_AT_ONCE = 8
"""Calls of clinics' own systems: each alert makes one at most."""
LANES = 3
"""Batches that are worked on side by side, by an engine or by a worker."""

Deliver = Callable[[Sequence[int], asyncio.Event], Awaitable[list[Happening]]]
"""As `Dispatcher.deliver`."""


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Sends what is due. `owner` names this engine in leases and events; `watch` is told what became of each.

    Without `replies` this engine leaves the texts that came in to others.
    """

    store: Store
    configuration: Configuration
    texts: Texts
    links: Links
    transports: Mapping[Channel, ChannelTransport]
    clock: Clock
    owner: str
    rng: Random
    watch: Watch = ignore
    pause: Pause = asyncio.sleep
    replies: Replies | None = None
    slots: Slots = field(init=False)

    def __post_init__(self) -> None:
        """Make the slots that all batches share."""
        instance = self.configuration.instance
        at_once = {Channel.SMS: instance.sms_at_once, Channel.EMAIL: instance.emails_at_once}
        slots = Slots({**at_once, Channel.WEBHOOK: CALLS_AT_ONCE})
        object.__setattr__(self, "slots", slots)

    def by(self, configuration: Configuration, texts: Texts, replies: Replies | None) -> "Dispatcher":
        """Return this dispatcher by edited files. It shares what is open, and how much goes out at once."""
        edited = replace(self, configuration=configuration, texts=texts, replies=replies)
        object.__setattr__(edited, "slots", self.slots)
        return edited

    async def run(self, stop: asyncio.Event | None = None) -> Summary:
        """Make one pass: send all that is due now and return what became of it. The transports are open.

        Takes in the reports and the bookings that wait, first; settles what is unknown, last, and sends what that
        brought back.

        When `stop` is set it ends after the hand-overs that go on; the rest of the batch is given back. Raises
        StoreError when the database is away: what was claimed is taken back when its lease ends.
        """
        stop, summary = stop or asyncio.Event(), Summary()
        await self.duties().keep()
        bookings = BookingDuty(self.store, self.clock, stopping=stop.is_set)
        await asyncio.to_thread(bookings.look, self.configuration)
        await self.send_due(stop, summary)
        if not stop.is_set() and await self.duties().ask():
            await self.send_due(stop, summary)
        return summary

    async def send_due(
        self,
        stop: asyncio.Event,
        summary: Summary,
        claim: Callable[[], list[int]] | None = None,
        due: Callable[[], Awaitable[None]] | None = None,
        deliver: Deliver | None = None,
    ) -> None:
        """Claim and deliver until nothing is due, and count it in `summary`; `claim` may claim otherwise, or nothing.

        `deliver` is asked anew for each batch, so that one made by edited files may take its turn at any time.

        Several batches go side by side: while one waits for the provider or for a commit, another is prepared.
        `due` waits until something may be due: what becomes due meanwhile then waits for none that goes on.
        Raises as `run` does, and whatever a delivery raises, after those that go on have ended.
        """
        going: set[asyncio.Task[None]] = set()
        try:
            while True:
                ids = [] if stop.is_set() else await asyncio.to_thread(claim or self.claim)
                if ids:
                    going.add(asyncio.create_task(_count((deliver or self.deliver)(ids, stop), summary)))
                if not going:
                    return
                if len(going) == LANES or len(ids) < BATCH:
                    going -= await _first_ended(going, due if len(going) < LANES and not stop.is_set() else None)
        finally:
            await asyncio.gather(*going, return_exceptions=True)

    async def deliver(self, ids: Sequence[int], stop: asyncio.Event) -> list[Happening]:
        """Decide and hand over what this owner has claimed; return what became of it, once that is on record.

        What was taken away or changed since the claim is left out. Raises as `Sender.send` does.
        """
        happenings = await self._work(ids, stop)
        for happening in happenings:
            self.watch(happening)
        return happenings

    async def _work(self, ids: Sequence[int], stop: asyncio.Event) -> list[Happening]:
        now = self.clock.now()
        preparer = Preparer(self.store, self.configuration, self.texts, self.links, self.owner, live=self._is_live())
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

    def _is_live(self) -> bool:
        return not isinstance(self.transports.get(Channel.SMS), RehearsalTransport)

    def duties(self) -> Duties:
        """Make what does the rest for this engine."""
        return Duties(
            self.store, self.configuration, self.transports, self.clock, self.owner, self.replies, self.approver
        )

    @property
    def approver(self) -> Approver:
        """What tells whether messages may go out as far as approval goes."""
        return Approver(self.configuration, self.texts, live=self._is_live())

    def sender(self) -> Sender:
        """Make what hands letters over for this engine, one batch of those that go side by side."""
        return Sender(
            self.store,
            self.transports,
            Recorder(self.store, self.configuration, Outcomes(self.owner, self.rng)),
            self.clock,
            self.owner,
            self.slots,
            self.pause,
        )

    def claim(self) -> list[int]:
        """Claim a batch of what is due; return the ids. Blocks; commits. Raises StoreError."""
        with self.store.write() as tx:
            return claim_due(tx, now=self.clock.now(), limit=BATCH, lease=LEASE, owner=self.owner)


async def _count(delivery: Awaitable[Iterable[Happening]], summary: Summary) -> None:
    for happening in await delivery:
        summary.add(happening)


async def _first_ended(
    going: set[asyncio.Task[None]], due: Callable[[], Awaitable[None]] | None
) -> set[asyncio.Task[None]]:
    """Wait until a delivery has ended, or `due`; return the deliveries that have. Raises what one of these raised."""
    other = {asyncio.ensure_future(due())} if due else set()
    try:
        done, _ = await asyncio.wait({*going, *other}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiting in other:
            waiting.cancel()
    for task in done:
        task.result()
    return done & going


def _happening(
    due: Due, language: str | None, now: datetime, status: Status, reasons: tuple[Reason, ...]
) -> Happening:
    message, patient = due.message, due.patient if isinstance(due, DueMessage) else None
    return Happening(
        at=now,
        message=message.id,
        clinic=message.clinic,
        patient=patient.name if patient else "",
        step=message.step,
        channel=message.channel,
        kind=message.kind,
        language=language or (patient.language if patient else message.language) or "",
        status=status,
        tried=language is not None,
        planned=planned_part(message.reasons),
        reasons=reasons,
    )
