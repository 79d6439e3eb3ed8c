"""Takes what a calendar says into the book, entry by entry, and decides what a missing entry means."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scheduler.clock import Clock
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.clinic import Clinic
from scheduler.domain.why import Why
from scheduler.protocols.configuration import Configuration
from scheduler.services.arriving import arrive, kept_back
from scheduler.services.feeds.adopting import adopt
from scheduler.services.feeds.missing import SURE_AFTER, are_few
from scheduler.services.feeds.reading import Entry, Feed
from scheduler.services.intake import Field, of_person
from scheduler.services.registration import Registered, Registrar, Result
from scheduler.store.database import Store, Tx
from scheduler.store.feeds import KnownEntry, forget_entries, hash_said, keep_entries, known_entries
from scheduler.store.known import look_up

BATCH = 50
"""Entries a transaction: a kill repeats at most these, and nobody else waits long to write."""
BEHIND, AHEAD = timedelta(days=2), timedelta(days=730)
"""Entries that begin earlier and are new, or later, are left alone."""
KEPT_FOR = timedelta(days=30)
_LOST = "its title looks like no booking any more: mend the title, or call the appointment off by hand"
_CALLED_OFF = {Field.STATUS: AppointmentStatus.CANCELLED.value}
_ON_AGAIN = {Field.STATUS: AppointmentStatus.BOOKED.value}

Known = Mapping[str, KnownEntry]


class _DryRunOverError(Exception):
    """Ends a transaction of a dry run, so that it is rolled back."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that was not taken: when it begins (aware UTC, None where that can't be read) and why; codes too."""

    starts_at: datetime | None
    reason: str = field(repr=False)
    why: tuple[Why, ...] = field(default=(), repr=False)


@dataclass(slots=True)
class Taken:
    """What came of one reading; `new_refused` of the refused were not refused so before.

    `missing` are those that are waited for, `held` those that are so many at once that none is called off, of which
    `newly_held` were there the last time. `left` are those that are over, too far ahead, or off and never known.
    """

    totals: dict[Result, int] = field(default_factory=lambda: dict.fromkeys(Result, 0))
    refused: list[Refused] = field(default_factory=list)
    new_refused: int = 0
    left: int = 0
    missing: int = 0
    held: int = 0
    newly_held: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything was registered, moved or called off."""
        return any(self.totals[it] for it in (Result.REGISTERED, Result.RESCHEDULED, Result.CANCELLED))

    @property
    def is_open(self) -> bool:
        """Whether the same calendar, read again, may come to something else."""
        return bool(self.refused or self.missing or self.held)


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes the readings of one calendar of a clinic. `accept_missing`: a person says that what is missing is off.

    It blocks and commits batch by batch; a dry run goes the same way and is rolled back.
    """

    store: Store
    configuration: Configuration
    clock: Clock
    clinic: Clinic
    source: str
    dry_run: bool = False
    accept_missing: bool = False

    def take(self, feed: Feed) -> Taken:
        """Register, follow or refuse what is new in a calendar that was read whole. Raises StoreError."""
        now, taken = self.clock.now(), Taken()
        with self._turn() as tx:
            adopt(tx, self.clinic, self.source, feed, now=now)
        with self.store.read() as tx:
            ids = {it.external_id for it in feed.entries}
            known = known_entries(tx, self.clinic.id, self.source, ids | feed.others, after=now)
            news = [it for it in feed.entries if _is_news(tx, it, known.get(it.external_id), now)]
        taken.left = len(ids - known.keys() - {it.external_id for it in news})
        taken.totals[Result.UNCHANGED] += len(feed.entries) - len(news) - taken.left
        for start in range(0, len(news), BATCH):
            with self._turn() as tx:
                self._take_some(tx, news[start : start + BATCH], known, taken)
        gone = [it for it in known.values() if it.external_id not in ids and not it.is_off and it.starts_at > now]
        lost = [it for it in gone if it.external_id in feed.others]
        missing = _within(feed, [it for it in gone if it.external_id not in feed.others])
        if lost or missing:
            with self._turn() as tx:
                self._refuse_lost(tx, lost, taken)
                self._settle_missing(tx, missing, self._is_whole(feed, len(missing), known, now), taken)
        with self._turn() as tx:
            forget_entries(tx, self.clinic.id, self.source, before=now - KEPT_FOR)
        return taken

    @contextmanager
    def _turn(self) -> Iterator[Tx]:
        """Open a writing transaction, which a dry run takes back."""
        with suppress(_DryRunOverError), self.store.write() as tx:
            yield tx
            if self.dry_run:
                raise _DryRunOverError

    def _take_some(self, tx: Tx, entries: Sequence[Entry], known: Known, taken: Taken) -> None:
        kept = []
        for entry in entries:
            before = known.get(entry.external_id)
            done = self._done(tx, entry, before)
            taken.totals[done.result] += 1
            is_refused = done.result is Result.REFUSED
            was_kept_back = is_refused and bool(before and before.is_refused and before.is_off)
            if is_refused and not entry.problem and (visit := self._keep_back(tx, entry)):
                also = (*done.why, Why("kept_back", {"visit": str(visit)})) if done.why else ()
                done, was_kept_back = replace(done, reason=kept_back(done.reason, visit), why=also), True
            said = hash_said(tx, entry.said)
            if is_refused:
                taken.refused.append(Refused(None if entry.wrong else entry.starts_at, done.reason, done.why))
                taken.new_refused += not (before and before.is_refused and before.said == said)
            kept.append(
                KnownEntry(
                    entry.external_id,
                    said,
                    entry.sequence,
                    entry.changed_at,
                    # One that can't be read is as late as what was known of it: it is not missing meanwhile.
                    entry.starts_at if entry.has_start else before.starts_at if before else self.clock.now(),
                    is_off=was_kept_back or (entry.is_off and not is_refused),
                    is_refused=is_refused,
                )
            )
        keep_entries(tx, self.clinic.id, self.source, kept)

    def _done(self, tx: Tx, entry: Entry, before: KnownEntry | None) -> Registered:
        if entry.problem:
            return Registered(Result.REFUSED, None, entry.problem, (Why(entry.wrong),))
        status = _CALLED_OFF if entry.is_off else _ON_AGAIN if before and before.is_off else {}
        if not entry.is_off and entry.raw.get(Field.STATUS):
            status = {}  # its own words say more
        return self._arrive(tx, {**entry.raw, Field.EXTERNAL_ID: entry.external_id, **status})

    def _keep_back(self, tx: Tx, entry: Entry) -> int | None:
        """Call off the visit that a refused entry was at another time: nothing may go out for that; return its id.

        Its entry counts as off from then on, so that the visit is on again once the entry is taken.
        """
        visit = look_up(tx, self.clinic.id, [], [entry.external_id]).visits.named(entry.external_id)
        if visit is None or visit.status is not AppointmentStatus.BOOKED or visit.starts_at == entry.starts_at:
            return None
        off = {**of_person(entry.raw), Field.EXTERNAL_ID: entry.external_id, **_CALLED_OFF}
        return visit.id if self._arrive(tx, off).result is not Result.REFUSED else None

    def _arrive(self, tx: Tx, raw: Mapping[Field, str]) -> Registered:
        registrar = Registrar(self.configuration, self.clock, by=f"calendar {self.source}", follow=True)
        return arrive(tx, registrar, self.clinic, raw)

    def _refuse_lost(self, tx: Tx, lost: Sequence[KnownEntry], taken: Taken) -> None:
        """Refuse entries that are there still and look like bookings no more: nobody knows what that means."""
        for it in lost:
            taken.totals[Result.REFUSED] += 1
            taken.refused.append(Refused(it.starts_at, _LOST, (Why("lost"),)))
            taken.new_refused += not it.is_refused
        keep_entries(tx, self.clinic.id, self.source, [replace(it, is_refused=True) for it in lost])

    def _is_whole(self, feed: Feed, missing: int, known: Known, now: datetime) -> bool:
        """Whether so few are missing that they may be off, rather than the calendar cut short.

        One with nothing in it at all is what servers show when a calendar is no longer shared.
        """
        if self.accept_missing:
            return True
        to_come = sum(it.starts_at > now and not it.is_off for it in known.values())
        return are_few(missing, to_come) and bool(feed.entries or feed.others)

    def _settle_missing(self, tx: Tx, missing: Sequence[KnownEntry], is_whole: bool, taken: Taken) -> None:
        """Call off what is missing for long enough; note since when the rest is."""
        now, kept = self.clock.now(), []
        for it in missing:
            since = it.missing_since or now
            if is_whole and (self.accept_missing or now - since >= SURE_AFTER):
                done = self._arrive(tx, {Field.EXTERNAL_ID: it.external_id, **_CALLED_OFF})
                taken.totals[done.result] += 1
                kept.append(replace(it, is_off=True, is_refused=False, missing_since=since))
                continue
            taken.missing += is_whole
            taken.held += not is_whole
            taken.newly_held += not is_whole and it.missing_since is None
            kept.append(replace(it, missing_since=since))
        keep_entries(tx, self.clinic.id, self.source, kept)


def _is_news(tx: Tx, entry: Entry, known: KnownEntry | None, now: datetime) -> bool:
    """Whether something is to be done about an entry: it is new, newer, was refused, or is there again."""
    is_near = now - BEHIND <= entry.starts_at <= now + AHEAD
    if known is None:
        return not entry.is_off and (is_near or bool(entry.problem))
    if _is_older(entry, known):
        return False
    same = known.said == hash_said(tx, entry.said) and known.is_off == entry.is_off
    again = known.is_refused and (is_near or bool(entry.problem))
    return not same or again or known.missing_since is not None


def _is_older(entry: Entry, known: KnownEntry) -> bool:
    """Whether a server hands out what it kept of before."""
    if entry.sequence != known.sequence:
        return entry.sequence < known.sequence
    return bool(entry.changed_at and known.changed_at and entry.changed_at < known.changed_at)


def _within(feed: Feed, missing: Sequence[KnownEntry]) -> list[KnownEntry]:
    """Return those that begin no later than the last entry that is there: many calendars end after some weeks."""
    last = max((it.starts_at for it in feed.entries if it.has_start), default=None)
    return [it for it in missing if last is None or it.starts_at <= last]
