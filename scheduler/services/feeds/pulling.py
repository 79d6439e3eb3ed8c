"""Reads the calendars of booking systems: each every so often, by whichever process is first, and by hand."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.channels.feeds.fetching import Fetched, FetchError, fetch
from scheduler.clock import Clock
from scheduler.domain.alert import AlertKind
from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import iso
from scheduler.domain.reasons import because
from scheduler.domain.sources import Calendar
from scheduler.errors import SettingsError, StoreError
from scheduler.logs import get_logger, places
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import end_alert, raise_alert
from scheduler.services.bookings.sources import SecretOf, from_environment
from scheduler.services.feeds.absent import Accepted
from scheduler.services.feeds.reading import CalendarError, read_feed
from scheduler.services.feeds.taken import Taken
from scheduler.services.feeds.taking import Taker
from scheduler.services.not_taken import tell_of_refused
from scheduler.store.database import Store, Tx
from scheduler.store.feeds import FeedState, claim_feed, feed_state, note_failure, note_reading, waiting_feeds

log = get_logger(__name__)

AWAY_FOR = timedelta(hours=6)
"""A calendar that can't be read for so long is told of: a night's maintenance is no news."""
_FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Pulled:
    """What came of reading one calendar: `error` is a word for why it could not be, then nothing was taken.

    `unchanged`: the server said that nothing changed. `others` is how many entries are no bookings.
    """

    clinic: str
    source: str
    taken: Taken = field(default_factory=Taken)
    others: int = 0
    unchanged: bool = False
    error: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether all that the calendar says is taken."""
        return not (self.error or self.taken.refused or self.taken.held)


def calendars_of(configuration: Configuration) -> Iterator[tuple[Clinic, Calendar]]:
    """Yield the calendars of every clinic."""
    for clinic in configuration.clinics.values():
        for source in clinic.bookings:
            if isinstance(source, Calendar):
                yield clinic, source


@dataclass(frozen=True, slots=True)
class Puller:
    """Reads calendars for one process."""

    store: Store
    clock: Clock
    secret_of: SecretOf = from_environment

    async def pull_due(self, configuration: Configuration) -> bool:
        """Read the calendars that are due, one after the other; return whether a message may be due because of it.

        Raises StoreError. What breaks off between two batches of a calendar is done the next time.
        """
        found = list(calendars_of(configuration))
        if not found:
            return False
        changed = False
        for clinic, source in await asyncio.to_thread(self._due, found):
            if await asyncio.to_thread(self._claim, clinic, source):
                pulled = await self._pull_safely(configuration, clinic, source)
                _log(pulled)
                changed |= pulled.taken.changed
        return changed

    async def _pull_safely(self, configuration: Configuration, clinic: Clinic, source: Calendar) -> Pulled:
        """Read it; a fault of the program that a calendar brings to light stops neither sending nor the others."""
        try:
            return await self.pull(configuration, clinic, source)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  (as said above)
            kind, where = type(error).__name__, places(error)  # what it says may be a patient's
            log.error("calendar.broke", clinic=clinic.id, source=source.id, error=kind, where=where)  # noqa: TRY400  (as said above)
            await asyncio.to_thread(self._failed, clinic, source, _FAULT)
            return Pulled(clinic.id, source.id, error=_FAULT)

    async def pull(
        self,
        configuration: Configuration,
        clinic: Clinic,
        source: Calendar,
        *,
        dry_run: bool = False,
        accept_missing: bool = False,
        accept_most: int | None = None,
    ) -> Pulled:
        """Read a calendar now. A dry run writes nothing; `accept_missing`: a person says that what is missing is off.

        With `accept_most` only where no more than that is missing: so many were shown, nobody saw what went since.
        Raises StoreError.
        """
        accepted = Accepted(accept_missing, accept_most)
        taker = Taker(self.store, configuration, self.clock, clinic, source, dry_run, accepted)
        try:
            address = self._address(source)
            state = await asyncio.to_thread(self._state, clinic, source, address)
            whole = dry_run or accept_missing
            fetched = await fetch(
                address, etag=None if whole else state.etag, modified=None if whole else state.modified
            )
            return await asyncio.to_thread(self._take, taker, source, address, state, fetched)
        except (FetchError, CalendarError) as error:
            if not dry_run:
                await asyncio.to_thread(self._failed, clinic, source, error.code)
            return Pulled(clinic.id, source.id, error=error.code)

    def _due(self, found: list[tuple[Clinic, Calendar]]) -> list[tuple[Clinic, Calendar]]:
        with self.store.read() as tx:
            waiting = waiting_feeds(tx, now=self.clock.now())
        return [(clinic, source) for clinic, source in found if (clinic.id, source.id) not in waiting]

    def _claim(self, clinic: Clinic, source: Calendar) -> bool:
        with self.store.write() as tx:
            now = self.clock.now()
            return claim_feed(tx, clinic.id, source.id, now=now, until=now + source.every)

    def _address(self, source: Calendar) -> str:
        try:
            address = self.secret_of(source.secret)
        except SettingsError:
            address = None
        if not address:
            raise FetchError("no-address")
        return address.strip()

    def _state(self, clinic: Clinic, source: Calendar, address: str) -> FeedState:
        with self.store.read() as tx:
            return feed_state(tx, clinic.id, source.id, address=address)

    def _take(self, taker: Taker, source: Calendar, address: str, state: FeedState, fetched: Fetched) -> Pulled:
        if fetched.content is None:
            pulled, etag, modified = Pulled(taker.clinic.id, source.id, unchanged=True), state.etag, state.modified
        else:
            feed = read_feed(fetched.content, source, taker.clinic)
            taken = taker.take(feed)
            pulled = Pulled(taker.clinic.id, source.id, taken, len(feed.others))
            # While anything is open the calendar is wanted whole, also where its server sees nothing new in it.
            etag, modified = (None, None) if taken.is_open else (fetched.etag, fetched.modified)
        if not taker.dry_run:
            with self.store.write() as tx:
                now = self.clock.now()
                note_reading(tx, pulled.clinic, pulled.source, address=address, etag=etag, modified=modified, now=now)
                _tell(tx, pulled, was_away=state.failing_since is not None, now=now)
        return pulled

    def _failed(self, clinic: Clinic, source: Calendar, code: str) -> None:
        with self.store.write() as tx:
            now = self.clock.now()
            since = note_failure(tx, clinic.id, source.id, error=code, now=now)
            if now - since >= AWAY_FOR:
                reason = because("feed_away", source=source.id, since_at=iso(since), error=code)
                subject = f"{_subject(clinic.id, source.id)}/away"
                raise_alert(tx, AlertKind.INTAKE, subject, clinic=clinic.id, reasons=(reason,), now=now)


def _log(pulled: Pulled) -> None:
    """Write down what came of a reading that nobody stood beside."""
    if pulled.error:
        log.warning("calendar.failed", clinic=pulled.clinic, source=pulled.source, error=pulled.error)
        return
    counts = {result.value: count for result, count in pulled.taken.totals.items()}
    log.info("calendar.read", clinic=pulled.clinic, source=pulled.source, same=pulled.unchanged, **counts)


def _tell(tx: Tx, pulled: Pulled, *, was_away: bool, now: datetime) -> None:
    """Raise what staff have to look at, and end what is over."""
    subject, taken = _subject(pulled.clinic, pulled.source), pulled.taken
    if taken.new_refused:
        tell_of_refused(
            tx,
            "bookings_refused",
            subject,
            clinic=pulled.clinic,
            count=taken.new_refused,
            now=now,
            source=pulled.source,
        )
    if taken.newly_held:
        counts = {"feed_shrunk": taken.held - taken.beyond, "feed_beyond": taken.beyond}
        reasons = tuple(because(it, count=str(n), source=pulled.source) for it, n in counts.items() if n)
        raise_alert(tx, AlertKind.INTAKE, f"{subject}/shrunk", clinic=pulled.clinic, reasons=reasons, now=now)
    elif not taken.held and not pulled.unchanged:
        end_alert(tx, AlertKind.INTAKE, f"{subject}/shrunk", now=now)
    if was_away:
        end_alert(tx, AlertKind.INTAKE, f"{subject}/away", now=now)


def _subject(clinic: str, source: str) -> str:
    return f"calendar/{clinic}/{source}"
