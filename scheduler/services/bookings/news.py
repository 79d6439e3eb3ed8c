"""One call of a booking system, read: what it says of which booking, still in the system's words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from scheduler.domain.booking_event import Told
from scheduler.errors import RefusedError
from scheduler.services.intake import ID_LIMIT, Field
from scheduler.services.moments import EARLIEST_YEAR, LATEST_YEAR


class UnreadableError(RefusedError):
    """A call can't be read: message and code say what is missing, and quote nothing of a patient."""


@dataclass(frozen=True, slots=True)
class News:
    """What a call says of a booking. `as_of` is when that was so at the source; None: when it was heard.

    `treatments` are the source's names for what was booked, the best first; `raw` has everything else.
    `back` says nothing but that a no-show was none after all.
    `came` says of several people, by mailbox, who came: whoever knows the patient reads it.
    `replaces` is the id that this booking had before it was moved, `replaced_by` the one that it has now.
    """

    booking: str
    told: Told
    as_of: datetime | None
    raw: Mapping[Field, str] = field(default_factory=dict, repr=False)
    treatments: tuple[str, ...] = ()
    replaces: str = ""
    replaced_by: str = ""
    back: bool = False
    came: Mapping[str, bool] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class NoNews:
    """A call that says nothing of a booking that takes place or does not; `why` in a few words."""

    why: str


Read = News | NoNews
_NOTHING: Final = object()


def parse(body: bytes) -> Any:
    """Return the JSON of a body, numbers that are no whole ones as their text. Raises UnreadableError."""
    try:
        said = json.loads(body, parse_float=str, parse_constant=str)
        refuse_halves(said)
    except (ValueError, RecursionError):
        raise UnreadableError("its body is not JSON", code="body_unreadable") from None
    return said


def refuse_halves(said: Any) -> None:
    """Raise UnreadableError for JSON with half a pair of UTF-16 in it, wherever that stands: it is no text.

    Programs that cut texts in the middle of an emoji send that, and nothing that it stands in could be stored.
    """
    try:
        json.dumps(said, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        message = "a text in it has half of a character, such as an emoji that was cut in two"
        raise UnreadableError(message, code="half_character") from None


def at(body: Any, path: str) -> Any:
    """Return what stands at a dotted path, None where nothing does; numbers are places in lists, from 0."""
    for part in path.split("."):
        body = _step(body, part)
        if body is _NOTHING:
            return None
    return body


def _step(body: Any, part: str) -> Any:
    if isinstance(body, Mapping):
        return body.get(part, _NOTHING)
    if isinstance(body, list) and part.isdecimal() and part.isascii():
        return body[int(part)] if len(part) < 6 and int(part) < len(body) else _NOTHING  # noqa: PLR2004  (no list is that long)
    return _NOTHING


def text_at(body: Any, path: str) -> str:
    """Return the text at a path, "" where there is none; yes and no for true and false."""
    value = at(body, path)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip() if isinstance(value, str | int) else ""


def id_at(body: Any, path: str) -> str:
    """Return the id at a path, "" where there is none. Raises UnreadableError for what can be no id."""
    text = text_at(body, path)
    if len(text) > ID_LIMIT or not text.isprintable():
        said = f"{path} is no id: it has more than {ID_LIMIT} characters, or control characters"
        raise UnreadableError(said, code="no_id", path=path)
    return text


def needed_id(body: Any, path: str) -> str:
    """Return the id at a path. Raises UnreadableError where there is none."""
    text = id_at(body, path)
    if not text:
        raise UnreadableError(f"it has no {path}", code="part_missing", path=path)
    return text


def moment_at(body: Any, path: str) -> datetime | None:
    """Return the instant in ISO 8601 at a path, aware UTC; None where there is none, or none with an offset."""
    try:
        moment = datetime.fromisoformat(text_at(body, path))
    except ValueError:
        return None
    if moment.tzinfo is None or not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        return None
    return moment.astimezone(UTC)


def last_part(uri: str) -> str:
    """Return what stands behind the last slash of an address: the id of what it is about."""
    return uri.rstrip("/").rsplit("/", 1)[-1]
