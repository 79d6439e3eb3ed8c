"""What a file says of the people who get alerts."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from scheduler.domain.spans import Span
from scheduler.protocols.addresses import Email, Phone, Webhook
from scheduler.protocols.blocks import Block
from scheduler.protocols.faults import Fault, refusal, refuse_all
from scheduler.protocols.fields import Line
from scheduler.protocols.times import read_clock_span


def read_patience(value: object) -> Span:
    """Read how long somebody gets to take an alert: minutes or hours, at most a day, not nothing."""
    span = read_clock_span(value)
    if not span.elapsed:
        raise refusal("bad-span", "is no time at all", "such as 10m")
    return span


Patience = Annotated[
    Span,
    PlainValidator(read_patience),
    WithJsonSchema({"type": "string", "pattern": r"^0{0,3}[1-9]\d{0,3}\s*(m|h)$"}),
]


WAYS = ("sms", "email", "webhook")


class OnCallBlock(Block):
    """A person or desk that gets alerts, on every way given."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": [way]} for way in WAYS]})

    name: Line = Field(description="Who this is, for the alert's history.")
    sms: Phone | None = Field(default=None, description="A number with + and country code.")
    email: Email | None = Field(default=None, description="An email address.")
    webhook: Webhook | None = Field(
        default=None, description="An https address that gets a signed call; plain http only on this machine."
    )

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.sms is None and self.email is None and self.webhook is None:
            refuse_all([Fault((), "missing-key", "has neither sms nor email nor webhook", "add one of them")])
        return self
