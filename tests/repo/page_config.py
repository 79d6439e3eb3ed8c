"""The page of every key in the configuration files, read from the schema that checks them."""

from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from scheduler.protocols import approvals_file
from scheduler.protocols.addresses import (
    Country,
    Domain,
    Email,
    EmergencyNumber,
    Language,
    Mailbox,
    Phone,
    SenderField,
    Service,
    Url,
    Webhook,
)
from scheduler.protocols.advice_file import Range
from scheduler.protocols.blocks import Block
from scheduler.protocols.clinic_file import MOST_SEGMENTS, Rate
from scheduler.protocols.expectations_file import AlertWord, HandledWord, Moment, StatusWord
from scheduler.protocols.fields import (
    ChannelField,
    Id,
    IfLateField,
    Line,
    PurposeField,
    StatusField,
    Switch,
    WeekdayField,
)
from scheduler.protocols.import_fields import IMPORT_FIELDS
from scheduler.protocols.import_file import EncodingName, ImportDates, ImportField, PresetField
from scheduler.protocols.instance_file import (
    HIGHEST_FLOOR,
    HIGHEST_GRADE,
    MOST_A_DAY,
    MOST_EMAILS,
    MOST_PARTS,
    MOST_PERCENT,
    MOST_SMS,
    MOST_TIMES,
    MOST_YEARS,
    EmailCount,
    Floor,
    Grade,
    MessagesADay,
    Parts,
    Percent,
    SmsCount,
    Times,
    Years,
)
from scheduler.protocols.on_call import Patience
from scheduler.protocols.price_field import PriceField
from scheduler.protocols.protocol_file import ClosuresField, TriageField, UnlessField
from scheduler.protocols.schemas import KINDS
from scheduler.protocols.source_fields import (
    CalcomKind,
    EncodingField,
    Header,
    SchemeField,
    Variable,
)
from scheduler.protocols.source_fields import Dates as SourceDates
from scheduler.protocols.source_fields import Path as BodyPath
from scheduler.protocols.sources_file import AboutField
from scheduler.protocols.times import ClockSpan, ClockTime, Day, SpanField, Zone
from scheduler.protocols.triage_file import PhraseField, Words

HEAD = """# Configuration files

Made from the schema under `scheduler/protocols/` by `make docs`; a test compares them.

YAML files lie under `config/`. An unknown key is an error, and so is a key without a value. Whether a value stands in
quotes makes no difference. `aftercare check` names what is wrong with file, line and key;
[problems.md](problems.md) lists what it may say. [Edit schedules](../how-to/edit-schedules.md) shows the keys at
work. `aftercare schema` prints the same as JSON Schema: [an editor completes by
it](../how-to/edit-in-your-editor.md).

A length of time is a whole number and a unit: `m` minutes, `h` hours, `d` days, `w` weeks, `mo` months. Minutes and
hours elapse; days, weeks and months are counted on the calendar.
"""
PLACES = {"clinic": "ID", "protocol": "TREATMENT", "triage": "LANGUAGE", "approvals": "TREATMENT"}
SENSES = {
    "aftercare": "For the whole installation. The file and each of its keys may be left out.",
    "clinic": "One for each clinic; the file's name without `.yaml` is the clinic's id.",
    "protocol": "One for each treatment; the file's name is the treatment's id.",
    "advice": "The tags of advice that steps name. Without the file the shipped one counts.",
    "sources": "Where the facts in the texts come from. Without the file the shipped one counts.",
    "triage": "The words that patients' replies are classed by. Without the folder the shipped ones count.",
    "tests": "What the clinic expects of its protocols; `aftercare check` plays every case.",
    "approvals": "What was approved, by treatment. `aftercare approve` appends to it; nobody edits it.",
}
FILES = tuple(
    (f"config/{kind.files.replace('*', PLACES.get(name, 'NAME'))}", kind.model, SENSES[name])
    for name, kind in KINDS.items()
)
_ANY_SPAN, _CLOCK_SPAN = "length of time", "length of time in minutes or hours, at most a day"
WORDS: tuple[tuple[Any, str], ...] = (
    (ClockSpan, _CLOCK_SPAN),
    (Patience, f"{_CLOCK_SPAN}, not nothing"),
    (SpanField, _ANY_SPAN),
    (ClockTime, "time of day, `00:00` to `23:59`"),
    (Day, "date, `2026-12-24`"),
    (Zone, "IANA time zone of a place"),
    (ImportDates, "`day_first`, `month_first`, or a format with Python's `strptime` letters"),
    (PresetField, "name of a [preset](presets.md)"),
    (SmsCount, f"whole number, 1 to {MOST_SMS}"),
    (Parts, f"whole number, 1 to {MOST_PARTS}"),
    (Grade, f"whole number, 1 to {HIGHEST_GRADE}"),
    (Years, f"whole number, 1 to {MOST_YEARS}"),
    (EmailCount, f"whole number, 1 to {MOST_EMAILS}"),
    (MessagesADay, f"whole number, 1 to {MOST_A_DAY}"),
    (Times, f"whole number, 2 to {MOST_TIMES}"),
    (Percent, f"whole number, 1 to {MOST_PERCENT}"),
    (Floor, f"whole number, 0 to {HIGHEST_FLOOR}"),
    (Language, "language code"),
    (Country, "country code"),
    (Phone, "phone number with + and country code"),
    (EmergencyNumber, "2 to 6 digits"),
    (Email, "email address"),
    (Mailbox, "email address, or `Name <address>`"),
    (Url, "web address"),
    (Domain, "domain, `clinic.example`"),
    (Range, f"{_ANY_SPAN}, or `always`"),
    (Moment, "date and time of day, `2026-12-24 10:00`"),
    (approvals_file.Moment, "instant, ISO 8601"),
    (approvals_file.Digest, "digest, 64 figures and letters"),
    (approvals_file.Sum, "sum, figures and letters"),
    (approvals_file.StepName, "step, or `step@clinic`"),
    (approvals_file.TextName, "`template/language/channel`"),
    (Webhook, "https address"),
    (Service, "`MG` and 32 hexadecimal digits"),
    (SenderField, "phone number, short code, or a name of 1 to 11 plain characters"),
    (Rate, f"whole number, 1 to {MOST_SEGMENTS}"),
    (PriceField, "an amount and a currency, such as `0.0083 USD`"),
    (Line, "one line of text"),
    (Words, "words as they are"),
    (PhraseField, "phrase: words, `word*`, `word?`, `(one|other)`, `<group>`, `...`"),
    (Id, "id: lower-case letters, digits, `_`"),
    (Switch, "`true` or `false`"),
    (Variable, "name of an environment variable"),
    (Header, "name of an HTTP header"),
    (BodyPath, "place in a JSON body, `payload.start`"),
    (SourceDates, "`epoch`, `epoch_ms`, or a format with Python's `strptime` letters"),
    (CalcomKind, "the kind"),
    (ImportField, "field of ours, see below"),
    (dict[str, dict[str, dict[str, Any]]], "`treatment: {step: {key: value}}`"),
)
CHOICES = (
    SchemeField,
    EncodingField,
    EncodingName,
    ChannelField,
    PurposeField,
    IfLateField,
    StatusField,
    WeekdayField,
    TriageField,
    UnlessField,
    ClosuresField,
    AboutField,
    StatusWord,
    AlertWord,
    HandledWord,
)


def config_page() -> str:
    """Return the page."""
    parts = [HEAD]
    for name, model, sense in FILES:
        parts += [f"## `{name}`\n\n{sense}\n", *_tables(model, "")]
    return "\n".join([*parts, _import_fields()])


def keys() -> Iterator[str]:
    """Yield every key of every file, dotted, with [] for what stands in a list."""
    for _, model, _ in FILES:
        yield from _keys(model, "")


def _keys(model: type[Block], before: str) -> Iterator[str]:
    for name, info in _fields(model):
        yield f"{before}{name}"
        for inner, path in _blocks(info.annotation, f"{before}{name}"):
            yield from _keys(inner, f"{path}.")


def _fields(model: type[Block]) -> Iterator[tuple[str, FieldInfo]]:
    for name, info in model.model_fields.items():
        yield info.alias or name, info


def _tables(model: type[Block], path: str) -> Iterator[str]:
    """Yield the table of a block, then those of the blocks in it."""
    head = f"### `{path}`\n\n{_sense(model)}\n\n" if path else ""
    rows = [_row(name, info) for name, info in _fields(model)]
    yield head + "\n".join(["| key | meaning | value | default |", "|---|---|---|---|", *rows, ""])
    for name, info in _fields(model):
        for inner, inner_path in _blocks(info.annotation, f"{path}.{name}" if path else name):
            yield from _tables(inner, inner_path)


def _sense(model: type[Block]) -> str:
    return (model.__doc__ or "").strip()


def _row(name: str, info: FieldInfo) -> str:
    cells = (f"`{name}`", info.description or "", _said(_whole(info)), _default(info))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _whole(info: FieldInfo) -> Any:
    """Return the annotation as it was written: pydantic takes the outermost metadata off."""
    return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation


def _default(info: FieldInfo) -> str:
    value = info.default
    if info.is_required():
        return "needed"
    if value in (None, [], {}):
        return ""
    if isinstance(value, Block):
        return "as below"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value.value if isinstance(value, Enum) else value}`"


def _said(kind: Any) -> str:
    """Return a type in plain words."""
    for known, words in WORDS:
        if kind == known or (get_origin(kind) is Annotated and _readers(kind) & _readers(known)):
            return words
    for known in CHOICES:
        if kind == known or _readers(kind) & _readers(known):
            return ", ".join(f"`{word}`" for word in _schema(known)["enum"])
    return _composed(kind)


def _composed(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, Block):
        return f"block of {', '.join(f'`{name}`' for name, _ in _fields(kind))}"
    if origin is Annotated:
        return _said(inner[0])
    if origin in (Union, UnionType):
        return ", or ".join(_said(part) for part in inner if part is not type(None))
    if origin is list:
        return f"list; each {_said(inner[0])}"
    if origin is dict:
        return f"block; {_said(inner[0])} → {_said(inner[1])}"
    if kind is str:
        return "text"
    raise TypeError(f"no words for {kind}: add them to WORDS")


def _readers(kind: Any) -> set[Any]:
    """Return what reads the value: two annotations with the same reader say the same."""
    metadata = getattr(kind, "__metadata__", ())
    return {item.func for item in metadata if hasattr(item, "func")}


def _schema(kind: Any) -> dict[str, Any]:
    return next(item.json_schema for item in kind.__metadata__ if hasattr(item, "json_schema"))


def _blocks(kind: Any, path: str) -> Iterator[tuple[type[Block], str]]:
    """Yield the blocks that may stand under a key, with where they stand."""
    if isinstance(kind, type) and issubclass(kind, Block):
        yield kind, path
    elif get_origin(kind) is list:
        yield from _blocks(get_args(kind)[0], f"{path}[]")
    elif get_origin(kind) is dict:
        yield from _blocks(get_args(kind)[1], f"{path}.…")
    elif get_origin(kind) in (Annotated, Union, UnionType):
        for part in get_args(kind)[: 1 if get_origin(kind) is Annotated else None]:
            yield from _blocks(part, path)


def _import_fields() -> str:
    rows = [f"| `{name}` | {meaning} |" for name, meaning in IMPORT_FIELDS.items()]
    head = (
        "## Fields of an import\n\nWhat `import.columns` of a clinic's file may map to a column of the export. "
        "A mapping has at least\n`starts_at`, `treatment`, a name and one of `phone` and `email`.\n\n"
        "| field | meaning |\n|---|---|"
    )
    return "\n".join([head, *rows, ""])
