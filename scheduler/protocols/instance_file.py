"""What config/aftercare.yaml may say, for the whole installation. Every key is optional."""

from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from scheduler.domain.spans import Span, Unit
from scheduler.protocols.blocks import Block
from scheduler.protocols.fields import Switch, whole_number
from scheduler.protocols.on_call import OnCallBlock, Patience
from scheduler.protocols.times import ClockSpan

MOST_SMS, MOST_EMAILS = 1000, 100
MOST_PARTS, HIGHEST_GRADE = 10, 20
MOST_YEARS = 100
MOST_A_DAY, MOST_TIMES, MOST_PERCENT, HIGHEST_FLOOR = 1000, 1000, 1000, 100_000_000

SmsCount = Annotated[
    int,
    PlainValidator(whole_number(1, MOST_SMS)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_SMS}),
]
EmailCount = Annotated[
    int,
    PlainValidator(whole_number(1, MOST_EMAILS)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_EMAILS}),
]
MessagesADay = Annotated[
    int,
    PlainValidator(whole_number(1, MOST_A_DAY)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_A_DAY}),
]
Times = Annotated[
    int,
    PlainValidator(whole_number(2, MOST_TIMES)),
    WithJsonSchema({"type": "integer", "minimum": 2, "maximum": MOST_TIMES}),
]
Percent = Annotated[
    int,
    PlainValidator(whole_number(1, MOST_PERCENT)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_PERCENT}),
]
Floor = Annotated[
    int,
    PlainValidator(whole_number(0, HIGHEST_FLOOR)),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": HIGHEST_FLOOR}),
]

Parts = Annotated[
    int,
    PlainValidator(whole_number(1, MOST_PARTS)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_PARTS}),
]
Grade = Annotated[
    int,
    PlainValidator(whole_number(1, HIGHEST_GRADE)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": HIGHEST_GRADE}),
]
Years = Annotated[
    int,
    PlainValidator(whole_number(1, MOST_YEARS)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_YEARS}),
]


class InstanceFile(Block):
    """config/aftercare.yaml."""

    late_after: ClockSpan = Field(
        default=Span(30, Unit.MINUTES),
        description="A message that goes out later than this after its due time is late: its step's if_late decides.",
    )
    late_spacing: ClockSpan = Field(
        default=Span(10, Unit.MINUTES), description="The time left between several late messages to one patient."
    )
    sms_at_once: SmsCount = Field(default=64, description="How many SMS are handed to the provider at the same time.")
    emails_at_once: EmailCount = Field(
        default=8, description="How many emails are handed to the mail server at the same time."
    )
    messages_a_day: MessagesADay = Field(
        default=8,
        description="The most that one patient gets in a day, by SMS and email together; the rest is held.",
    )
    volume_times: Times = Field(
        default=5,
        description="A clinic that sends more in a clock hour than this many times its largest hour of the last 28 "
        "days is stopped: the rest is held.",
    )
    volume_floor: Floor = Field(
        default=1000, description="Up to so many messages an hour a clinic is never stopped for its volume."
    )
    backlog_percent: Percent = Field(
        default=50,
        description="When more than this share of a clinic's usual day is late because nothing was sent for a while, "
        "what is late is held.",
    )
    backlog_floor: Floor = Field(
        default=50, description="Up to so many late messages of a clinic are never held for that."
    )
    on_call: list[OnCallBlock] = Field(
        default=[],
        description="Who gets alerts of the whole installation, and of clinics that name nobody, in this order; by "
        "default all clinics' contacts, each address once.",
    )
    escalate_after: Patience = Field(
        default=Span(10, Unit.MINUTES),
        description="An alert of the whole installation that nobody took for so long goes to the next on call.",
    )
    sms_segments: Parts = Field(
        default=2,
        description="The most segments that the SMS of a step should take; `aftercare check` warns of longer ones.",
    )
    reading_grade: Grade = Field(
        default=8,
        description="The highest school grade that a text for patients should need; `aftercare check` warns of "
        "harder ones.",
    )
    require_approval: Switch | None = Field(
        default=None,
        description="Whether only those steps and texts are sent that `aftercare approve` has on record; by default "
        "true in live delivery and false in rehearsal.",
    )
    audit_years: Years | None = Field(
        default=None,
        description="How many years the lines of the audit trail are kept; by default for ever.",
    )
