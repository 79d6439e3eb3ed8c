"""Reads the calls of a booking system of one's own by what the clinic's file says of its JSON."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from scheduler.domain.booking_event import Told
from scheduler.domain.clinic import Clinic
from scheduler.domain.sources import Generic
from scheduler.protocols.source_fields import EPOCHS
from scheduler.services.arriving import our_status
from scheduler.services.bookings.news import News, NoNews, Read, UnreadableError, id_at, moment_at, parse, text_at
from scheduler.services.exports.dates import Dates
from scheduler.services.intake import Field, of_person
from scheduler.services.moments import NoInstantError

_CALLED_OFF: Final[Mapping[str, Told]] = {"cancelled": Told.CANCELLED, "no_show": Told.MISSED}
_INSTANTS: Final = (Field.STARTS_AT, Field.ENDS_AT)
_MILLISECONDS: Final = "epoch_ms"


def read_generic(source: Generic, clinic: Clinic, body: bytes) -> Read:
    """Read a call. Raises UnreadableError."""
    call = parse(body)
    said = {Field(name): _joined(call, paths) for name, paths in source.fields.items()}
    told = _told(source, call, said, clinic)
    if isinstance(told, NoNews):
        return told
    booking = id_at(said, Field.EXTERNAL_ID)
    if not booking:
        path = " ".join(source.fields[Field.EXTERNAL_ID])
        raise UnreadableError(f"it has no {path}", code="part_missing", path=path)
    before = id_at(call, source.replaces) if source.replaces else ""
    changed = said.pop(Field.UPDATED_AT, "")
    as_of = datetime.fromisoformat(_instant(source, changed, clinic)) if changed else _as_of(source, call)
    news = News(booking, told, as_of, of_person(said), replaces=before if before != booking else "")
    if told is not Told.BOOKED:
        return news
    treatment = said.pop(Field.TREATMENT, "")
    raw = said | {key: _instant(source, text, clinic) for key in _INSTANTS if (text := said.get(key))}
    return replace(news, raw=raw, treatments=(treatment,) if treatment else ())


def event_id(source: Generic, body: bytes) -> str:
    """Return a call's own id, "" where it has none, or can't be read."""
    try:
        return id_at(parse(body), source.event_id) if source.event_id else ""
    except UnreadableError:
        return ""


def _told(source: Generic, call: Any, said: Mapping[Field, str], clinic: Clinic) -> Told | NoNews:
    words = source.events
    if not words.path:
        return _CALLED_OFF.get(our_status(said.get(Field.STATUS, ""), clinic).lower(), Told.BOOKED)
    word = text_at(call, words.path)
    if word in words.cancelled:
        return Told.CANCELLED
    if word in words.missed:
        return Told.MISSED
    if word in words.booked:
        return _CALLED_OFF.get(our_status(said.get(Field.STATUS, ""), clinic).lower(), Told.BOOKED)
    return NoNews(f"{word[:40] or f'a call without {words.path}'} is no news of a booking")


def _joined(call: Any, paths: tuple[str, ...]) -> str:
    return " ".join(text for path in paths if (text := text_at(call, path)))


def _as_of(source: Generic, call: Any) -> datetime | None:
    """Return when the body was so; where that can't be read, the call is as old as its arrival."""
    if not source.as_of:
        return None
    if source.dates in EPOCHS:
        return _of_epoch(text_at(call, source.as_of), source.dates)
    return moment_at(call, source.as_of)


def _instant(source: Generic, text: str, clinic: Clinic) -> str:
    """Return an instant as ISO 8601 has it. Raises UnreadableError."""
    if source.dates in EPOCHS:
        if moment := _of_epoch(text, source.dates):
            return moment.isoformat()
        said = "an instant is no number of seconds, or milliseconds, since 1970"
        raise UnreadableError(said, code="no_moment")
    try:
        return replace(Dates.of(clinic), written=source.dates).read(text).isoformat()
    except NoInstantError as error:
        raise UnreadableError(f"an instant {error}", code="no_moment") from None


def _of_epoch(text: str, dates: str | None) -> datetime | None:
    try:
        seconds = float(text) / (1000 if dates == _MILLISECONDS else 1)
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
