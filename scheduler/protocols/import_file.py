"""What `import` of a clinic's file may say: how its exports, and the booking systems that tell, name things."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Discriminator, Field, PlainValidator, Tag, WithJsonSchema, model_validator

from scheduler.protocols.blocks import Block, repeated
from scheduler.protocols.faults import Fault, refusal, refuse_all
from scheduler.protocols.fields import Id, Line, StatusField, choice, one_of, text_of
from scheduler.protocols.hints import nearest, shown, suggest
from scheduler.protocols.import_fields import IMPORT_FIELDS, NEEDED
from scheduler.protocols.presets import preset_names
from scheduler.protocols.times import Zone, read_date_format

ORDERS = ("day_first", "month_first")
ENCODINGS = ("auto", "utf-8", "utf-16", "windows-1252", "mac-roman")
MOST_COLUMNS = 4


def read_import_field(value: object) -> str:
    """Read the name of one of our fields, which is a key of `columns`."""
    text = text_of(value)
    if text not in IMPORT_FIELDS:
        raise refusal("unknown-key", "there is no such field", suggest(text, IMPORT_FIELDS))
    return text


def read_import_dates(value: object) -> str:
    """Read how an export writes dates: which of day and month comes first, or a strptime format."""
    text = text_of(value)
    if text in ORDERS:
        return text
    if "%" in text:
        return read_date_format(text)
    near = nearest(text.replace("-", "_").replace(" ", "_"), ORDERS)
    hint = f"did you mean {near}?" if near else "day_first where 03/04 is the 3rd of April, else month_first"
    raise refusal(
        "bad-date-format", f"is neither {' nor '.join(ORDERS)}, nor a format with % letters: {shown(text)}", hint
    )


ImportField = Annotated[str, PlainValidator(read_import_field), one_of(IMPORT_FIELDS)]
ImportDates = Annotated[
    str,
    PlainValidator(read_import_dates),
    WithJsonSchema({"type": "string", "pattern": rf"^({'|'.join(ORDERS)}|.*%.*)$"}),
]
EncodingName = Annotated[str, PlainValidator(choice({name: name for name in ENCODINGS})), one_of(ENCODINGS)]


def read_preset(value: object) -> str:
    """Read the name of a preset."""
    text = text_of(value)
    if text not in preset_names():
        hint = suggest(text.replace("-", "_").replace(" ", "_"), preset_names())
        raise refusal("bad-choice", f"there is no preset {shown(text)}", hint)
    return text


PresetField = Annotated[str, PlainValidator(read_preset), one_of(preset_names())]


def _columns_kind(value: Any) -> str:
    return "«columns»" if isinstance(value, list | tuple) else "«column»"


ColumnNames = Annotated[
    Annotated[Line, Tag("«column»")]
    | Annotated[
        list[Line],
        Field(min_length=1, max_length=MOST_COLUMNS, json_schema_extra={"uniqueItems": True}),
        Tag("«columns»"),
    ],
    Discriminator(_columns_kind),
]


class ImportBlock(Block):
    """How the clinic's exports name things; treatments and statuses count for every other source too."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["preset"]},
                {
                    "allOf": [
                        {"properties": {"columns": {"anyOf": [{"required": [key]} for key in group]}}}
                        for group in NEEDED
                    ]
                },
            ]
        }
    )

    preset: PresetField | None = Field(
        default=None,
        description="The booking system whose export it is: its columns, dates and statuses are known. What stands "
        "beside it counts in their place, key by key.",
    )
    columns: dict[ImportField, ColumnNames] = Field(
        default={},
        description="Our field: the column's name in the export, or a list of columns whose cells are joined by a "
        "blank, such as [Date, Time]. Without any, the columns are called like our fields.",
    )
    optional: list[ImportField] = Field(
        default=[],
        json_schema_extra={"uniqueItems": True},
        description="Fields whose columns an export may lack, though a cancellation, a no to texts or an id would be "
        "missed without them: else such a file is refused.",
    )
    dates: ImportDates | None = Field(
        default=None,
        description="How dates are written: day_first (03/04 is the 3rd of April), month_first, or strptime letters. "
        "By default ISO 8601, and any other form that can mean one day only.",
    )
    timezone: Zone | None = Field(
        default=None, description="The zone of the export's times that name none; the clinic's by default."
    )
    encoding: EncodingName = Field(
        default="auto", description="How the export's letters are stored; by default it is found out."
    )
    treatments: dict[Line, Id] = Field(default={}, description="The export's name of a treatment: our protocol.")
    statuses: dict[Line, StatusField] = Field(
        default={},
        description="The export's word: booked, completed, cancelled or no_show. Common words are known without.",
    )

    @model_validator(mode="after")
    def _has_what_is_needed(self) -> Self:
        twice = repeated(("optional",), self.optional)
        refuse_all([*self._missing(), *self._repeated(), *twice, *self._never_used()])
        return self

    def _missing(self) -> Iterator[Fault]:
        if not self.columns or self.preset:
            return
        for group in NEEDED:
            if not any(key in self.columns for key in group):
                hint = "map one of them to a column of the export" if len(group) > 1 else "map it to a column"
                yield Fault(("columns",), "missing-key", f"has no column for {' or '.join(group)}", hint)

    def _repeated(self) -> Iterator[Fault]:
        for key, named in self.columns.items():
            if not isinstance(named, str):
                yield from repeated(("columns", key), named)

    def _never_used(self) -> Iterator[Fault]:
        if self.timezone is not None and self.dates is not None and "%z" in self.dates.replace("%%", ""):
            message = f"is never used: {self.dates} reads a zone from each date (%z)"
            yield Fault(("timezone",), "conflicting-keys", message, "keep one of them")
