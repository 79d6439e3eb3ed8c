"""What config/protocols/<treatment>.yaml may say: keys, their kinds and their meaning, one line each."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Discriminator, Field, PlainValidator, Tag, model_validator

from scheduler.domain.protocol import IfLate, Purpose
from scheduler.domain.spans import Span, Unit
from scheduler.protocols.addresses import Language
from scheduler.protocols.advice_file import Range
from scheduler.protocols.blocks import Block
from scheduler.protocols.faults import refuse_all
from scheduler.protocols.fields import (
    ChannelField,
    Id,
    IfLateField,
    Line,
    PurposeField,
    WeekdayField,
    choice,
    one_of,
)
from scheduler.protocols.step_rules import STEP_SHAPE, step_faults
from scheduler.protocols.times import ClockSpan, ClockTime, SpanField

# Of the classes of a reply, those after which a patient is still written to.
TRIAGE = ("fine", "concern", "urgent", "question", "unknown")
UNLESS = ("next_appointment",)
CLOSURES = ("defer", "send")

TriageField = Annotated[str, PlainValidator(choice({word: word for word in TRIAGE})), one_of(TRIAGE)]
UnlessField = Annotated[str, PlainValidator(choice({word: word for word in UNLESS})), one_of(UNLESS)]
ClosuresField = Annotated[str, PlainValidator(choice({word: word for word in CLOSURES})), one_of(CLOSURES)]


class BetweenBlock(Block):
    """A range of days in which the step is sent once."""

    from_: SpanField = Field(alias="from", description="The first day, counted from the appointment, such as 4w.")
    to: SpanField = Field(description="The last day, such as 6w.")
    prefer: SpanField | None = Field(default=None, description="The day to come nearest to; the first by default.")


class AfterReplyBlock(Block):
    """A step that is planned only when a patient answers an earlier one in a certain way."""

    to: Id = Field(description="The id of the earlier step with `ask` whose reply counts.")
    triage: list[TriageField] = Field(min_length=1, description="The classes of reply that lead here.")
    wait: SpanField = Field(description="How long after the reply this step is sent, such as 2d.")


class RemindBlock(Block):
    """One reminder of a step with `ask`, where no answer came."""

    after: SpanField = Field(description="So long after the question went out, such as 1d.")
    at: ClockTime | None = Field(
        default=None, description="The time of day at the patient's place, where `after` counts in days."
    )


class FirstOfBlock(Block):
    """Channels in order of preference."""

    first_of: list[ChannelField] = Field(
        min_length=1, description="The first channel that reaches the patient is used, the others are its fallback."
    )


def _channels_kind(value: Any) -> str:
    return "«first_of»" if isinstance(value, dict | FirstOfBlock) else "«all»"


Channels = Annotated[
    Annotated[list[ChannelField], Field(min_length=1), Tag("«all»")] | Annotated[FirstOfBlock, Tag("«first_of»")],
    Discriminator(_channels_kind),
]


class StepBlock(Block):
    """One step. It says when with one of before, after, between, after_reply."""

    model_config = ConfigDict(json_schema_extra=STEP_SHAPE)

    id: Id = Field(description="The step's name; messages and templates refer to it. Changing it makes a new step.")
    before: SpanField | None = Field(default=None, description="So long before the appointment begins.")
    after: SpanField | None = Field(
        default=None,
        description="So long after: m and h count from the appointment's end, d, w and mo from its date.",
    )
    between: BetweenBlock | None = Field(default=None, description="Once within a range of days; needs `at`.")
    after_reply: AfterReplyBlock | None = Field(
        default=None, description="Only when the patient answered an earlier step in a certain way."
    )
    on: list[WeekdayField] | None = Field(
        default=None, min_length=1, description="With `between`: the weekdays on which the step may be sent."
    )
    at: ClockTime | None = Field(
        default=None,
        description="The time of day at the patient's place, for steps that count in days, weeks or months.",
    )
    channels: Channels = Field(description="[sms, email] sends both; {first_of: [sms, email]} the first that works.")
    template: Id | None = Field(
        default=None, description="The folder with the texts, under templates/<language>/; the step's id by default."
    )
    purpose: PurposeField = Field(
        default=Purpose.CARE, description="care, recall or marketing: consent is given per purpose."
    )
    useful_for: SpanField | None = Field(
        default=None,
        description="How long after its planned time the message still helps; later it is not sent. By default 24 "
        "hours, for `before` until the appointment, for `between` until the range ends.",
    )
    if_late: IfLateField = Field(
        default=IfLate.COLLAPSE,
        description="A late message: collapse sends only the latest of several, send sends it, drop does not, hold "
        "asks a person.",
    )
    ask: Id | None = Field(
        default=None, description="The question that this step asks: the reply is read and sorted."
    )
    remind: RemindBlock | None = Field(
        default=None, description="With `ask`: the step is sent once more when nobody answered by then."
    )
    unless: list[UnlessField] = Field(
        default=[], description="next_appointment: not sent when the patient's next appointment is booked already."
    )
    closures: ClosuresField | None = Field(
        default=None,
        description="On days when the clinic is closed: defer waits for the next open day (the default of recall and "
        "marketing), send does not (the default of care).",
    )
    kind: Id | None = Field(
        default=None,
        description="What this step is to other treatments: messages of one kind to one patient become one within "
        "the clinic's merge_window. By default its template's name: what has the same text. A kind of several texts "
        "needs a template named like it, which says what all of them say.",
    )
    advice: dict[Id, Range] = Field(
        default={},
        description="tag: how long the advice holds, counted as `after` counts, or always. Tags are in advice.yaml; "
        "an email says them where it has {{ advice }}.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        refuse_all(list(step_faults(self)))
        return self


class ProtocolFile(Block):
    """config/protocols/<treatment>.yaml."""

    protocol: Id = Field(description="The treatment's id, the same as the file's name without .yaml.")
    title: dict[Language, Line] = Field(
        min_length=1, description="The treatment's name for patients, in each language that a clinic speaks."
    )
    duration: ClockSpan = Field(
        default=Span(60, Unit.MINUTES),
        description="How long an appointment takes where its end is not known; minutes and hours count from the end.",
    )
    steps: list[StepBlock] = Field(min_length=1, description="The steps, in the order in which people read them.")
