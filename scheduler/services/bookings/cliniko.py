"""Asks Cliniko what changed, and reads what it answers: it documents no webhooks (redguava/cliniko-api#150).

https://docs.api.cliniko.com: lists of at most 100, 200 requests a minute and user, and a User-Agent that says who
asks, with a mail address.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

from scheduler.channels.bookings.errors import AskingError, NotThereError
from scheduler.domain.booking_event import Told
from scheduler.services.bookings.news import (
    News,
    Read,
    UnreadableError,
    at,
    last_part,
    moment_at,
    needed_id,
    parse,
    text_at,
)
from scheduler.services.bookings.sources import Ask
from scheduler.services.intake import Field

MOST_REQUESTS = 90
"""Of one turn: less than half of what a minute allows, since people and other programs use the same key."""
_LISTS: Final = ("individual_appointments", "individual_appointments/cancelled", "individual_appointments/deleted")
_NAMED: Final = "individual_appointments"
_SHARD: Final = re.compile(r"[a-z]{2}\d{1,2}", re.ASCII)
_FIRST_SHARD: Final = "au1"
_MOBILE: Final = "mobile"


@dataclass(frozen=True, slots=True)
class Change:
    """An appointment as one of the lists has it; `at` is when it was changed."""

    booking: str
    at: datetime
    appointment: Any = field(repr=False)

    @property
    def name(self) -> str:
        """What this change has in common with no other."""
        return f"{self.booking}/{_text(self.at)}"


class EnoughError(AskingError):
    """This turn has asked as often as it may: the rest is asked for in the next."""


@dataclass(slots=True)
class Turn:
    """One look at what changed, with no more questions than one turn may have."""

    url: str
    ask: Ask = field(repr=False)
    stopping: Callable[[], bool] = lambda: False
    _asked: int = 0
    _types: dict[str, str] = field(default_factory=dict)

    def changes(self, *, since: datetime | None, now: datetime) -> Sequence[Change]:
        """Return what changed since an instant, oldest first. Raises AskingError, UnreadableError.

        Without `since` these are the appointments that are still to come.
        """
        condition = f"updated_at:>={_text(since)}" if since else f"starts_at:>={_text(now)}"
        found = (it for name in (_LISTS if since else _LISTS[:1]) for it in self._list(name, condition))
        changed: dict[str, Change] = {}
        for it in found:
            change = Change(needed_id(it, "id"), moment_at(it, "updated_at") or now, it)
            known = changed.get(change.name)
            if known is None or (_is_off(it) and not _is_off(known.appointment)):
                changed[change.name] = change
        return sorted(changed.values(), key=lambda it: it.at)

    def whole(self, change: Change) -> bytes:
        """Return a change with its patient and the name of its type, which it only links to, as JSON.

        Raises AskingError.
        """
        said: dict[str, Any] = {"appointment": change.appointment}
        if not _is_off(change.appointment):
            said["patient"] = self._linked(change.appointment, "patient")
            said["type"] = self._type(change.appointment)
        return json.dumps(said).encode()

    def _type(self, appointment: Any) -> str:
        link = text_at(appointment, "appointment_type.links.self")
        if link not in self._types:
            self._types[link] = text_at(self._linked(appointment, "appointment_type"), "name")
        return self._types[link]

    def _linked(self, appointment: Any, what: str) -> Any:
        link = text_at(appointment, f"{what}.links.self")
        try:
            return self._get(link) if link else None
        except NotThereError:
            return None

    def _list(self, name: str, condition: str) -> Iterator[Any]:
        address: str = f"{self.url}/{name}?per_page=100&q[]={quote(condition, safe='')}"
        while address:
            page = self._get(address)
            found = at(page, _NAMED)
            yield from found if isinstance(found, list) else ()
            address = text_at(page, "links.next")

    def _get(self, address: str) -> Any:
        """Ask, as often as a turn may, and nobody but the API itself: links come from its answers."""
        if urlsplit(address)[:2] != urlsplit(self.url)[:2]:
            raise AskingError("answered with a link that leads elsewhere")
        if self._asked >= MOST_REQUESTS or self.stopping():
            raise EnoughError("was asked as often as it may be in one turn")
        self._asked += 1
        return self.ask(address)


def api_of(key: str) -> str:
    """Return where the API of a key is: keys end with their shard; those without one are of the first."""
    shard = key.rsplit("-", 1)[-1] if "-" in key else ""
    return f"https://api.{shard if _SHARD.fullmatch(shard) else _FIRST_SHARD}.cliniko.com/v1"


def read_cliniko(body: bytes) -> Read:
    """Read one change. Raises UnreadableError."""
    call = parse(body)
    appointment = at(call, "appointment")
    booking, as_of = needed_id(appointment, "id"), moment_at(appointment, "updated_at")
    if _is_off(appointment):
        return News(booking, Told.CANCELLED, as_of)
    if at(appointment, "did_not_arrive") is True:
        return News(booking, Told.MISSED, as_of)
    patient = at(call, "patient")
    if not isinstance(patient, Mapping):
        raise UnreadableError("its patient is not there any more", code="patient_gone")
    kinds = (text_at(call, "type"), last_part(text_at(appointment, "appointment_type.links.self")))
    return News(booking, Told.BOOKED, as_of, _fields(appointment, patient), tuple(it for it in kinds if it))


def _fields(appointment: Any, patient: Any) -> Mapping[Field, str]:
    return {
        Field.STARTS_AT: text_at(appointment, "starts_at"),
        Field.ENDS_AT: text_at(appointment, "ends_at"),
        Field.PATIENT_ID: text_at(patient, "id"),
        Field.FIRST_NAME: text_at(patient, "first_name"),
        Field.LAST_NAME: text_at(patient, "last_name"),
        Field.EMAIL: text_at(patient, "email"),
        Field.PHONE: _phone(patient),
    }


def _phone(patient: Any) -> str:
    """Return the mobile number, else the first."""
    listed = at(patient, "patient_phone_numbers")
    numbers = [(text_at(it, "phone_type").casefold(), text_at(it, "number")) for it in _items(listed)]
    return next((number for kind, number in (*_mobiles(numbers), *numbers) if number), "")


def _mobiles(numbers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [it for it in numbers if it[0] == _MOBILE]


def _items(listed: Any) -> list[Any]:
    return listed if isinstance(listed, list) else []


def _is_off(appointment: Any) -> bool:
    return any(text_at(appointment, key) for key in ("cancelled_at", "deleted_at"))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
