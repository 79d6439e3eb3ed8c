"""What a block of `bookings` says of a calendar: where its address is, and what stands where in an entry."""

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from scheduler.domain.pattern import places_of
from scheduler.domain.spans import Span, Unit
from scheduler.protocols.blocks import Block
from scheduler.protocols.faults import Fault, refusal, refuse_all
from scheduler.protocols.fields import Id, read_line
from scheduler.protocols.hints import shown, suggest
from scheduler.protocols.import_fields import IMPORT_FIELDS
from scheduler.protocols.source_fields import CalendarKind, Variable
from scheduler.protocols.times import ClockSpan, SpanField

OF_THE_ENTRY = frozenset({"external_id", "starts_at", "ends_at", "timezone"})
"""An entry has these itself."""
PLACES = tuple(name for name in IMPORT_FIELDS if name not in OF_THE_ENTRY)
_SOONEST = Span(5, Unit.MINUTES)


def read_pattern_field(value: object) -> str:
    """Read a pattern such as `{treatment} - {name}`."""
    text = read_line(value)
    try:
        unknown = [place for place in places_of(text) if place not in PLACES]
    except ValueError as error:
        raise refusal("bad-text", f"{error}: {shown(text)}", "such as {treatment} - {name}") from None
    if unknown:
        raise refusal("unknown-key", f"there is no such field: {{{unknown[0]}}}", suggest(unknown[0], PLACES))
    return text


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


PatternField = Annotated[str, PlainValidator(read_pattern_field), WithJsonSchema({"type": "string"})]
Patterns = Annotated[
    list[PatternField],
    BeforeValidator(_as_list),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class CalendarBlock(Block):
    """A calendar that the booking system, or a calendar program, publishes at a secret address (iCalendar)."""

    id: Id = Field(description="What the calendar is called here.")
    kind: CalendarKind = Field(description="`calendar`.")
    url: Variable = Field(
        description="The name of the environment variable (or of the one with _FILE after it) that holds its "
        "address, which is a secret: https or webcal, plain http on this machine only."
    )
    every: ClockSpan = Field(default=Span(15, Unit.MINUTES), description="How often it is read, such as 15m.")
    summary: Patterns = Field(
        default=[],
        description="What the title of a booking looks like, such as {treatment} - {name}: one pattern, or several "
        "of which the first that fits counts. An entry that fits none is no booking. Without it every entry is one.",
    )
    description: Patterns = Field(
        default=[], description="What lines of its description look like, such as Phone: {phone}."
    )
    location: Patterns = Field(default=[], description="What its place looks like.")
    treatment: Id | None = Field(default=None, description="Our protocol, where the whole calendar is for one.")

    covers: SpanField | None = Field(
        default=None,
        description="How far ahead it shows all that there is, such as 8w: what is missing so far ahead is called "
        "off. Without it, what is missing after the calendar's last entry waits for a person's word.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        refuse_all(list(self._misfits()))
        return self

    def _misfits(self) -> Iterator[Fault]:
        said = any("treatment" in places_of(it) for it in (*self.summary, *self.description, *self.location))
        if not said and not self.treatment:
            hint = "put {treatment} into a pattern, or add treatment where the whole calendar is for one"
            yield Fault((), "missing-key", "does not say which treatment a booking is for", hint)
        if said and self.treatment:
            yield Fault(("treatment",), "conflicting-keys", "a pattern says it already", "keep one of them")
        if self.every.elapsed < _SOONEST.elapsed:
            yield Fault(
                ("every",), "impossible-range", "is too often: calendars are made anew every few minutes", "5m"
            )
