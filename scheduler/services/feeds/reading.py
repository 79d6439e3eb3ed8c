"""From a calendar (iCalendar, RFC 5545) to bookings in the words of their source: what each entry says, and what not.

Loads icalendar: only what reads a calendar imports this.
"""

import hashlib
import html
import re
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

import icalendar
from icalendar.cal import Component

from scheduler.domain.clinic import Clinic
from scheduler.domain.pattern import read_pattern
from scheduler.domain.sources import Calendar
from scheduler.errors import AftercareError
from scheduler.services.feeds.entry_times import Begins, aware, begins, changed_at, moment, times, wrong_with
from scheduler.services.intake import Field

MOST_ENTRIES = 20_000
MOST_TEXT = 4_000
"""Characters of a title, a description or a place that are looked at."""
_MAIL = "mailto:"
_THINGS = frozenset({"RESOURCE", "ROOM"})
_END = b"END:VCALENDAR"
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li)>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,500}>")
PROBLEMS: Final[Mapping[str, str]] = {
    "no_uid": "it has no UID, so that nobody could tell it from another one",
    "repeats": "it repeats itself, and an appointment is one of its own: enter each in the calendar",
    "no_start": "its beginning is no date and time",
    "no_such_year": "its beginning lies in no year that can be meant",
    "zone_unknown": "its time zone is not known, and the calendar does not describe it",
}
"""Why an entry that looks like a booking can't be read: as a code, for which pages have words, and as a sentence."""
_NO_START = datetime.max.replace(tzinfo=UTC)
# icalendar remembers the zones that a calendar describes for all that are read after it.
_one_at_a_time = threading.Lock()


class CalendarError(AftercareError):
    """What was fetched is no calendar that can be read whole. `code` is a word for it."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the calendar can't be read ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Entry:
    """What a calendar says of one booking. `raw` is in the source's words, but for `external_id`.

    `wrong` is a code of `PROBLEMS` about an entry that looks like a booking and can't be read, "" for none.
    `starts_at` is aware UTC, `begins` when it begins as near as it says. `said` is a digest of all that it says.
    """

    external_id: str
    sequence: int
    changed_at: datetime | None
    starts_at: datetime
    begins: Begins
    raw: Mapping[Field, str] = field(repr=False)
    is_off: bool = False
    wrong: str = ""

    @property
    def problem(self) -> str:
        """What is wrong with it, as a sentence; "" for nothing."""
        return PROBLEMS[self.wrong] if self.wrong else ""

    @property
    def at(self) -> datetime | None:
        """When it begins, as it can be shown; None where that would be a guess."""
        return self.begins if isinstance(self.begins, datetime) and self.wrong != "zone_unknown" else None

    @property
    def has_start(self) -> bool:
        """Whether it says when it begins, in a way that can be read."""
        return self.starts_at < _NO_START

    @property
    def said(self) -> bytes:
        """What differs where anything of it does."""
        parts = (f"{key}={value}" for key, value in sorted(self.raw.items()))
        return hashlib.sha256("\0".join((*parts, str(self.is_off), self.problem)).encode("utf-8", "replace")).digest()


@dataclass(frozen=True, slots=True)
class Feed:
    """The bookings of a calendar, each once; `others` are the entries that are none, by id, and when they begin."""

    entries: tuple[Entry, ...]
    others: Mapping[str, Begins]


def read_feed(content: bytes, source: Calendar, clinic: Clinic) -> Feed:
    """Read a calendar. Raises CalendarError where it is none, or broke off before its end.

    A time without a zone is the clinic's; one whose zone nobody knows is a problem of its entry, never a guess.
    """
    if not content.rstrip().endswith(_END):
        raise CalendarError("not-whole" if b"BEGIN:VCALENDAR" in content[:1000] else "no-calendar")
    found: dict[str, Entry] = {}
    others: dict[str, Begins] = {}
    for component in _events(content):
        entry = _entry(component, source, clinic)
        if entry is None:
            others[_external_id(source, component)] = begins(component, clinic)
        elif entry.external_id not in found or _is_newer(entry, found[entry.external_id]):
            found[entry.external_id] = entry
    return Feed(tuple(found.values()), {key: it for key, it in others.items() if key not in found})


def _events(content: bytes) -> list[Component]:
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zones whose names it guesses by their ends: it guesses well
        icalendar.use_zoneinfo()  # type: ignore[no-untyped-call]  # forgets the zones of the calendar before
        try:
            calendars = icalendar.Calendar.from_ical(content, multiple=True)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
            raise CalendarError("no-calendar") from error
        events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    if len(events) > MOST_ENTRIES:
        raise CalendarError("too-many-entries")
    return events


def _entry(event: Component, source: Calendar, clinic: Clinic) -> Entry | None:
    """Return what an entry says; None for what is no booking: another title, or whole days.

    What is called off is so whatever else it says: programs change or empty its title then.
    """
    said = _said(event, source)
    start = moment(event, "DTSTART")
    if _text(event, "STATUS").upper() == "CANCELLED" and _text(event, "UID"):
        return _called_off(event, source, clinic, start)
    if said is None or (type(start) is date):
        return None
    wrong = "" if _text(event, "UID") else "no_uid"
    if not wrong and any(event.get(name) for name in ("RRULE", "RDATE")):
        wrong = "repeats"
    wrong = wrong or wrong_with(event, start)
    starts_at = start if isinstance(start, datetime) and not wrong else None
    raw = {**said, **times(event, starts_at)}
    return Entry(
        external_id=_external_id(source, event),
        sequence=_sequence(event),
        changed_at=changed_at(event),
        starts_at=aware(starts_at, clinic) if starts_at else _NO_START,
        begins=begins(event, clinic),
        raw=raw,
        wrong=wrong,
    )


def _called_off(event: Component, source: Calendar, clinic: Clinic, start: date | None) -> Entry:
    starts_at = start if isinstance(start, datetime) and not wrong_with(event, start) else None
    return Entry(
        external_id=_external_id(source, event),
        sequence=_sequence(event),
        changed_at=changed_at(event),
        starts_at=aware(starts_at, clinic) if starts_at else _NO_START,
        begins=begins(event, clinic),
        raw={},
        is_off=True,
    )


def _said(event: Component, source: Calendar) -> dict[Field, str] | None:
    """Return the fields that the patterns find; None where the title is none of a booking."""
    title = _first_that_fits(source.summary, [_text(event, "SUMMARY")])
    if title is None and source.summary:
        return None
    found: dict[str, str] = {"treatment": source.treatment} if source.treatment else {}
    lines = [*_lines(_text(event, "DESCRIPTION"))]
    for pattern in source.description:
        found = {**(_first_that_fits([pattern], lines) or {}), **found}
    place = _first_that_fits(source.location, [_text(event, "LOCATION")])
    found = {**(place or {}), **found, **(title or {})}
    said = {Field(name): value for name, value in found.items()}
    return {**_of_the_guest(event), **said}


def _first_that_fits(patterns: Iterable[str], lines: Iterable[str]) -> Mapping[str, str] | None:
    texts = list(lines)
    return next((it for pattern in patterns for text in texts if (it := read_pattern(pattern).read(text))), None)


def _of_the_guest(event: Component) -> dict[Field, str]:
    """Return name and address of the only guest; of several nobody knows which is the patient."""
    organizer = _address(event.get("ORGANIZER"))
    listed = [it for it in _listed(event.get("ATTENDEE")) if isinstance(it, icalendar.vCalAddress)]
    guests = [it for it in listed if _address(it) != organizer and not _is_thing(it)]
    if len(guests) != 1 or not (address := _address(guests[0])):
        return {}
    name = str(guests[0].params.get("CN", "")).strip('" ')[:MOST_TEXT]
    return {Field.EMAIL: address, **({Field.NAME: name} if name and "@" not in name else {})}


def _is_thing(guest: Any) -> bool:
    return str(guest.params.get("CUTYPE", "")).upper() in _THINGS


def _address(value: Any) -> str:
    text = str(value or "")
    return text[len(_MAIL) :].strip().lower() if text.lower().startswith(_MAIL) else ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value is not None else []


def _sequence(event: Component) -> int:
    value = event.get("SEQUENCE")
    return value if isinstance(value, int) and 0 <= value < 2**31 else 0


def _is_newer(entry: Entry, known: Entry) -> bool:
    lowest = datetime.min.replace(tzinfo=UTC)
    return (entry.sequence, entry.changed_at or lowest) > (known.sequence, known.changed_at or lowest)


def _external_id(source: Calendar, event: Component) -> str:
    """Return an id that is the source's own, short, and shows nothing: some systems put addresses into a UID."""
    named = f"{_text(event, 'UID')}\0{_text(event, 'RECURRENCE-ID')}"
    digest = hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()
    return f"{source.id}/{digest[:24]}"


def _text(event: Component, name: str) -> str:
    """Return a property as one text, "" where there is none; of several the first."""
    value = next(iter(_listed(event.get(name))), None)
    if value is None:
        return ""
    raw = value.to_ical() if name == "RECURRENCE-ID" and hasattr(value, "to_ical") else value
    return (raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw))[:MOST_TEXT]


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a description; calendars of today write some as HTML."""
    plain = html.unescape(_TAG.sub("", _BREAK.sub("\n", text))) if "<" in text else text
    yield from (line for line in plain.splitlines() if line.strip())
