"""What config/clinics/<id>.yaml may say: keys, their kinds and their meaning, one line each."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Discriminator, Field, PlainValidator, Tag, WithJsonSchema, model_validator

from scheduler.domain.spans import Span, Unit
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
)
from scheduler.protocols.blocks import Block, repeated
from scheduler.protocols.bookings_file import Bookings, repeated_ids
from scheduler.protocols.faults import Fault, refuse_all
from scheduler.protocols.fields import Line, Switch, whole_number
from scheduler.protocols.import_file import ImportBlock
from scheduler.protocols.on_call import OnCallBlock, Patience
from scheduler.protocols.price_field import PriceField
from scheduler.protocols.times import ClockSpan, ClockTime, Day, Zone

MOST_SEGMENTS = 1000

Rate = Annotated[
    int,
    PlainValidator(whole_number(1, MOST_SEGMENTS)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_SEGMENTS}),
]


class SmsBlock(Block):
    """What text messages come from."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["messaging_service"]}, {"required": ["from"]}]}
    )

    messaging_service: Service | None = Field(default=None, description="A Twilio messaging service: MG…")
    from_: SenderField | None = Field(
        default=None,
        alias="from",
        description="A number with + and country code, a short code, or a name of up to 11 characters, which nobody "
        "can answer.",
    )
    rate: Rate | None = Field(
        default=None,
        description="How many segments a second it may send, as Twilio allows it. By default a toll-free number 3, "
        "another number 1, a short code 100, a name 10; a messaging service has no rate, its senders are not known.",
    )
    price: PriceField | None = Field(
        default=None,
        description="What a segment costs, such as 0.0083 USD: a plan of an edit then says what it costs.",
    )

    @model_validator(mode="after")
    def _one_sender(self) -> Self:
        if self.messaging_service is not None and self.from_ is not None:
            refuse_all(
                [Fault(("from",), "conflicting-keys", "can't stand beside messaging_service", "keep one of them")]
            )
        if self.messaging_service is None and self.from_ is None:
            refuse_all([Fault((), "missing-key", "has neither messaging_service nor from", "add one of them")])
        return self


class EmailBlock(Block):
    """What emails come from."""

    from_: Mailbox = Field(alias="from", description='Name and address: "Clinic <care@clinic.example>".')
    reply_to: Email | None = Field(default=None, description="Where answers go; by default to `from`.")


class QuietHoursBlock(Block):
    """Hours in which nothing is sent, at the patient's place."""

    from_: ClockTime = Field(alias="from", description="The first quiet minute, such as 20:00.")
    to: ClockTime = Field(description="The first minute in which messages go out again, such as 08:00.")

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.from_ == self.to:
            message = f"is the same as from, {self.from_:%H:%M}: that is no time or all day"
            refuse_all([Fault(("to",), "impossible-range", message, "take quiet_hours out to have none")])
        return self


class ClosureBlock(Block):
    """Days on which the clinic is closed, both ends included."""

    from_: Day = Field(alias="from", description="The first closed day, year-month-day.")
    to: Day | None = Field(default=None, description="The last closed day; the first by default.")
    why: Line | None = Field(default=None, description="For your own memory.")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.to is not None and self.to < self.from_:
            message = f"{self.to} is before {self.from_}, on which it begins"
            refuse_all([Fault(("to",), "impossible-range", message, "from comes first")])
        return self


def _closure_kind(value: Any) -> str:
    return "«day»" if isinstance(value, str | date) else "«days»"


Closures = list[
    Annotated[Annotated[Day, Tag("«day»")] | Annotated[ClosureBlock, Tag("«days»")], Discriminator(_closure_kind)]
]


class ConsentBlock(Block):
    """What counts where nobody said whether a patient agreed."""

    care: Switch = Field(default=True, description="Whether aftercare is sent when consent is not known.")
    recall: Switch = Field(default=True, description="Whether invitations to the next session are.")
    marketing: Switch = Field(default=False, description="Whether marketing is.")


class ClinicFile(Block):
    """config/clinics/<id>.yaml; the file's name without .yaml is the clinic's id."""

    name: Line = Field(description="The clinic's name, as patients know it.")
    timezone: Zone = Field(description="The IANA time zone of its place, such as America/Toronto.")
    languages: list[Language] = Field(
        min_length=1,
        description="The languages that it writes in; the first is for patients whose language is not known.",
    )
    country: Country = Field(description="ISO 3166-1 code, such as CA: national phone numbers are read by it.")
    phone: Phone = Field(description="The number that patients call, with + and country code.")
    emergency_number: EmergencyNumber = Field(description="The emergency number at its place, such as 911 or 112.")
    booking_url: Url | None = Field(default=None, description="Where patients book their next session.")
    sms: SmsBlock | None = Field(default=None, description="What text messages come from.")
    email: EmailBlock | None = Field(default=None, description="What emails come from.")
    quiet_hours: QuietHoursBlock | None = Field(default=None, description="Hours in which nothing is sent.")
    closures: Closures = Field(default=[], description="Days, or ranges {from, to, why}, on which it is closed.")
    undo_grace: ClockSpan = Field(
        default=Span(0, Unit.MINUTES),
        description="Nothing is sent so soon after a registration, so that a mistake can be undone.",
    )
    merge_window: ClockSpan = Field(
        default=Span(4, Unit.HOURS),
        description="Messages of one kind to one patient for several treatments become one when they are due within "
        "so long of each other; 0m: never.",
    )
    sms_may_name_treatment: Switch = Field(
        default=False, description="Whether a text message may name the treatment; others may read a phone's screen."
    )
    link_domains: list[Domain] = Field(
        default=[],
        description="The domains that texts may link to, beside that of `booking_url`; what lies below them too.",
    )
    consent: ConsentBlock = Field(
        default=ConsentBlock(), description="What counts where nobody said whether a patient agreed, per purpose."
    )
    on_call: list[OnCallBlock] = Field(default=[], description="Who gets alerts, in this order.")
    escalate_after: Patience = Field(
        default=Span(10, Unit.MINUTES),
        description="An alert that nobody took for so long goes to the next on call.",
    )
    imports: ImportBlock | None = Field(
        default=None, alias="import", description="How its exports, and its booking systems, name things."
    )
    bookings: Bookings = Field(default=[], description="The booking systems that tell of its bookings by themselves.")
    overrides: dict[str, dict[str, dict[str, Any]]] = Field(
        default={},
        description="treatment: {step: {key: value}}: what this clinic does otherwise; null takes a key away.",
    )

    @model_validator(mode="after")
    def _names_nothing_twice(self) -> Self:
        refuse_all(
            [
                *repeated(("languages",), self.languages),
                *repeated(("link_domains",), self.link_domains),
                *repeated_ids(self.bookings),
            ]
        )
        return self
