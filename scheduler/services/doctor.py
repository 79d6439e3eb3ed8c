"""Looks the whole installation over: what is well, what is wrong, and how to mend it. Changes nothing."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduler.channels.base import ChannelTransport
from scheduler.channels.registry import open_transports
from scheduler.clock import Clock
from scheduler.content.templates import Texts
from scheduler.domain.outgoing import Outgoing
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from scheduler.domain.why import Why
from scheduler.errors import AftercareError, ChannelError, SettingsError, StoreError
from scheduler.protocols.loader import check
from scheduler.services.alerts import REMEDIES as REMEDIES_OF_ALERTS
from scheduler.services.approving import Approving
from scheduler.services.behind import behind_the_files
from scheduler.services.bookings.health import heard, unset_secrets
from scheduler.services.checking import check_all
from scheduler.services.feeds.health import calendars_read
from scheduler.services.files_health import other_files
from scheduler.services.finding import Finding, Health
from scheduler.services.on_call import MAKE_ONE, lacks_secret, link_fault, said_of
from scheduler.services.reachable import hard_to_reach
from scheduler.services.webhook_health import refused_webhooks, webhook_addresses
from scheduler.settings import Delivery, Settings
from scheduler.store.alerts import open_alerts
from scheduler.store.crew import look_at_crew
from scheduler.store.database import Store, open_store
from scheduler.store.health import count_in, count_overdue, newest_event
from scheduler.store.revisions import Standing
from scheduler.store.upgrade import revision_state

OVERDUE = timedelta(minutes=5)
DISK_MEGABYTES = 200
AHEAD = timedelta(minutes=1)

NAMES = {Channel.SMS: "Twilio", Channel.EMAIL: "SMTP"}

REMEDIES = {
    Status.HELD: "a person decides: `aftercare held list` says which and why, `held release` and `held drop` do it",
    Status.UNKNOWN: "they are looked up within minutes; where one stays, the provider can't be asked: see the log",
}


@dataclass(frozen=True, slots=True)
class Doctor:
    """Examines what the settings name."""

    settings: Settings
    clock: Clock

    async def examine(self) -> list[Finding]:
        """Return a finding for each part."""
        findings = [
            self._delivery(),
            self._config(),
            *self._on_call(),
            *self._approval(),
            self._links(),
            webhook_addresses(self.settings),
            *self._bookings(),
            *self._database(),
            *self._disk(),
        ]
        if self.settings.delivery is Delivery.LIVE and not self.settings.missing_for_live:
            findings += await self._channels()
        return findings

    async def _channels(self) -> list[Finding]:
        """Probe what is used in live delivery."""
        try:
            transports = open_transports(self.settings, clock=self.clock, keep=_keep_nothing, emails_at_once=1)
        except SettingsError as error:
            return [Finding("delivery", Health.WRONG, str(error), "set it right")]
        return [await _probe(name, transports[channel]) for channel, name in NAMES.items()]

    def _delivery(self) -> Finding:
        if self.settings.delivery is Delivery.REHEARSAL:
            return Finding("delivery", Health.WELL, "rehearsal: nothing leaves this machine", why=Why("rehearsal"))
        if missing := self.settings.missing_for_live:
            return Finding(
                "delivery",
                Health.WRONG,
                f"live, but not set: {', '.join(missing)}",
                "set them, or go back to rehearsal",
                Why("not_live", {"what": ", ".join(missing)}),
            )
        return Finding("delivery", Health.WELL, "live: patients get messages", why=Why("live"))

    def _config(self) -> Finding:
        problems = check_all(self.settings.config_dir, self.settings.templates_dir)
        wrong = sum(problem.severity == "error" for problem in problems)
        where = f"{self.settings.config_dir} and {self.settings.templates_dir}"
        if wrong:
            said = f"{_count(wrong, 'error')} in {where}"
            why = Why("config_errors", {"count": str(wrong)})
            return Finding("config", Health.WRONG, said, "see them with `aftercare check`", why)
        if problems:
            said = f"{_count(len(problems), 'warning')} in {where}"
            why = Why("config_warnings", {"count": str(len(problems))})
            return Finding("config", Health.WARNING, said, "see `aftercare check`", why)
        return Finding("config", Health.WELL, f"no errors in {where}", why=Why("config"))

    def _on_call(self) -> Iterator[Finding]:
        """Tell who gets alerts; it is wrong where a step asks patients something and nobody would hear the answer."""
        configuration, problems = check(self.settings.config_dir)
        if deaf := [problem for problem in problems if problem.code == "missing-contact"]:
            said = "; ".join(f"{problem.file.name}: {problem.key} {problem.message}" for problem in deaf)
            remedy = "add who gets the answers to the clinic's `on_call`"
            yield Finding("on call", Health.WRONG, said, remedy, Why("nobody_on_call"))
        elif configuration and lacks_secret(self.settings, configuration):
            said = "a webhook is on call, and AFTERCARE_WEBHOOK_SECRET is not set"
            yield Finding("on call", Health.WRONG, said, MAKE_ONE, Why("no_webhook_secret"))
        elif configuration:
            said = "; ".join(said_of(configuration))
            yield Finding("on call", Health.WELL, said, why=Why("on_call", {"who": said}))

    def _approval(self) -> Iterator[Finding]:
        """Tell what is not approved; it is wrong where nothing is and that is required: then nothing goes out."""
        configuration, _ = check(self.settings.config_dir)
        if configuration is None:
            return
        missing, all_of_it = Approving(configuration, Texts(self.settings.templates_dir)).missing()
        said = f"{missing:,} of {all_of_it:,} steps and texts are not approved"
        shares = {"missing": str(missing), "all": str(all_of_it)}
        if not configuration.requires_approval(live=self.settings.delivery is Delivery.LIVE):
            needless = Why("approval_needless", shares) if missing else Why("approved")
            told = f"not required here ({said})" if missing else "all is approved"
            yield Finding("approval", Health.WELL, told, why=needless)
        elif missing:
            health = Health.WRONG if missing == all_of_it else Health.WARNING
            remedy = "see them with `aftercare approve --list`"
            yield Finding("approval", health, f"{said}, and wait for that", remedy, Why("unapproved", shares))
        else:
            yield Finding("approval", Health.WELL, "all steps and texts are approved", why=Why("approved"))

    def _bookings(self) -> Iterator[Finding]:
        configuration, _ = check(self.settings.config_dir)
        if configuration:
            yield from unset_secrets(self.settings, configuration)

    def _links(self) -> Finding:
        """Tell how links in messages look to those who get them: to patients, and to who takes an alert."""
        where = {"url": self.settings.public_url}
        fault, live = link_fault(self.settings), self.settings.delivery is Delivery.LIVE
        if fault and live:
            remedy = "set AFTERCARE_PUBLIC_URL to the https address of this service"
            return Finding("links", Health.WARNING, fault, remedy, Why("links_bad", where))
        said = f"messages lead to {self.settings.public_url}"
        return Finding("links", Health.WELL, said, why=Why("links", where))

    def _database(self) -> Iterator[Finding]:
        try:
            if self.settings.on_sqlite and revision_state(self.settings).standing is Standing.EMPTY:
                remedy = "the first registration makes it"
                yield Finding("database", Health.WARNING, "there is none yet", remedy, Why("no_database"))
                return
            store = open_store(self.settings)
        except AftercareError as error:
            yield Finding("database", Health.WRONG, str(error))
            return
        try:
            kind = "SQLite" if self.settings.on_sqlite else "PostgreSQL"
            said = f"{kind}, migrated, the keys fit"
            yield Finding("database", Health.WELL, said, why=Why("database", {"what": kind}))
            yield self._clock(store)
            yield self._backlog(store)
            yield from refused_webhooks(store)
            yield from other_files(store, self.settings, now=self.clock.now())
            if not self.settings.on_sqlite:
                yield _workers(store)
            yield from self._for_people(store)
            yield from self._alerts(store)
            yield from self._reachable(store)
        finally:
            store.close()

    def _clock(self, store: Store) -> Finding:
        with store.read() as tx:
            newest = newest_event(tx)
        now = self.clock.now()
        if newest and newest > now + AHEAD:
            return Finding(
                "clock",
                Health.WRONG if self.settings.delivery is Delivery.LIVE else Health.WARNING,
                f"it shows {now:%Y-%m-%d %H:%M} UTC, but the newest record is of {newest:%Y-%m-%d %H:%M} UTC",
                "set the machine's clock, unless a rehearsal moved it with `dispatch --now`",
                Why("clock_wrong", {"at": now.isoformat(), "newest_at": newest.isoformat()}),
            )
        return Finding("clock", Health.WELL, f"{now:%Y-%m-%d %H:%M} UTC", why=Why("clock", {"at": now.isoformat()}))

    def _backlog(self, store: Store) -> Finding:
        with store.read() as tx:
            overdue = count_overdue(tx, before=self.clock.now() - OVERDUE)
        if overdue:
            return Finding(
                "backlog",
                Health.WARNING,
                f"due and not sent: {_count(overdue, 'message')}",
                "is `aftercare serve` running, or `aftercare dispatch` called every minute?",
                Why("backlog", {"count": str(overdue)}),
            )
        return Finding("backlog", Health.WELL, "nothing is overdue", why=Why("no_backlog"))

    def _for_people(self, store: Store) -> Iterator[Finding]:
        """Tell of what waits for a person: `aftercare timeline` says which and why."""
        with store.read() as tx:
            waiting = {status: count_in(tx, status) for status in (Status.HELD, Status.UNKNOWN)}
        for status, count in waiting.items():
            if count:
                why = Why(f"{status.value}_messages", {"count": str(count)})
                yield Finding(status.value, Health.WARNING, f"{_count(count, 'message')}", REMEDIES[status], why)

    def _alerts(self, store: Store) -> Iterator[Finding]:
        """Tell of each open alert, as `aftercare alerts` does."""
        with store.read() as tx:
            found = open_alerts(tx)
        for alert in found:
            said = sentence(alert.reasons, ZoneInfo("UTC"))
            yield Finding("alert", Health.WARNING, said, REMEDIES_OF_ALERTS[alert.kind])

    def _reachable(self, store: Store) -> Iterator[Finding]:
        configuration, _ = check(self.settings.config_dir)
        if configuration:
            yield from hard_to_reach(store, configuration)
            yield from heard(store, self.settings, configuration, now=self.clock.now())
            yield from calendars_read(store, configuration)
            yield from behind_the_files(store, configuration, now=self.clock.now())

    def _disk(self) -> Iterator[Finding]:
        if not self.settings.data_dir.is_dir():
            return
        free = shutil.disk_usage(self.settings.data_dir).free // 1_000_000
        if free < DISK_MEGABYTES:
            said = f"{free} MB free at {self.settings.data_dir}"
            yield Finding("disk", Health.WARNING, said, "make room", Why("disk_full", {"free": str(free)}))
        else:
            yield Finding("disk", Health.WELL, f"{free:,} MB free", why=Why("disk", {"free": str(free)}))


def _count(number: int, what: str, several: str = "") -> str:
    return f"{number:,} {what if number == 1 else several or f'{what}s'}"


def _workers(store: Store) -> Finding:
    try:
        with store.read() as tx:
            crew = look_at_crew(tx)
    except StoreError as error:
        return Finding("workers", Health.WRONG, str(error), "run `aftercare db upgrade`")
    said = f"{_count(crew.workers, 'worker')} at work, {_count(crew.waiting, 'batch', 'batches')} waiting"
    if crew.waiting and not crew.workers:
        return Finding("workers", Health.WARNING, said, "is `aftercare serve` running? It takes them back")
    return Finding("workers", Health.WELL, said if crew.workers else "none: `aftercare serve` sends by itself")


async def _probe(name: str, channel: ChannelTransport) -> Finding:
    try:
        async with channel:
            await channel.probe()
    except ChannelError as error:
        why = Why("provider_wrong", {"error": str(error)})
        return Finding(name, Health.WRONG, str(error), "check its settings", why)
    return Finding(name, Health.WELL, "answers, and takes the credentials", why=Why("provider"))


def _keep_nothing(_attempt: str, _channel: Channel, _outgoing: Outgoing) -> None:
    """Stand in where nothing is rehearsed."""
