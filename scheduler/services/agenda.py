"""A calendar of what goes out, for a person's own calendar program: counts by the hour, nothing of any patient.

Whoever has the link reads it: calendar programs keep what they read, and show it to others.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.clock import Clock
from scheduler.domain.access import EVERY_CLINIC, PERMISSIONS_OF, Permission, Scope
from scheduler.domain.clinic import Clinic
from scheduler.domain.states import Status
from scheduler.errors import NotFoundError
from scheduler.protocols.configuration import Configuration
from scheduler.services.going import MOST_DECIDED, Staying, staying
from scheduler.services.links import AgendaClaim, Links
from scheduler.services.tallies import day_window, today_at
from scheduler.store.agenda import (
    USED_WITHIN,
    AgendaLink,
    Counted,
    agenda_link_of,
    count_steps,
    end_agenda_link,
    note_agenda_use,
    renew_agenda_link,
    steps_to_come,
)
from scheduler.store.database import Store, Tx
from scheduler.store.tallies import Window
from scheduler.store.users import User, get_user

BEHIND, AHEAD = timedelta(days=2), timedelta(days=14)
_TO_COME = (Status.SCHEDULED, Status.CLAIMED, Status.SENDING)
_WENT_OUT = (Status.ACCEPTED, Status.DELIVERED)


@dataclass(frozen=True, slots=True)
class Hour:
    """What is due at a clinic in the hour of its clock from `at` on (aware UTC), by step; the latter two in all."""

    clinic: Clinic
    at: datetime
    steps: Mapping[str, int]
    to_come: int
    went_out: int

    @property
    def messages(self) -> int:
        """How many messages that are."""
        return sum(self.steps.values())

    @property
    def amiss(self) -> int:
        """How many of them did not go out, did not arrive, or wait for a person."""
        return self.messages - self.to_come - self.went_out


@dataclass(frozen=True, slots=True)
class Agenda:
    """The hours in which something is due, in order; `language` is its reader's, None where that is not known."""

    language: str | None
    hours: tuple[Hour, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Agendas:
    """Reads them by their links, and gives people theirs. All block; what changes something commits."""

    store: Store
    configuration: Configuration
    links: Links
    clock: Clock

    def look(self, token: str) -> Agenda | None:
        """Return what the owner of a link may see now; None for a link that opens nothing, whatever the reason."""
        claim = self.links.read_agenda(token)
        if claim is None:
            return None
        now = self.clock.now()
        with self.store.read() as tx:
            link, user = agenda_link_of(tx, claim.user_id), _user_of(tx, claim)
            if link is None or user is None or link.number != claim.number:
                return None
            clinics = self._clinics_of(user)
            windows = [_window(it, now) for it in clinics.values()]
            counted = count_steps(tx, windows)
            first = steps_to_come(tx, windows, limit=MOST_DECIDED)
            counted = _without(counted, staying(tx, self.configuration, first, now=now).values())
        if link.used_at is None or now - link.used_at >= USED_WITHIN:
            with self.store.write() as tx:
                note_agenda_use(tx, claim.user_id, now=now)
        return Agenda(user.language, _by_hour(counted, clinics), now)

    def link_of(self, user_id: int) -> tuple[AgendaLink, str] | None:
        """Return a user's link and its address, None where there is none."""
        with self.store.read() as tx:
            link = agenda_link_of(tx, user_id)
        return (link, self.links.agenda(user_id, link.number)) if link else None

    def renew(self, user_id: int) -> None:
        """Give a user a link; one that there was opens nothing any more."""
        with self.store.write() as tx:
            renew_agenda_link(tx, user_id, now=self.clock.now())

    def end(self, user_id: int) -> None:
        """Let a user's link open nothing any more."""
        with self.store.write() as tx:
            end_agenda_link(tx, user_id, now=self.clock.now())

    def _clinics_of(self, user: User) -> Mapping[str, Clinic]:
        """Return the clinics at which a user may read, as the console shows them."""
        reads = frozenset(clinic for clinic, role in user.grants.items() if Permission.READ in PERMISSIONS_OF[role])
        scope = Scope(None if EVERY_CLINIC in reads else reads)
        return {name: it for name, it in self.configuration.clinics.items() if scope.holds(name)}


def _user_of(tx: Tx, claim: AgendaClaim) -> User | None:
    try:
        user = get_user(tx, claim.user_id)
    except NotFoundError:
        return None
    return None if user.disabled_at else user


def _window(clinic: Clinic, now: datetime) -> Window:
    first, last = (day_window(clinic, today_at(clinic, now) + span) for span in (-BEHIND, AHEAD))
    return Window(clinic.id, first.start, last.end)


def _without(counted: tuple[Counted, ...], stays: Iterable[Staying]) -> tuple[Counted, ...]:
    """Return the counts without what will not go out."""
    less = Counter(
        (it.message.clinic, it.message.due_at.replace(second=0, microsecond=0), it.message.step) for it in stays
    )
    found = []
    for it in counted:
        number = less[it.clinic, it.at, it.step] if it.status is Status.SCHEDULED else 0
        found.append(replace(it, messages=it.messages - number))
    return tuple(it for it in found if it.messages)


def _by_hour(counted: tuple[Counted, ...], clinics: Mapping[str, Clinic]) -> tuple[Hour, ...]:
    """Put the counts under the hours of each clinic's clock."""
    found: dict[tuple[datetime, str], list[Counted]] = {}
    for it in counted:
        found.setdefault((_hour_of(clinics[it.clinic], it.at), it.clinic), []).append(it)
    return tuple(_hour(clinics[clinic], at, found[at, clinic]) for at, clinic in sorted(found))


def _hour_of(clinic: Clinic, at: datetime) -> datetime:
    past = at.astimezone(clinic.timezone)
    return at - timedelta(minutes=past.minute, seconds=past.second)


def _hour(clinic: Clinic, at: datetime, counted: list[Counted]) -> Hour:
    steps: dict[str, int] = {}
    for it in counted:
        steps[it.step] = steps.get(it.step, 0) + it.messages
    to_come = sum(it.messages for it in counted if it.status in _TO_COME)
    went_out = sum(it.messages for it in counted if it.status in _WENT_OUT)
    return Hour(clinic, at, steps, to_come, went_out)
