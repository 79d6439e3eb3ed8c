"""Where one can go in the console, and with which key; and how the states look."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from scheduler.domain.access import Caller, Permission
from scheduler.domain.states import Status
from scheduler.domain.triage import Triage


class Place(NamedTuple):
    """An entry of the navigation: its name in the words files, its path, the key after `g`, what it needs."""

    name: str
    path: str
    key: str
    needs: Permission | None = Permission.READ
    only_rehearsal: bool = False
    group: str = ""
    also: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A place as somebody sees it; `count` None: nothing is counted there."""

    name: str
    path: str
    key: str
    group: str
    is_here: bool
    count: int | None


PLACES = (
    Place("today", "/", "t"),
    Place("inbox", "/inbox", "i"),
    Place("appointments", "/appointments", "a", also="/patients/"),
    Place("deliveries", "/deliveries", "d"),
    Place("schedules", "/schedules", "s", group="rare"),
    Place("outbox", "/outbox", "o", only_rehearsal=True, group="rare"),
    Place("setup", "/setup", "u", Permission.MANAGE, group="apart rare"),
)
"""In their order; on a phone the rare ones are in the menu. `also` begins paths of what is found there."""

TONES: Mapping[str, tuple[str, str]] = {
    Status.SCHEDULED: ("plain", "clock"),
    Status.CLAIMED: ("busy", "send"),
    Status.SENDING: ("busy", "send"),
    Status.ACCEPTED: ("calm", "send"),
    Status.DELIVERED: ("good", "check"),
    Status.UNDELIVERED: ("bad", "cross"),
    Status.FAILED: ("bad", "cross"),
    Status.EXPIRED: ("warn", "hourglass"),
    Status.SUPPRESSED: ("plain", "skip"),
    Status.CANCELLED: ("plain", "ban"),
    Status.HELD: ("warn", "pause"),
    Status.UNKNOWN: ("warn", "question"),
    f"triage.{Triage.URGENT}": ("bad", "alarm"),
    f"triage.{Triage.CONCERN}": ("warn", "alarm"),
    f"triage.{Triage.WRONG_NUMBER}": ("warn", "question"),
    f"triage.{Triage.STOP}": ("plain", "ban"),
    f"triage.{Triage.START}": ("plain", "check"),
    f"triage.{Triage.HELP}": ("calm", "question"),
    f"triage.{Triage.QUESTION}": ("calm", "question"),
    f"triage.{Triage.FINE}": ("good", "check"),
    f"triage.{Triage.UNKNOWN}": ("plain", "question"),
}
"""How a state looks: its tone and its sign, since colour alone tells nobody anything."""


def navigation(
    caller: Caller, path: str, counts: Mapping[str, Callable[[Caller], int]], *, rehearsal: bool
) -> tuple[Entry, ...]:
    """Return where that caller may go, seen from a path of the console."""
    return tuple(_entries(caller, path, counts, rehearsal=rehearsal))


def _entries(
    caller: Caller, path: str, counts: Mapping[str, Callable[[Caller], int]], *, rehearsal: bool
) -> Iterator[Entry]:
    for place in PLACES:
        if (place.only_rehearsal and not rehearsal) or (place.needs and not caller.anywhere(place.needs)):
            continue
        here = path == place.path or (place.path != "/" and path.startswith((f"{place.path}/", place.also or "-")))
        count = counts.get(place.name)
        yield Entry(place.name, place.path, place.key, place.group, here, count(caller) if count else None)
