"""Takes what a calendar says into the book, entry by entry, and decides what a missing entry means."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.clock import Clock
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.clinic import Clinic
from scheduler.domain.sources import Calendar
from scheduler.domain.why import Why
from scheduler.protocols.configuration import Configuration
from scheduler.services.arriving import arrive, kept_back
from scheduler.services.feeds.absent import NOT_ACCEPTED, Absentees, Accepted
from scheduler.services.feeds.adopting import adopt
from scheduler.services.feeds.entry_times import Begins, may_be_at
from scheduler.services.feeds.horizon import beyond
from scheduler.services.feeds.order import BEHIND, goes_back, is_news
from scheduler.services.feeds.reading import Entry, Feed
from scheduler.services.feeds.renewing import take_over
from scheduler.services.feeds.taken import Refused, Taken
from scheduler.services.intake import Field
from scheduler.services.registration import Registered, Registrar, Result
from scheduler.store.database import Store, Tx
from scheduler.store.feeds import KnownEntry, forget_entries, hash_said, keep_entries, known_entries
from scheduler.store.known import look_up
from scheduler.store.names import plain_name
from scheduler.store.patients import get_patient

BATCH = 50
"""Entries a transaction: a kill repeats at most these, and nobody else waits long to write."""
KEPT_FOR = timedelta(days=30)
_LOST = Registered(
    Result.REFUSED,
    None,
    "it looks like no booking any more, by its title or as a whole day: mend it there, or call the appointment off "
    "by hand",
    (Why("lost"),),
)
_WENT_BACK = Registered(
    Result.REFUSED,
    None,
    "its SEQUENCE is lower than before, and it does not say when it was changed, so that nobody can tell which is "
    "newer: look at it there, and correct the appointment by hand",
    (Why("went_back"),),
)
_OF_ANOTHER = frozenset({"id_taken", "id_anothers"})
"""Why an entry is refused whose appointment is somebody else's."""
_NOT_THIS = _OF_ANOTHER | {"other_treatment", "stranger"}
"""Why an entry is refused whose appointment is for something or somebody else by now, at whatever time."""
_CALLED_OFF = {Field.STATUS: AppointmentStatus.CANCELLED.value}
_ON_AGAIN = {Field.STATUS: AppointmentStatus.BOOKED.value}

Known = Mapping[str, KnownEntry]


class _DryRunOverError(Exception):
    """Ends a transaction of a dry run, so that it is rolled back."""


@dataclass(frozen=True, slots=True)
class Taker:
    """Takes the readings of one calendar of a clinic. `accepted`: whether a person says that what is missing is off.

    It blocks and commits batch by batch; a dry run goes the same way and is rolled back.
    """

    store: Store
    configuration: Configuration
    clock: Clock
    clinic: Clinic
    source: Calendar
    dry_run: bool = False
    accepted: Accepted = NOT_ACCEPTED

    def take(self, feed: Feed) -> Taken:
        """Register, follow or refuse what is new in a calendar that was read whole. Raises StoreError."""
        now, taken = self.clock.now(), Taken()
        with self._turn() as tx:
            adopt(tx, self.clinic, self.source.id, feed, now=now)
        ids = {it.external_id for it in feed.entries}
        with self.store.read() as tx:
            known = known_entries(tx, self.clinic.id, self.source.id, ids | feed.others.keys(), after=now - BEHIND)
            news = [it for it in feed.entries if is_news(tx, it, known.get(it.external_id), now)]
        taken.left = len(ids - known.keys() - {it.external_id for it in news})
        taken.totals[Result.UNCHANGED] += len(feed.entries) - len(news) - taken.left
        gone = [it for key, it in known.items() if key not in ids and key not in feed.others]
        for start in range(0, len(news), BATCH):
            with self._turn() as tx:
                self._take_some(tx, news[start : start + BATCH], known, gone, taken)
        lost = [it for key, it in known.items() if key in feed.others and it.starts_at > now and _is_open(it)]
        missing = [it for it in gone if it.starts_at > now and not it.is_off]
        if lost or missing:
            with self._turn() as tx:
                self._refuse_lost(tx, lost, feed, taken)
                self._settle_missing(tx, missing, feed, known, taken)
        with self._turn() as tx:
            forget_entries(tx, self.clinic.id, self.source.id, before=now - KEPT_FOR)
        return taken

    @contextmanager
    def _turn(self) -> Iterator[Tx]:
        """Open a writing transaction, which a dry run takes back."""
        with suppress(_DryRunOverError), self.store.write() as tx:
            yield tx
            if self.dry_run:
                raise _DryRunOverError

    def _take_some(
        self, tx: Tx, entries: Sequence[Entry], known: Known, gone: list[KnownEntry], taken: Taken
    ) -> None:
        kept = []
        for entry in entries:
            known_so = known.get(entry.external_id)
            before = known_so or self._renewed(tx, entry, gone)
            if before and not known_so and not is_news(tx, entry, before, self.clock.now()):
                taken.totals[Result.UNCHANGED] += 1
                kept.append(before)
            else:
                kept.append(self._take_one(tx, entry, before, taken))
        keep_entries(tx, self.clinic.id, self.source.id, kept)

    def _renewed(self, tx: Tx, entry: Entry, gone: list[KnownEntry]) -> KnownEntry | None:
        """Return what was known of a new entry under another UID, which is gone then."""
        renewed = take_over(tx, self._registrar, (self.clinic, self.source.id), entry, gone)
        if renewed is None:
            return None
        before, after = renewed
        gone.remove(before)
        return after

    def _take_one(self, tx: Tx, entry: Entry, before: KnownEntry | None, taken: Taken) -> KnownEntry:
        went_back = before is not None and goes_back(entry, before)
        done = _WENT_BACK if went_back else self._done(tx, entry, before)
        codes = {it.code for it in done.why}
        if "id_taken" in codes and self._is_noted(tx, entry):
            codes = set()
        visit = self._keep_back(tx, entry.external_id, entry.begins, codes) if done.result is Result.REFUSED else None
        if visit and not _OF_ANOTHER.isdisjoint(codes):
            # The entry is the calendar's own: whose it is now has it, and the id of the visit that is off is free.
            done = self._done(tx, entry, replace(before, is_off=True) if before else None)
        taken.totals[done.result] += 1
        is_refused = done.result is Result.REFUSED
        was_kept_back = is_refused and bool(before and before.is_refused and before.is_off)
        if is_refused and visit:
            done, was_kept_back = _kept_back(done, visit), True
        said = hash_said(tx, entry.said)
        if is_refused:
            taken.refused.append(Refused(entry.at, done.reason, done.why))
            taken.new_refused += not (before and before.is_refused and before.said == said)
        return KnownEntry(
            entry.external_id,
            said,
            before.sequence if before and went_back else entry.sequence,
            entry.changed_at,
            # One that can't be read is as late as what was known of it: it is not missing meanwhile.
            entry.starts_at if entry.has_start else before.starts_at if before else self.clock.now(),
            is_off=was_kept_back or (entry.is_off and not is_refused),
            is_refused=is_refused,
        )

    def _done(self, tx: Tx, entry: Entry, before: KnownEntry | None) -> Registered:
        if entry.problem:
            return Registered(Result.REFUSED, None, entry.problem, (Why(entry.wrong),))
        status = _CALLED_OFF if entry.is_off else _ON_AGAIN if before and before.is_off else {}
        if not entry.is_off and entry.raw.get(Field.STATUS):
            status = {}  # its own words say more
        return self._arrive(tx, {**entry.raw, Field.EXTERNAL_ID: entry.external_id, **status})

    def _keep_back(self, tx: Tx, external_id: str, begins: Begins, codes: Collection[str]) -> int | None:
        """Call off the visit that a refused entry was at another time, or for somebody or something else; return it.

        Nothing may go out for that. Its entry counts as off from then on, so that the visit is on again once the
        entry is taken. Nothing is said of the person: an id is the calendar's own.
        """
        visit = look_up(tx, self.clinic.id, [], [external_id]).visits.named(external_id)
        if visit is None or visit.status is not AppointmentStatus.BOOKED:
            return None
        if may_be_at(begins, visit.starts_at, self.clinic) and _NOT_THIS.isdisjoint(codes):
            return None
        off = {Field.EXTERNAL_ID: external_id, **_CALLED_OFF}
        return visit.id if self._arrive(tx, off).result is not Result.REFUSED else None

    def _is_noted(self, tx: Tx, entry: Entry) -> bool:
        """Whether somebody wrote something beside the name of whom an entry is for, rather than another name."""
        visit = look_up(tx, self.clinic.id, [], [entry.external_id]).visits.named(entry.external_id)
        if visit is None:
            return False
        said = " ".join(entry.raw.get(it, "") for it in (Field.NAME, Field.FIRST_NAME, Field.LAST_NAME))
        given, kept = (set(plain_name(it).split()) for it in (said, get_patient(tx, visit.patient_id).name))
        return given <= kept or kept <= given

    @property
    def _registrar(self) -> Registrar:
        return Registrar(self.configuration, self.clock, by=f"calendar {self.source.id}", follow=True)

    def _arrive(self, tx: Tx, raw: Mapping[Field, str]) -> Registered:
        return arrive(tx, self._registrar, self.clinic, raw)

    def _refuse_lost(self, tx: Tx, lost: Sequence[KnownEntry], feed: Feed, taken: Taken) -> None:
        """Refuse entries that are there still and look like bookings no more: nobody knows what that means.

        Where one is at another time, its visit is not where it was, whatever else is meant.
        """
        kept = []
        for it in lost:
            begins, done, is_off = feed.others[it.external_id], _LOST, it.is_off
            if visit := self._keep_back(tx, it.external_id, begins, frozenset()):
                done, is_off = _kept_back(done, visit), True
            taken.totals[Result.REFUSED] += 1
            at = begins if isinstance(begins, datetime) else it.starts_at
            taken.refused.append(Refused(at, done.reason, done.why))
            taken.new_refused += not it.is_refused
            kept.append(replace(it, is_refused=True, is_off=is_off))
        keep_entries(tx, self.clinic.id, self.source.id, kept)

    def _settle_missing(self, tx: Tx, missing: Sequence[KnownEntry], feed: Feed, known: Known, taken: Taken) -> None:
        now = self.clock.now()
        absent = Absentees(
            self.clinic.id,
            missing,
            beyond(feed, missing, self.source, self.clinic, now=now),
            is_empty=not (feed.entries or feed.others),
            to_come=sum(it.starts_at > now and not it.is_off for it in known.values()),
            accepted=self.accepted,
            now=now,
        )
        kept = absent.settle(tx, lambda it: self._arrive(tx, {Field.EXTERNAL_ID: it, **_CALLED_OFF}), taken)
        keep_entries(tx, self.clinic.id, self.source.id, kept)


def _is_open(known: KnownEntry) -> bool:
    return known.is_refused or not known.is_off


def _kept_back(done: Registered, visit: int) -> Registered:
    also = (*done.why, Why("kept_back", {"visit": str(visit)})) if done.why else ()
    return replace(done, reason=kept_back(done.reason, visit), why=also)
