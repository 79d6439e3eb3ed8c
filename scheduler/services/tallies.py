"""Keeps the daily tallies of deliveries right: statuses of days that are over still change, by receipts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import instant
from scheduler.protocols.configuration import Configuration
from scheduler.store.database import Store, Tx
from scheduler.store.tallies import (
    Counted,
    Window,
    count_messages,
    counted_days,
    due_hours_touched,
    forget_tallies,
    keep_tallies,
    mark_stale,
)
from scheduler.store.tally_notes import Note, forget_note, next_note, read_note, write_note

KEPT_FOR = 92
"""Days that are counted, today not among them: the longest chart, and a little."""
BETWEEN = timedelta(minutes=1)
GRACE = timedelta(minutes=3)
"""An event that has a lower number may still be committed so much later: no transaction takes as long."""
AGAIN_AFTER = timedelta(hours=6)
QUIET_FOR = timedelta(minutes=10)
"""Where nothing happens, that is put on record so often."""
AT_ONCE = 8
"""Days that one look counts, so that the first of an old installation holds up nobody."""

_A_DAY = timedelta(days=1)
_LAST_OF_HOUR = timedelta(minutes=59)
_TURN = "tallies"


@dataclass(slots=True)
class Tallies:
    """Counts for one process; of several processes one at a time."""

    _looked_at: datetime | None = field(default=None)
    _more: bool = field(default=False)

    def is_time(self, now: datetime) -> bool:
        """Whether the last look is long enough ago, or left days over; a clock that was set back stops nothing."""
        return self._looked_at is None or self._more or abs(now - self._looked_at) >= BETWEEN

    def look(self, store: Store, configuration: Configuration, *, now: datetime) -> None:
        """Count the days that are missing and those to which something happened. Blocks, commits. Raises StoreError.

        Where there are none it counts a day anew that was counted long ago: a visit that was moved takes its messages
        to other days, and leaves no trace in those before.
        """
        self._looked_at, self._more = now, False
        with store.turn(_TURN) as mine:
            if mine:
                _note_what_happened(store, configuration, now)
                self._more = _count_some(store, configuration, now)

    def count_all(self, store: Store, configuration: Configuration, *, now: datetime) -> None:
        """Forget all that is kept and count it anew. Blocks, commits. Raises StoreError."""
        with store.write() as tx:
            forget_tallies(tx)
            forget_note(tx)
        self.look(store, configuration, now=now)
        while self._more:
            self.look(store, configuration, now=now)


def day_window(clinic: Clinic, day: date) -> Window:
    """Return the instants of a clinic's calendar day: 23 or 25 hours where its clocks change."""
    start, end = (instant(it, time(), clinic.timezone) for it in (day, day + _A_DAY))
    return Window(clinic.id, start, end)


def today_at(clinic: Clinic, now: datetime) -> date:
    """Return the clinic's calendar day."""
    return now.astimezone(clinic.timezone).date()


def _note_what_happened(store: Store, configuration: Configuration, now: datetime) -> None:
    with store.read() as tx:
        before = read_note(tx)
        days = _touched(tx, configuration, before, now) if before else set()
        note = next_note(tx, before, now=now, grace=GRACE)
    if before and note.newest == before.newest and abs(now - before.at) < QUIET_FOR:
        return
    with store.write() as tx:
        mark_stale(tx, days)
        write_note(tx, note)


def _touched(tx: Tx, configuration: Configuration, note: Note, now: datetime) -> set[tuple[str, date]]:
    """Return the days that are over to whose messages something happened."""
    after = note.safely_after(before=note.at - GRACE)
    days = set()
    for clinic_id, hour in due_hours_touched(tx, after=after, before=now):
        if clinic := configuration.clinics.get(clinic_id):  # an hour of UTC may lie in two days of a clinic
            days |= {(clinic_id, today_at(clinic, at)) for at in (hour, hour + _LAST_OF_HOUR)}
    return days


def _count_some(store: Store, configuration: Configuration, now: datetime) -> bool:
    """Count what is to be counted, the latest days first; return whether there is more."""
    late_after = configuration.instance.late_after
    with store.read() as tx:
        days = _to_count(tx, configuration, now)
        chosen = sorted(days, reverse=True)[:AT_ONCE]
        found = {}
        for day in chosen:
            windows = [day_window(configuration.clinics[it], day) for it in sorted(days[day])]
            found[day] = count_messages(tx, windows, late_after=late_after, day_of=dict.fromkeys(days[day], day))
    if chosen:
        with store.write() as tx:
            for day in chosen:
                keep_tallies(tx, sorted(days[day]), day, found[day], now=now)
    return len(days) > len(chosen)


def _to_count(tx: Tx, configuration: Configuration, now: datetime) -> Mapping[date, set[str]]:
    """Return the days to count now, each with its clinics."""
    wanted: dict[date, set[str]] = defaultdict(set)
    known = {(it.clinic, it.day): it for it in _known(tx, configuration, now)}
    for clinic in configuration.clinics.values():
        for day in _days_over(clinic, now):
            counted = known.get((clinic.id, day))
            if counted is None or counted.stale:
                wanted[day].add(clinic.id)
    if not wanted and known:
        oldest = min(known.values(), key=lambda it: (it.at, it.day, it.clinic))
        if abs(now - oldest.at) >= AGAIN_AFTER:
            wanted[oldest.day].add(oldest.clinic)
    return wanted


def _known(tx: Tx, configuration: Configuration, now: datetime) -> Iterator[Counted]:
    """Yield the days that are counted, of those that are to be: each clinic's own."""
    first, last = now.date() - timedelta(days=KEPT_FOR + 2), now.date() + _A_DAY
    for it in counted_days(tx, configuration.clinics, first=first, last=last):
        if it.day in _days_over(configuration.clinics[it.clinic], now):
            yield it


def _days_over(clinic: Clinic, now: datetime) -> list[date]:
    today = today_at(clinic, now)
    return [today - timedelta(days=back) for back in range(1, KEPT_FOR + 1)]
