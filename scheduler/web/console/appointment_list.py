"""The list of visits: filters, pages, what is searched for, and how each visit stands in one line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request

from scheduler.domain.access import Caller, Permission, Scope
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.localtime import instant
from scheduler.services.desk import Desk
from scheduler.services.unanswered import listed
from scheduler.services.visit_search import Found, Searches, search
from scheduler.store.database import Tx
from scheduler.store.visit_list import ListedVisit, Outlook, Place, VisitFilter, list_visits, outlooks

AT_ONCE = 50
LAST_DAYS = timedelta(days=2)
"""How far back the list begins when nobody says otherwise."""
TROUBLED_DAYS = timedelta(days=30)
"""And where only what needs a look is wanted."""
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked to see, read from the address of the list. `text` is what is looked for, "" for nothing."""

    clinic: str | None
    treatment: str | None
    status: AppointmentStatus | None
    since: date | None
    until: date | None
    troubled: bool
    token: str | None
    text: str | None = field(repr=False)
    """None: the token is over, or none of ours."""
    after: Place | None
    before: Place | None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the clinic narrows the list."""
        return bool(self.treatment or self.status or self.since or self.until or self.troubled)

    def query(self, **changes: object) -> dict[str, object]:
        """Return the fields of the address that shows the same, but for `changes`; pages begin anew."""
        return {
            "clinic": self.clinic,
            "treatment": self.treatment,
            "status": self.status.value if self.status else None,
            "from": self.since,
            "to": self.until,
            "look": 1 if self.troubled else None,
            "q": self.token,
            **changes,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """A visit of the list with how it stands; `unanswered` are the steps that asked and heard nothing."""

    listed: ListedVisit
    outlook: Outlook
    unanswered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VisitPage:
    """A page of the list, and where it goes on in both directions; `found` where something was looked for."""

    rows: tuple[Row, ...]
    earlier: Place | None
    later: Place | None
    found: Found | None


def read_wish(request: Request, desk: Desk, caller: Caller) -> Wish:
    """Read what is asked for; what can't be read does not narrow."""
    asked: Mapping[str, str] = request.query_params
    token = asked.get("q") or None
    text = Searches(desk.store.vault).open(token, caller, now=desk.clock.now()) if token else ""
    return Wish(
        clinic=asked.get("clinic") or None,
        treatment=asked.get("treatment") if asked.get("treatment") in desk.configuration.protocols else None,
        status=_status(asked.get("status", "")),
        since=_day(asked.get("from", "")),
        until=_day(asked.get("to", "")),
        troubled=asked.get("look") == "1",
        token=token,
        text=text,
        after=_place(asked.get("after", "")),
        before=_place(asked.get("before", "")),
    )


def visits_wished(tx: Tx, desk: Desk, caller: Caller, wish: Wish, zone: ZoneInfo) -> VisitPage:
    """Return a page of what is wished for, in a constant number of queries. Raises NotFoundError, ForbiddenError."""
    scope, now = caller.scope(Permission.READ, wish.clinic), desk.clock.now()
    found = search(tx, desk.configuration, wish.text, scope) if wish.text else None
    since = _since(wish, zone, now, found)
    silent = _unanswered(tx, desk, scope) if wish.troubled else None
    wanted = VisitFilter(
        scope,
        wish.treatment,
        wish.status,
        since,
        instant(wish.until + timedelta(days=1), time(), zone) if wish.until else None,
        wish.troubled,
        tuple(silent or ()),
        found.patients or (NOBODY,) if found else None,
        found.visits or (NOBODY,) if found else (),
    )
    visits = list_visits(
        tx, wanted, after=wish.after, before=wish.before, latest_first=found is not None, limit=AT_ONCE + 1
    )
    more = len(visits) > AT_ONCE
    shown = visits[1:] if more and wish.before else visits[:AT_ONCE]
    begun = Place(since, 0) if since and not wish.since and not found else None
    return VisitPage(_rows(tx, desk, scope, shown, silent), *_ends(wish, shown, begun, more=more), found)


def _rows(
    tx: Tx, desk: Desk, scope: Scope, shown: Sequence[ListedVisit], silent: Mapping[int, tuple[str, ...]] | None
) -> tuple[Row, ...]:
    """Return the rows of these visits; `silent` where it is known already which of all are unanswered."""
    ids = [it.visit.id for it in shown]
    if not ids:
        return ()
    told, quiet = outlooks(tx, ids), _unanswered(tx, desk, scope, ids) if silent is None else silent
    return tuple(Row(it, told[it.visit.id], quiet.get(it.visit.id, ())) for it in shown)


def _ends(
    wish: Wish, shown: Sequence[ListedVisit], begun: Place | None, *, more: bool
) -> tuple[Place | None, Place | None]:
    """Return where the list goes on before and after a page; one that begins around now has a past, too."""
    first, last = (shown[0].place, shown[-1].place) if shown else (begun, None)
    if wish.before:
        return first if more else None, last
    return first if wish.after or begun else None, last if more else None


def _since(wish: Wish, zone: ZoneInfo, now: datetime, found: Found | None) -> datetime | None:
    """Return where the list begins: leafing back from where it began by itself goes on before that."""
    if wish.since:
        return instant(wish.since, time(), zone)
    if found or wish.until or wish.before or wish.after:
        return None
    back = TROUBLED_DAYS if wish.troubled else LAST_DAYS
    return instant((now - back).astimezone(zone).date(), time(), zone)


def _unanswered(tx: Tx, desk: Desk, scope: Scope, visits: Sequence[int] = ()) -> dict[int, tuple[str, ...]]:
    """Return the steps that asked and heard nothing, by visit; of these visits, or of all in the scope."""
    names = [it for it in desk.configuration.clinics if scope.holds(it)]
    told: dict[int, tuple[str, ...]] = {}
    for it in listed(tx, desk.configuration, now=desk.clock.now(), clinics=names, visits=visits) if names else ():
        told[it.question.appointment] = (*told.get(it.question.appointment, ()), it.question.step)
    return told


def place_text(place: Place | None) -> str | None:
    """Return a place as an address has it."""
    return f"{int(place.starts_at.timestamp() * 1_000_000)}-{place.id}" if place else None


def _place(text: str) -> Place | None:
    moment, _, number = text.partition("-")
    if not (moment.isdecimal() and number.isdecimal() and len(text) < 40):  # noqa: PLR2004  (two numbers of the database)
        return None
    try:
        at = datetime.fromtimestamp(int(moment) // 1_000_000, tz=ZoneInfo("UTC"))
    except (OverflowError, ValueError, OSError):
        return None
    return Place(at + timedelta(microseconds=int(moment) % 1_000_000), min(int(number), 2**63 - 1))


def _status(text: str) -> AppointmentStatus | None:
    return AppointmentStatus(text) if text in {it.value for it in AppointmentStatus} else None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2100 else None  # noqa: PLR2004  (what calendars and zones can do)


def titles(desk: Desk, language: str) -> dict[str, str]:
    """Return what each treatment is called in a language."""
    found: dict[str, Any] = {}
    for name, protocol in desk.configuration.protocols.items():
        found[name] = protocol.title.get(language) or protocol.title.get("en") or name
    return dict(sorted(found.items(), key=lambda it: str(it[1]).casefold()))
