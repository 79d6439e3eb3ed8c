"""Plain fields of configuration files: lines of text, ids, switches, numbers, choices. All are read from text."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, TypeVar

from pydantic import PlainValidator, WithJsonSchema

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, IfLate, Purpose, Weekday
from scheduler.protocols.faults import refusal
from scheduler.protocols.hints import shown, suggest

Word = TypeVar("Word")
LINE_LIMIT = 200
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_SWITCH = {"true": True, "yes": True, "false": False, "no": False}


def text_of(value: object) -> str:
    """Return the text that stands in the file, without spaces around it. Refuses lists and blocks."""
    if value is None:
        raise refusal("empty-value", "has no value", "write one, or take the line out")
    if not isinstance(value, str):
        raise refusal("wrong-shape", f"must be one value, not {'a list' if isinstance(value, list) else 'a block'}")
    return value.strip()


def read_line(value: object) -> str:
    """Read one line of text that people will see: no line breaks, no control characters, not empty."""
    text = unicodedata.normalize("NFC", text_of(value))
    if not text:
        raise refusal("bad-text", "is empty", "write a text")
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in text):
        raise refusal("bad-text", "has line breaks or control characters in it", "write it on one line")
    if len(text) > LINE_LIMIT:
        raise refusal("bad-text", f"has {len(text)} characters", f"at most {LINE_LIMIT}")
    return text


def is_id(text: str) -> bool:
    """Whether a text can be the id of a clinic, treatment, step, template or question."""
    return _ID.fullmatch(text) is not None


def read_id(value: object) -> str:
    """Read an id: it names rows, files and folders, so it is kept plain."""
    text = text_of(value)
    if not is_id(text):
        plain = re.sub(r"[^a-z0-9]+", "_", unicodedata.normalize("NFKD", text).casefold()).strip("_")
        hint = f"such as {plain[:40]}" if is_id(plain[:40]) else "lower-case letters, digits and _, a letter first"
        raise refusal("bad-id", f"is not an id: {shown(text)}", hint)
    return text


def read_switch(value: object) -> bool:
    """Read true or false; yes and no say the same."""
    text = text_of(value)
    try:
        return _SWITCH[text.casefold()]
    except KeyError:
        raise refusal("bad-switch", f"is neither true nor false: {shown(text)}") from None


def choice(words: Mapping[str, Word]) -> Callable[[object], Word]:
    """Return a reader of one of these words, as what it stands for."""

    def read(value: object) -> Word:
        text = text_of(value)
        if text not in words:
            raise refusal("bad-choice", f"can't be {shown(text)}", suggest(text, words))
        return words[text]

    return read


def whole_number(low: int, high: int) -> Callable[[object], int]:
    """Return a reader of whole numbers from `low` to `high`."""

    def read(value: object) -> int:
        text = text_of(value)
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not low <= int(text) <= high:
            raise refusal("bad-number", f"is not a whole number from {low} to {high}: {shown(text)}")
        return int(text)

    return read


def one_of(words: Iterable[str]) -> WithJsonSchema:
    """Return what a JSON Schema says of a choice."""
    return WithJsonSchema({"type": "string", "enum": list(words)})


_CHANNELS = {channel.value: channel for channel in PATIENT_CHANNELS}
_PURPOSES = {purpose.value: purpose for purpose in Purpose}
_IF_LATE = {what.value: what for what in IfLate}
_STATUSES = {status.value: status for status in AppointmentStatus}
_DAYS = {day.name.lower(): day for day in Weekday}

Line = Annotated[str, PlainValidator(read_line), WithJsonSchema({"type": "string", "maxLength": LINE_LIMIT})]
Id = Annotated[str, PlainValidator(read_id), WithJsonSchema({"type": "string", "pattern": f"^{_ID.pattern}$"})]
Switch = Annotated[bool, PlainValidator(read_switch), WithJsonSchema({"type": "boolean"})]
ChannelField = Annotated[Channel, PlainValidator(choice(_CHANNELS)), one_of(_CHANNELS)]
PurposeField = Annotated[Purpose, PlainValidator(choice(_PURPOSES)), one_of(_PURPOSES)]
IfLateField = Annotated[IfLate, PlainValidator(choice(_IF_LATE)), one_of(_IF_LATE)]
StatusField = Annotated[AppointmentStatus, PlainValidator(choice(_STATUSES)), one_of(_STATUSES)]
WeekdayField = Annotated[Weekday, PlainValidator(choice(_DAYS)), one_of(_DAYS)]
