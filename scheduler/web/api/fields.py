"""What the fields of the API are made of: strict, bounded, and taken as the schema says."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, Strict, WithJsonSchema
from starlette.convertors import Convertor, register_url_convertor

Tags = list[str | Enum]
"""What the framework takes as tags of a route."""
HIGHEST = 2**53 - 1
"""The highest number of a record: what every JSON reader can hold. None gets near it."""
_NO_CONTROL = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"
_NOTE = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$"
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_SINCE = _MOMENT.replace(")?$", ")$")
_SLUG = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
_WALL = "ISO 8601; without an offset it is the clinic's wall clock"
FORMS: Mapping[str, tuple[str, str]] = {
    _MOMENT: ("is not a date and time such as 2030-03-05T14:00", _WALL),
    _SINCE: ("is not a date and time with an offset such as 2030-03-01T00:00:00Z", "ISO 8601; end it in Z or +01:00"),
    _DAY: ("is not a day such as 2030-03-05", "write year, month and day with a - between"),
    _SLUG: ("is no id", "an id has letters, digits, _ and -, as files of the configuration are called"),
    _NO_CONTROL: ("has a line break or another control character", "write it on one line"),
    _NOTE: ("has a control character", "line breaks and tabs may be in it, no others"),
}
"""What is wrong with a text that has not the form of its field, and what to do, by the pattern."""
_INTEGER = re.compile(r"-?[0-9]{1,19}", re.ASCII)


class Input(BaseModel):
    """What is sent to us: what it does not know is wrong, and no error repeats what was sent."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Output(BaseModel):
    """What we send."""

    model_config = ConfigDict(
        extra="forbid", hide_input_in_errors=True, json_schema_serialization_defaults_required=True
    )


def examples() -> Mapping[str, list[Any]]:
    """Return the examples of every form of data, by its name."""
    kinds, found = [Input, Output], dict[str, list[Any]]()
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        extra = kind.__dict__.get("model_config", {}).get("json_schema_extra")
        if isinstance(extra, dict) and isinstance(shown := extra.get("examples"), list):
            found[kind.__name__] = shown
    return found


def iso(instant: datetime) -> str:
    """Return an instant as ISO 8601 in UTC with Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _flag(value: Any) -> Any:
    """Read a yes or no of a query: nothing but these two words."""
    return {"true": True, "false": False}.get(value, "neither") if isinstance(value, str) else value


def whole(value: Any) -> Any:
    """Read a whole number of a query: digits only."""
    return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else "no number"


Instant = Annotated[
    datetime,
    PlainSerializer(iso, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""An instant that we say: in UTC, with Z."""

Moment = Annotated[
    str,
    Field(
        max_length=35,
        pattern=_MOMENT,
        description="ISO 8601. Without an offset it is the clinic's wall clock: a time that does not exist (spring) "
        "is the first that does after it, one that exists twice (autumn) is the first.",
        examples=["2030-03-05T14:00"],
    ),
]
"""An instant that we are told."""

Since = Annotated[
    str,
    Field(
        max_length=35,
        pattern=_SINCE,
        description="ISO 8601 with an offset, or with Z.",
        examples=["2030-03-01T00:00:00Z"],
    ),
]
"""An end of a range of time, in a query."""

Day = Annotated[
    str, Field(max_length=10, pattern=_DAY, description="A calendar day, at each clinic.", examples=["2030-03-05"])
]
"""A day, in a query. Whether the calendar has it, its reader finds."""

Id = Annotated[int, Strict(), Field(ge=1, le=HIGHEST)]
"""The number of a record, in a body."""

IdOfPath = Annotated[int, Field(ge=1, le=HIGHEST)]
QueryId = Annotated[int, BeforeValidator(whole), Field(ge=1, le=HIGHEST)]
Limit = Annotated[int, BeforeValidator(whole), Field(ge=1, le=200, description="How many at most.")]
Flag = Annotated[bool, BeforeValidator(_flag)]
Yes = Annotated[bool, Strict()]

Slug = Annotated[str, Field(min_length=1, max_length=64, pattern=_SLUG)]
"""A clinic's id, a treatment, a step: what files are called."""

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_CONTROL)]
Short = Annotated[str, Field(min_length=1, max_length=100, pattern=_NO_CONTROL)]
Address = Annotated[str, Field(min_length=3, max_length=254, pattern=_NO_CONTROL)]
Tag = Annotated[str, Field(min_length=2, max_length=35, pattern=r"^[A-Za-z0-9_-]+$")]
Zone = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")]
Note = Annotated[str, Field(min_length=1, max_length=2000, pattern=_NOTE)]


def read_since(text: str | None) -> datetime | None:
    """Return an end of a range. Raises ValueError for a date that there is not."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


class _Record(Convertor[int]):
    """The number of a record in a path; what is none leads nowhere."""

    regex = "[0-9]{1,16}"

    def convert(self, value: str) -> int:
        """Read it."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Write it."""
        return str(value)


register_url_convertor("record", _Record())
