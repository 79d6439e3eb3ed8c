"""How each booking system stands: whether it can tell at all, when it did, and what of it waits for a person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from scheduler.domain.access import Scope
from scheduler.domain.alert import AlertKind
from scheduler.domain.clinic import Clinic
from scheduler.domain.sources import CALLING, Acuity, Calcom, Calendar, Calendly, Cliniko, Generic, Source
from scheduler.protocols.configuration import Configuration
from scheduler.services.bookings.polling import away_subject
from scheduler.services.bookings.receiving import PATH, REFUSED
from scheduler.services.bookings.sources import SecretOf, from_environment, sources_of, unset
from scheduler.services.feeds.missing import is_held
from scheduler.store.alerts import open_alerts
from scheduler.store.booking_events import count_refused, count_waiting, latest_by_source
from scheduler.store.booking_marks import get_mark
from scheduler.store.database import Tx
from scheduler.store.feeds import FeedCount, FeedState, count_entries, readings
from scheduler.store.refused_calls import last_refused

KINDS: Mapping[type[Source], str] = MappingProxyType(
    {
        Acuity: "acuity",
        Calcom: "calcom",
        Calendar: "calendar",
        Calendly: "calendly",
        Cliniko: "cliniko",
        Generic: "generic",
    }
)
"""What the kinds are called in a clinic's file."""
Key = tuple[str, str]


class SourceState(StrEnum):
    """What a person has to know of a booking system first. Of several the one that stands first here."""

    UNSET = "unset"
    """A variable that its block names is not set: nothing of it is taken."""
    FORGED = "forged"
    """Its last call was not signed with the secret that is set here: calls are turned away."""
    AWAY = "away"
    """It can't be asked, or its calendar can't be read."""
    HELD = "held"
    """So many bookings are missing from its calendar at once that a person has to say that they are off."""
    REFUSED = "refused"
    """Some of its bookings could not be taken."""
    NEW = "new"
    """Nothing was heard of it yet."""
    WELL = "well"
    """It tells, and all of it is taken."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one booking system of a clinic stands. Instants are aware UTC.

    `address` is what it calls, "" for one that is asked. `heard_at` is when it told something last, or was asked.
    `since` and `why` say since when and why it is away, or when a call was turned away and what was wrong with it.
    `lacks` are the variables that are not set. `missing` counts the bookings that its calendar has no more.
    """

    clinic: Clinic
    source: Source
    state: SourceState
    address: str
    heard_at: datetime | None
    since: datetime | None = None
    why: str = ""
    lacks: tuple[str, ...] = ()
    refused: int = 0
    waiting: int = 0
    missing: int = 0

    @property
    def kind(self) -> str:
        """Its kind, as the clinic's file names it."""
        return KINDS[type(self.source)]


def standings(
    tx: Tx,
    configuration: Configuration,
    *,
    scope: Scope,
    public_url: str,
    now: datetime,
    secret_of: SecretOf = from_environment,
) -> tuple[Standing, ...]:
    """Return how the booking systems of these clinics stand, in a number of queries that does not grow with theirs.

    Where one calls is asked for by its own mark: there are few of those.
    """
    lacking: dict[Key, list[str]] = {}
    for clinic, source, name in unset(configuration, secret_of):
        lacking.setdefault((clinic.id, source.id), []).append(name)
    known = _Known(tx, now, lacking)
    return tuple(
        known.of(clinic, source, public_url) for clinic, source in sources_of(configuration) if scope.holds(clinic.id)
    )


class _Known:
    """What the database knows of all booking systems."""

    def __init__(self, tx: Tx, now: datetime, lacking: Mapping[Key, list[str]]) -> None:
        self._tx, self._now, self._lacking = tx, now, lacking
        self._latest, self._refused, self._waiting = latest_by_source(tx), count_refused(tx), count_waiting(tx)
        self._feeds, self._entries = readings(tx), count_entries(tx, now=now)
        self._open = {it.subject: it.opened_at for it in open_alerts(tx) if it.kind is AlertKind.INTAKE}

    def of(self, clinic: Clinic, source: Source, public_url: str) -> Standing:
        key = (clinic.id, source.id)
        lacks = tuple(self._lacking.get(key, ()))
        address = (
            f"{public_url}{PATH.format(clinic=clinic.id, source=source.id)}" if isinstance(source, CALLING) else ""
        )
        if isinstance(source, Calendar):
            return self._calendar(clinic, source, lacks)
        heard_at = self._latest.get(key)
        if isinstance(source, Cliniko):
            heard_at = get_mark(self._tx, f"{clinic.id}/{source.id}")
        counts = {"refused": self._refused.get(key, 0), "waiting": self._waiting.get(key, 0)}
        state, since, why = self._of_caller(clinic, source, heard_at)
        if lacks:
            state = SourceState.UNSET
        elif state in {SourceState.WELL, SourceState.NEW} and counts["refused"]:
            state = SourceState.REFUSED
        return Standing(clinic, source, state, address, heard_at, since, why, lacks, **counts)

    def _of_caller(
        self, clinic: Clinic, source: Source, heard_at: datetime | None
    ) -> tuple[SourceState, datetime | None, str]:
        name = f"{clinic.id}/{source.id}"
        forged = last_refused(self._tx, REFUSED.format(source=name))
        if forged and (heard_at is None or heard_at < forged.at):
            return SourceState.FORGED, forged.at, forged.why
        if away := self._open.get(away_subject(name)):
            return SourceState.AWAY, heard_at or away, ""
        return (SourceState.WELL if heard_at else SourceState.NEW), None, ""

    def _calendar(self, clinic: Clinic, source: Calendar, lacks: tuple[str, ...]) -> Standing:
        key = (clinic.id, source.id)
        read, count = self._feeds.get(key, FeedState()), self._entries.get(key, FeedCount())
        return Standing(
            clinic,
            source,
            _of_calendar(source, read, count, is_unset=bool(lacks)),
            "",
            read.read_at,
            read.failing_since,
            read.error or "",
            lacks,
            refused=count.refused,
            missing=count.missing,
        )


def _of_calendar(source: Calendar, read: FeedState, count: FeedCount, *, is_unset: bool) -> SourceState:
    if is_unset:
        return SourceState.UNSET
    if read.failing_since:
        return SourceState.AWAY
    if is_held(count, source.every, read_at=read.read_at):
        return SourceState.HELD
    if count.refused:
        return SourceState.REFUSED
    return SourceState.WELL if read.read_at else SourceState.NEW


def to_mend(found: tuple[Standing, ...]) -> Iterator[Standing]:
    """Yield those for which a person has something to do."""
    yield from (it for it in found if it.state not in {SourceState.WELL, SourceState.NEW})
