"""What is to be done beside sending. None of it holds up a message: what asks a provider goes beside the rest."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scheduler.channels.base import ChannelTransport
from scheduler.clock import Clock
from scheduler.domain.protocol import Channel
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.approval_watch import ApprovalWatch
from scheduler.services.approver import Approver
from scheduler.services.circuits import CircuitTender
from scheduler.services.desk_lost import tell_of_lost
from scheduler.services.holding import expire_held
from scheduler.services.inbound import KIND as INBOUND
from scheduler.services.inbound import Replies
from scheduler.services.lookout import Lookout
from scheduler.services.receipts import KIND, Receipts
from scheduler.services.reminders import Reminders
from scheduler.services.retention import Retention
from scheduler.services.ringing import Bell
from scheduler.services.settling import Settler
from scheduler.services.tallies import Tallies
from scheduler.services.unanswered import NoAnswers
from scheduler.services.unlocking import Unlocker
from scheduler.services.unreached import ring_instead
from scheduler.store.alerts import any_rings
from scheduler.store.claims import release_expired
from scheduler.store.database import Store
from scheduler.store.desk_messages import lost_texts
from scheduler.store.lookups import what_waits
from scheduler.store.provider_events import any_unhandled
from scheduler.store.rings import dead_rings

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Duties:
    """Does them for one engine, which `owner` names. The transports are entered. `tallies` are for one that stays.

    All commit as they go and may be broken off at any point: the rest is done the next time. All raise StoreError.
    """

    store: Store
    configuration: Configuration
    transports: Mapping[Channel, ChannelTransport]
    clock: Clock
    owner: str
    replies: Replies | None = None
    approver: Approver | None = None
    tallies: Tallies | None = None
    _lookout: Lookout = field(default_factory=Lookout)
    _reminders: Reminders = field(default_factory=Reminders)
    _no_answers: NoAnswers = field(default_factory=NoAnswers)
    _approvals: ApprovalWatch = field(default_factory=ApprovalWatch)
    _retention: Retention = field(default_factory=Retention)
    _unlocker: Unlocker = field(default_factory=Unlocker)

    def by(self, configuration: Configuration, replies: Replies | None, approver: Approver | None) -> "Duties":
        """Return these duties by edited files; they remember what they saw, and look at once what is approved now."""
        return replace(
            self, configuration=configuration, replies=replies, approver=approver, _approvals=ApprovalWatch()
        )

    async def keep(self) -> bool:
        """Do what needs the database only; return whether a message may be due because of it."""
        rescued = await asyncio.to_thread(self._rescue)
        rung = await asyncio.to_thread(self._ring)
        answered = await asyncio.to_thread(self._take_replies)
        return await asyncio.to_thread(self._take_reports) or rescued or rung or answered

    async def ask(self) -> bool:
        """Ask providers about what is not known, and whether what they refused is mended.

        Return whether a message is to be sent.
        """
        woken = await CircuitTender(self.store, self.configuration, self.transports, self.clock).tend()
        woken |= await asyncio.to_thread(self._look_out)
        rung = await asyncio.to_thread(self._ring)  # also of what was found wrong just now
        return await self._settle() or woken or rung

    async def _settle(self) -> bool:
        if not await asyncio.to_thread(self._is_to_ask):
            return False
        return await Settler(self.store, self.configuration, self.transports, self.clock, self.owner).settle()

    def _rescue(self) -> bool:
        """Take back what an engine held that is no more; let expire what nobody decided about in time."""
        if self._unlocker.is_time():
            self._unlocker.look(self.store)
        with self.store.write() as tx:
            now = self.clock.now()
            expired = release_expired(tx, now=now)
            given_up = expire_held(tx, now=now, by=self.owner)
        if given_up:
            log.warning("held.expired", count=given_up)
        if expired.released or expired.lost:
            log.warning("messages.rescued", released=len(expired.released), lost=len(expired.lost))
        return bool(expired.released)

    def _ring(self) -> bool:
        """Tell whoever is on call of the alerts that wait for that, or whose last ring reached nobody.

        Return whether somebody is told.
        """
        with self.store.read() as tx:
            waits = any_rings(tx, now=self.clock.now()) or dead_rings(tx, limit=1) or lost_texts(tx, limit=1)
        if not waits:
            return False
        with self.store.write() as tx:
            now = self.clock.now()
            tell_of_lost(tx, now=now)
            instead = ring_instead(tx, self.configuration, now=now)
            return Bell(self.configuration).ring_due(tx, now=now) + instead > 0

    def _take_replies(self) -> bool:
        """Handle the texts that came in and that nobody has: whoever stored them may have died."""
        if self.replies is None:
            return False
        with self.store.read() as tx:
            waits = any_unhandled(tx, kind=INBOUND)
        return waits and self.replies.handle() > 0

    def _take_reports(self) -> bool:
        with self.store.read() as tx:
            waits = what_waits(tx, kind=KIND, now=self.clock.now()).reports
        if waits:
            Receipts(self.store, self.configuration, self.clock, self.owner).handle()
        return waits

    def _look_out(self) -> bool:
        """Look for what nobody else would notice; return whether a message may be due because of it."""
        now = self.clock.now()
        if self._lookout.is_time(now):
            self._lookout.look(self.store, now=now)
        if self._reminders.is_time(now):
            self._reminders.plan(self.store, self.configuration, now=now)
        if self._no_answers.is_time(now):
            self._no_answers.look(self.store, self.configuration, now=now)
        if self._retention.is_time():
            self._retention.look(self.store, audit_years=self.configuration.instance.audit_years, now=now)
        if self.tallies and self.tallies.is_time(now):
            self.tallies.look(self.store, self.configuration, now=now)
        if self.approver and self._approvals.is_time(now):
            return self._approvals.look(self.store, self.approver, now=now)
        return False

    def _is_to_ask(self) -> bool:
        with self.store.read() as tx:
            return what_waits(tx, kind=KIND, now=self.clock.now()).lookups
