"""What `bookings` of a clinic's file may say: the booking systems that tell by themselves, a block for each kind."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from scheduler.domain.sources import Encoding, Scheme
from scheduler.domain.spans import Span, Unit
from scheduler.protocols.addresses import Email, Webhook
from scheduler.protocols.blocks import Block
from scheduler.protocols.calendar_block import CalendarBlock
from scheduler.protocols.faults import Fault, refuse_all
from scheduler.protocols.fields import Id, Line
from scheduler.protocols.import_file import ImportField
from scheduler.protocols.source_fields import (
    AcuityKind,
    CalcomKind,
    CalendlyKind,
    ClinikoKind,
    Dates,
    EncodingField,
    GenericKind,
    Header,
    Path,
    SchemeField,
    Variable,
)
from scheduler.protocols.times import ClockSpan

NEEDED = (("external_id",), ("starts_at",), ("treatment",), ("name", "first_name", "last_name"), ("phone", "email"))
"""Of each group a generic booking system says at least one."""
KIND_SENSE = "Which kind of booking system it is: calcom, calendly, acuity, cliniko, calendar or generic."


class SourceBlock(Block):
    """What every booking system has."""

    id: Id = Field(description="What the system is called here; the address that it calls ends with it.")
    secret: Variable = Field(
        description="The name of the environment variable (or of the one with _FILE after it) that holds what its "
        "calls are signed with."
    )


class CalcomBlock(SourceBlock):
    """`kind: calcom`. Cal.com, in its cloud or your own."""

    kind: CalcomKind = Field(description=KIND_SENSE)
    phone: Line | None = Field(
        default=None,
        description="The identifier of the booking question that asks for the mobile number; by default Cal.com's "
        "own phone field of an attendee, else the number that it reminds by SMS.",
    )


class CalendlyBlock(SourceBlock):
    """`kind: calendly`. Calendly."""

    kind: CalendlyKind = Field(description=KIND_SENSE)
    phone: Line | None = Field(
        default=None,
        description="The question of the event type that asks for the mobile number, as patients read it; by default "
        "the number that Calendly reminds by SMS.",
    )


class AcuityBlock(SourceBlock):
    """`kind: acuity`. Acuity Scheduling. Its calls are signed with the API key, so `secret` names that."""

    kind: AcuityKind = Field(description=KIND_SENSE)
    user: Variable = Field(description="The name of the environment variable that holds the user id of its API.")
    url: Webhook = Field(
        default="https://acuityscheduling.com/api/v1", description="Where its API is, for a proxy of your own."
    )


class ClinikoBlock(SourceBlock):
    """`kind: cliniko`. Cliniko. It calls nobody: it is asked every so often, with the API key that `secret` names."""

    kind: ClinikoKind = Field(description=KIND_SENSE)
    contact: Email = Field(
        description="Your mail address: Cliniko wants to know whom to write to about what asks it."
    )
    every: ClockSpan = Field(default=Span(10, Unit.MINUTES), description="How often it is asked, such as 10m.")
    url: Webhook | None = Field(
        default=None, description="Where its API is; by default the shard that the API key ends with."
    )


class SignatureBlock(Block):
    """How a system of one's own signs its calls."""

    scheme: SchemeField = Field(
        description="An HMAC of the body, Standard Webhooks (its headers and key), or a bearer token in "
        "Authorization."
    )
    header: Header | None = Field(default=None, description="The header that holds the signature, for an HMAC.")
    encoding: EncodingField = Field(default=Encoding.HEX, description="How the signature is written, for an HMAC.")
    prefix: Line | None = Field(default=None, description="What stands before the signature, such as sha256=.")
    timestamp: Header | None = Field(
        default=None,
        description="The header with the time of the call in seconds since 1970; then its text, a dot and the body "
        "are signed.",
    )
    tolerance: ClockSpan = Field(
        default=Span(5, Unit.MINUTES), description="How far that time may be from now, either way."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        refuse_all(list(self._misfits()))
        return self

    def _misfits(self) -> Iterator[Fault]:
        if self.scheme in (Scheme.HMAC_SHA256, Scheme.HMAC_SHA1):
            if self.header is None:
                yield Fault((), "missing-key", "has no header", "add the one that holds the signature")
            return
        for key in ("header", "prefix", "timestamp"):
            if getattr(self, key) is not None:
                message = f"does not go with scheme {self.scheme.value}, which says that itself"
                yield Fault((key,), "conflicting-keys", message, "take it out")


class EventsBlock(Block):
    """Which of a system's calls say what. What is in no list is no news of a booking."""

    path: Path = Field(description="Where the body says what happened, such as type.")
    created: list[Line] = Field(default=[], description="The words for a booking that is new.")
    moved: list[Line] = Field(default=[], description="The words for one that was changed or moved.")
    cancelled: list[Line] = Field(default=[], description="The words for one that was cancelled.")
    no_show: list[Line] = Field(default=[], description="The words for one to which nobody came.")

    @model_validator(mode="after")
    def _means_one_thing(self) -> Self:
        seen: dict[str, str] = {}
        faults = []
        for name in ("created", "moved", "cancelled", "no_show"):
            for index, word in enumerate(getattr(self, name)):
                if seen.setdefault(word, name) != name:
                    message = f"means {seen[word]} already: {word}"
                    faults.append(Fault((name, index), "duplicate-value", message, "keep one of them"))
        refuse_all(faults)
        return self


def _paths_kind(value: Any) -> str:
    return "«paths»" if isinstance(value, list | tuple) else "«path»"


Paths = Annotated[
    Annotated[Path, Tag("«path»")] | Annotated[list[Path], Field(min_length=1), Tag("«paths»")],
    Discriminator(_paths_kind),
]


class GenericBlock(SourceBlock):
    """`kind: generic`. Any system that calls an address with JSON and proves who it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {"properties": {"fields": {"anyOf": [{"required": [key]} for key in group]}}} for group in NEEDED
            ]
        }
    )

    kind: GenericKind = Field(description=KIND_SENSE)
    signature: SignatureBlock = Field(description="How its calls are signed.")
    fields: dict[ImportField, Paths] = Field(
        description="Our field: where the body has it, such as payload.start; several places are joined by a blank."
    )
    events: EventsBlock | None = Field(
        default=None,
        description="Which of its calls say what; by default each is of a booking, and `status` says it.",
    )
    event_id: Path | None = Field(
        default=None,
        description="Where a call has an id of its own, not the booking's: with its body it tells a doubled one; "
        "by default the body alone does.",
    )
    as_of: Path | None = Field(
        default=None,
        description="Where the body says when that was so, such as when the booking was last changed, not made: "
        "by that an older call is known; by default when it came.",
    )
    replaces: Path | None = Field(
        default=None, description="Where the body has the id of the booking that this one takes the place of."
    )
    dates: Dates | None = Field(
        default=None,
        description="How instants are written: epoch (seconds), epoch_ms, or strptime letters; ISO 8601 by default.",
    )

    @model_validator(mode="after")
    def _has_what_is_needed(self) -> Self:
        hint = "say where the body has it"
        if self.as_of and "updated_at" in self.fields:
            message = "says what as_of says: when that was so"
            refuse_all([Fault(("fields", "updated_at"), "conflicting-keys", message, "keep one of them")])
        refuse_all(
            [
                Fault(("fields",), "missing-key", f"has no place for {' or '.join(group)}", hint)
                for group in NEEDED
                if not any(key in self.fields for key in group)
            ]
        )
        return self


_BLOCKS = {
    "calcom": CalcomBlock,
    "calendly": CalendlyBlock,
    "acuity": AcuityBlock,
    "cliniko": ClinikoBlock,
    "calendar": CalendarBlock,
    "generic": GenericBlock,
}


def _tag(value: Any) -> str:
    """Return which block reads an item; what names no kind is read by the one that needs least, and refused there."""
    said = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    name = said.strip() if isinstance(said, str) else ""
    return f"«{name if name in _BLOCKS else 'calcom'}»"


Bookings = list[
    Annotated[
        Annotated[CalcomBlock, Tag("«calcom»")]
        | Annotated[CalendlyBlock, Tag("«calendly»")]
        | Annotated[AcuityBlock, Tag("«acuity»")]
        | Annotated[ClinikoBlock, Tag("«cliniko»")]
        | Annotated[CalendarBlock, Tag("«calendar»")]
        | Annotated[GenericBlock, Tag("«generic»")],
        Discriminator(_tag),
    ]
]


def repeated_ids(blocks: Sequence[SourceBlock | CalendarBlock]) -> Iterator[Fault]:
    """Yield a fault for each id that another booking system of the clinic has."""
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        if block.id in seen:
            yield Fault(("bookings", index, "id"), "duplicate-value", f"stands twice: {block.id}", "rename one")
        seen.add(block.id)
