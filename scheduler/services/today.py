"""The day of a clinic at a glance: what needs a person, what came to nothing, what goes out, what waits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.domain.access import Scope
from scheduler.domain.alert import AT_ONCE, LISTED, OF_PATIENTS, AlertKind
from scheduler.domain.brakes import Pause
from scheduler.domain.circuit import Circuit
from scheduler.domain.clinic import Clinic
from scheduler.domain.notice import MessageKind
from scheduler.domain.states import Brake
from scheduler.protocols.configuration import Configuration
from scheduler.services.deliveries import clinics_of
from scheduler.services.going import MOST_DECIDED, Staying, staying
from scheduler.services.tallies import day_window, today_at
from scheduler.services.unanswered import Listed, listed
from scheduler.store.alerts import Alert, open_alerts
from scheduler.store.circuits import open_circuits
from scheduler.store.database import Tx
from scheduler.store.deliveries import names_of
from scheduler.store.pauses import orders_in_force
from scheduler.store.tallies import Window
from scheduler.store.today import Quarter, Trouble, Upcoming, is_new, kept_back, quarters_ahead, troubles, upcoming

SHOWN_ALERTS, SHOWN_UNANSWERED, SHOWN_MESSAGES = 6, 8, 50
LATELY = timedelta(hours=24)
_OVERDUE = timedelta(days=2)
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hour:
    """What goes out in one hour of the wall clock of a zone; `clinic` is one whose clock it is."""

    at: datetime
    clinic: str
    messages: int
    shown: tuple[Upcoming, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is kept back, and by what."""

    pauses: tuple[Pause, ...]
    circuits: tuple[Circuit, ...]
    counts: Mapping[Brake, int]
    quiet: int
    unapproved: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing is."""
        return not (self.pauses or self.circuits or self.counts or self.quiet or self.unapproved)


@dataclass(frozen=True, slots=True)
class Today:
    """The page. `alerts` and `unanswered` are the first of so many (`*_count`); names are by patient.

    `staying` will not go out, though planned, and are in none of the counts; unless `is_decided` there may be more of
    them, which are.
    """

    alerts: tuple[Alert, ...]
    alert_count: int
    urgent: int
    troubles: tuple[Trouble, ...]
    unanswered: tuple[Listed, ...]
    unanswered_count: int
    hours: tuple[Hour, ...]
    staying: tuple[Staying, ...]
    is_decided: bool
    messages_today: int
    messages_tomorrow: int
    waiting: Waiting
    names: Mapping[int, str]
    is_new: bool

    @property
    def going(self) -> int:
        """How many go out today and tomorrow."""
        return self.messages_today + self.messages_tomorrow

    @property
    def shown(self) -> int:
        """How many of them are listed."""
        return sum(len(hour.shown) for hour in self.hours)


def today(tx: Tx, configuration: Configuration, scope: Scope, *, now: datetime) -> Today:
    """Look everything up for one page, in a constant number of queries."""
    clinics = clinics_of(configuration, scope.clinics)
    ids = [it.id for it in clinics]
    alerts = sorted((it for it in open_alerts(tx) if scope.holds(it.clinic)), key=_by_weight)
    silent = listed(tx, configuration, now=now, clinics=ids) if ids else ()
    windows = [_ahead(it, now) for it in clinics]
    planned = quarters_ahead(tx, windows)
    is_decided = sum(it.messages for it in planned) <= MOST_DECIDED
    most = MOST_DECIDED if is_decided else SHOWN_MESSAGES
    first = upcoming(tx, _without_past(windows, planned), limit=most)
    stays = staying(tx, configuration, [it.id for it in first if it.kind is MessageKind.STEP], now=now)
    quarters = _without(planned, stays.values())
    first = tuple(it for it in first if it.id not in stays)[:SHOWN_MESSAGES]
    shown = alerts[:SHOWN_ALERTS], silent[:SHOWN_UNANSWERED]
    people = {it.question.patient_id for it in shown[1]} | {it.patient_id for it in first if it.patient_id}
    people |= {it.message.of_patient for it in stays.values()}
    by_day = _by_day(quarters, {it.id: it for it in clinics}, now)
    return Today(
        alerts=tuple(shown[0]),
        alert_count=len(alerts),
        urgent=sum(it.kind in AT_ONCE for it in alerts),
        troubles=troubles(tx, ids, since=now - LATELY),
        unanswered=shown[1],
        unanswered_count=len(silent),
        hours=_hours(first, quarters, {it.id: it for it in clinics}, now),
        staying=tuple(stays.values()),
        is_decided=is_decided,
        messages_today=by_day[False],
        messages_tomorrow=by_day[True],
        waiting=_waiting(tx, scope, ids, alerts, quarters),
        names=names_of(tx, people),
        is_new=is_new(tx),
    )


def _by_weight(alert: Alert) -> tuple[bool, bool, bool, bool, datetime, int]:
    """Sort what is urgent first, then what nobody took, then patients before faults, the oldest first."""
    kind = alert.kind
    return (
        kind not in AT_ONCE,
        bool(alert.taken_at),
        kind in LISTED,
        kind not in OF_PATIENTS,
        alert.opened_at,
        alert.id,
    )


def _ahead(clinic: Clinic, now: datetime) -> Window:
    """Return what is to be shown of a clinic: what is overdue, and all to the end of tomorrow."""
    return Window(clinic.id, now - _OVERDUE, day_window(clinic, today_at(clinic, now) + _A_DAY).end)


def _without_past(windows: Iterable[Window], quarters: Iterable[Quarter]) -> list[Window]:
    """Return the windows from the first quarter on in which anything goes out: before it all is over."""
    begins: dict[str, datetime] = {}
    for it in quarters:
        begins[it.clinic] = min(it.at, begins.get(it.clinic, it.at))
    return [it._replace(start=max(it.start, begins.get(it.clinic, it.end))) for it in windows]


def _without(quarters: Iterable[Quarter], stays: Iterable[Staying]) -> tuple[Quarter, ...]:
    """Return the quarters without what will not go out."""
    found = {(it.clinic, it.at): it for it in quarters}
    for message, _ in stays:
        at = message.due_at.replace(second=0, microsecond=0) - timedelta(minutes=message.due_at.minute % 15)
        was, quiet = found[message.clinic, at], any(it.code == "quiet_hours" for it in message.reasons)
        found[message.clinic, at] = replace(was, messages=was.messages - 1, quiet=was.quiet - quiet)
    return tuple(it for it in found.values() if it.messages)


def _by_day(quarters: Iterable[Quarter], clinics: Mapping[str, Clinic], now: datetime) -> Mapping[bool, int]:
    found = {False: 0, True: 0}
    for it in quarters:
        clinic = clinics[it.clinic]
        found[today_at(clinic, it.at) > today_at(clinic, now)] += it.messages
    return found


def _hours(
    first: Sequence[Upcoming], quarters: Iterable[Quarter], clinics: Mapping[str, Clinic], now: datetime
) -> tuple[Hour, ...]:
    """Put the messages under the hours of their clinics' clocks; clinics of one zone share them."""
    counts: dict[tuple[datetime, str], int] = {}
    shown: dict[tuple[datetime, str], list[Upcoming]] = {}
    who: dict[tuple[datetime, str], str] = {}
    for it in quarters:
        key = _hour(clinics[it.clinic], max(it.at, now))
        counts[key] = counts.get(key, 0) + it.messages
        who.setdefault(key, it.clinic)
    for message in first:
        shown.setdefault(_hour(clinics[message.clinic], max(message.at, now)), []).append(message)
    return tuple(
        Hour(key[0], who[key], counts[key], tuple(shown.get(key, ()))) for key in sorted(counts, key=lambda it: it)
    )


def _hour(clinic: Clinic, at: datetime) -> tuple[datetime, str]:
    """Return the beginning of the hour of a clinic's clock, and the zone."""
    past = at.astimezone(clinic.timezone)
    return at - timedelta(
        minutes=past.minute, seconds=past.second, microseconds=past.microsecond
    ), clinic.timezone.key


def _waiting(
    tx: Tx, scope: Scope, ids: Sequence[str], alerts: Iterable[Alert], quarters: Iterable[Quarter]
) -> Waiting:
    counts: dict[Brake, int] = {}
    for _, brake, number in kept_back(tx, ids):
        counts[brake] = counts.get(brake, 0) + number
    return Waiting(
        pauses=tuple(it.pause for it in orders_in_force(tx) if scope.holds(it.pause.scope.clinic)),
        circuits=open_circuits(tx),
        counts=counts,
        quiet=sum(it.quiet for it in quarters),
        unapproved=sum(_count(it) for it in alerts if it.kind is AlertKind.UNAPPROVED),
    )


def _count(alert: Alert) -> int:
    """Return how many messages an alert speaks of."""
    said = dict(param for reason in alert.reasons for param in reason.params).get("count", "0")
    return int(said) if said.isdecimal() else 0
