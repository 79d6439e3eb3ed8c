"""What became of the messages of a month or so: by day and channel, why some failed, how late, at what cost."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel
from scheduler.domain.states import Status
from scheduler.protocols.configuration import Configuration
from scheduler.services.tallies import day_window, today_at
from scheduler.store.database import Tx
from scheduler.store.tallies import BEYOND, TAKEN, Tally, Window, count_messages, counted_days, kept_tallies
from scheduler.store.tally_notes import read_note

SPANS_OF_DAYS = (7, 30, 90)
_A_DAY = timedelta(days=1)
_HALF, _MOST = 0.5, 0.99

FAILED = (Status.FAILED, Status.UNDELIVERED)
WAITING = (Status.SCHEDULED, Status.CLAIMED, Status.SENDING, Status.HELD, Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class DayCount:
    """What was due on a day by one channel, by where it stands now; `late` of it went out late."""

    day: date
    standing: Mapping[Status, int] = field(default_factory=dict)
    late: int = 0

    @property
    def sent(self) -> int:
        """How many a provider took, whatever came of them."""
        return self._of(TAKEN)

    @property
    def delivered(self) -> int:
        """Of these, those that are known to have arrived."""
        return self._of((Status.DELIVERED,))

    @property
    def unheard(self) -> int:
        """Of these, those of which nothing has been heard: also where nobody reports."""
        return self._of((Status.ACCEPTED,))

    @property
    def failed(self) -> int:
        """How many were refused, or did not arrive."""
        return self._of(FAILED)

    @property
    def expired(self) -> int:
        """How many did not go out, because they would have helped no more."""
        return self._of((Status.EXPIRED,))

    @property
    def waiting(self) -> int:
        """How many are still to go out, or of which nobody knows whether they did."""
        return self._of(WAITING)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.sent or self.failed or self.expired or self.waiting)

    def _of(self, statuses: Collection[Status]) -> int:
        known = self.standing
        return sum([known[it] for it in statuses if it in known])


@dataclass(frozen=True, slots=True)
class Ranked:
    """So many messages that failed, expired or wait for one reason: codes of `domain.reasons`."""

    status: Status
    reason: str
    detail: str
    messages: int


@dataclass(frozen=True, slots=True)
class Lateness:
    """Half of the messages went out within `median` of their time, 99 of 100 within `worst`; None: even later."""

    messages: int
    median: timedelta | None
    worst: timedelta | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What the texts of a clinic took, in segments, and cost by the price in its file: None where none is there."""

    clinic: str
    segments: int
    amount: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the messages from `first` to `last`; the last day goes on.

    `as_of` is when what happened to the days before today was last looked at, None: never. `missing` of the days are
    not counted yet.
    """

    first: date
    last: date
    days: Mapping[Channel, tuple[DayCount, ...]]
    reasons: tuple[Ranked, ...]
    lateness: Mapping[Channel, Lateness]
    costs: tuple[Cost, ...]
    as_of: datetime | None
    missing: int

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to send."""
        return all(it.is_empty for days in self.days.values() for it in days)

    def total(self, channel: Channel) -> DayCount:
        """Return the days of a channel together."""
        standing: Counter[Status] = Counter()
        for it in self.days[channel]:
            standing.update(it.standing)
        return DayCount(self.last, standing, sum(it.late for it in self.days[channel]))


def clinics_of(configuration: Configuration, chosen: Collection[str] | None) -> tuple[Clinic, ...]:
    """Return the clinics of a scope that have a file, by id; None means all."""
    return tuple(it for _, it in sorted(configuration.clinics.items()) if chosen is None or it.id in chosen)


def windows_of(clinics: Iterable[Clinic], *, days: int, now: datetime) -> tuple[Window, ...]:
    """Return the last days of each clinic, today among them to its end."""
    found = []
    for clinic in clinics:
        today = today_at(clinic, now)
        start = day_window(clinic, today - timedelta(days=days - 1)).start
        found.append(Window(clinic.id, start, day_window(clinic, today).end))
    return tuple(found)


def report(tx: Tx, clinics: Sequence[Clinic], *, days: int, now: datetime, late_after: timedelta) -> Report:
    """Return the report of the last `days`, in each clinic's own days; today is counted live, the rest is kept."""
    today = {it.id: today_at(it, now) for it in clinics}
    last = max(today.values(), default=now.date())
    first = last - timedelta(days=days - 1)
    kept = kept_tallies(tx, today, first=first, last=last)
    windows = [day_window(it, today[it.id]) for it in clinics]
    live = count_messages(tx, windows, late_after=late_after, day_of=today)
    note = read_note(tx)
    known = {(it.clinic, it.day) for it in counted_days(tx, today, first=first, last=last)}
    wanted = {
        day for clinic, end in today.items() for day in _days(first, end - _A_DAY) if (clinic, day) not in known
    }
    return Report(
        first=first,
        last=last,
        days=_by_day(_days(first, last), (*kept.by_day, *live)),
        reasons=_ranked((*kept.by_reason, *live)),
        lateness=_lateness((*kept.by_lateness, *live)),
        costs=_costs(clinics, (*kept.by_lateness, *live)),
        as_of=note.at if note else None,
        missing=len(wanted),
    )


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _by_day(days: Sequence[date], counted: Iterable[Tally]) -> Mapping[Channel, tuple[DayCount, ...]]:
    standing: dict[tuple[Channel, date], Counter[Status]] = defaultdict(Counter)
    late: Counter[tuple[Channel, date]] = Counter()
    for it in counted:
        if it.channel and it.day and it.status:
            standing[it.channel, it.day][it.status] += it.messages
            late[it.channel, it.day] += it.late
    return {
        channel: tuple(DayCount(day, standing[channel, day], late[channel, day]) for day in days)
        for channel in PATIENT_CHANNELS
    }


def _ranked(counted: Iterable[Tally]) -> tuple[Ranked, ...]:
    found: Counter[tuple[Status, str, str]] = Counter()
    for it in counted:
        if it.reason and it.status:
            found[it.status, it.reason, it.detail] += it.messages
    return tuple(Ranked(*key, number) for key, number in sorted(found.items(), key=lambda it: (-it[1], it[0])))


def _lateness(counted: Iterable[Tally]) -> Mapping[Channel, Lateness]:
    within: dict[Channel, Counter[int]] = defaultdict(Counter)
    for it in counted:
        if it.within and it.channel:
            within[it.channel][it.within] += it.messages
    return {
        channel: Lateness(spans.total(), _share(spans, _HALF), _share(spans, _MOST))
        for channel, spans in within.items()
    }


def _share(spans: Counter[int], share: float) -> timedelta | None:
    """Return the span within which so many went out."""
    seen = 0
    for span, number in sorted(spans.items()):
        seen += number
        if seen >= share * spans.total():
            return None if span == BEYOND else timedelta(seconds=span)
    return None


def _costs(clinics: Sequence[Clinic], counted: Iterable[Tally]) -> tuple[Cost, ...]:
    segments: Counter[str] = Counter()
    for it in counted:
        segments[it.clinic] += it.segments
    return tuple(_cost(clinic, segments[clinic.id]) for clinic in clinics if segments[clinic.id])


def _cost(clinic: Clinic, segments: int) -> Cost:
    price = clinic.sms.price if clinic.sms else None
    return Cost(clinic.id, segments, price.times(segments) if price else None, price.currency if price else "")
