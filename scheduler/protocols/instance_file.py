"""What config/aftercare.yaml may say, for the whole installation. Every key is optional."""

from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from scheduler.domain.spans import Span, Unit
from scheduler.protocols.blocks import Block
from scheduler.protocols.fields import whole_number
from scheduler.protocols.times import ClockSpan

MOST_SMS, MOST_EMAILS = 1000, 100

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
