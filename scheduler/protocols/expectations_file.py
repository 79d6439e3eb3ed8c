"""What config/tests/<name>.yaml may say: cases, what happens in them, and what is expected then."""

import re
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from scheduler.domain.alert import AlertKind
from scheduler.domain.appointment import AppointmentStatus
from scheduler.protocols.addresses import Language
from scheduler.protocols.blocks import Block
from scheduler.protocols.clinic_file import Closures
from scheduler.protocols.faults import Fault, refusal, refuse_all
from scheduler.protocols.fields import ChannelField, Id, Line, Switch, choice, one_of, text_of
from scheduler.protocols.hints import shown
from scheduler.protocols.times import Zone

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{1,2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_BECOMES = {it.value: it for it in AppointmentStatus if it is not AppointmentStatus.BOOKED}
_ALERTS = {it.value: it for it in (AlertKind.URGENT, AlertKind.REPLY, AlertKind.WRONG_NUMBER)}
_WHAT = ("reply", "moved_to", "becomes", "books", "alerts", "down_until")


def read_moment(value: object) -> datetime:
    """Read a date and a time of day; without an offset it is naive: a wall clock's."""
    text = text_of(value)
    try:
        moment = datetime.fromisoformat(_padded(text)) if _MOMENT.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None:
        hint = "write year-month-day hour:minute, such as 2026-03-08 10:00"
        raise refusal("bad-moment", f"is not a date and a time of day: {shown(text)}", hint)
    return moment


def _padded(text: str) -> str:
    """Return a moment with two digits of the hour, as people also leave one out."""
    return re.sub(r"([T ])(\d):", r"\g<1>0\2:", text)


Moment = Annotated[
    datetime,
    PlainValidator(read_moment),
    WithJsonSchema({"type": "string", "pattern": rf"^{_MOMENT.pattern}$"}),
]
StatusWord = Annotated[AppointmentStatus, PlainValidator(choice(_BECOMES)), one_of(_BECOMES)]
AlertWord = Annotated[AlertKind, PlainValidator(choice(_ALERTS)), one_of(_ALERTS)]
HandledWord = Annotated[str, PlainValidator(choice({"handled": "handled"})), one_of(["handled"])]


class EventBlock(Block):
    """Something that happens: `at`, and one of the other keys (`to` belongs to `reply`, `treatment` to `books`)."""

    at: Moment = Field(description="When it happens: the clinic's wall clock.")
    reply: Line | None = Field(default=None, description="What the patient writes, or ticks on the page.")
    to: Id | None = Field(default=None, description="With `reply`: the step that is answered.")
    moved_to: Moment | None = Field(default=None, description="The appointment is moved to this start.")
    becomes: StatusWord | None = Field(
        default=None, description="The appointment is cancelled, completed, or the patient did not come (no_show)."
    )
    books: Moment | None = Field(default=None, description="The patient books another appointment that starts then.")
    treatment: Id | None = Field(default=None, description="With `books`: for another treatment than the first one.")
    alerts: HandledWord | None = Field(
        default=None, description="handled: somebody of the clinic deals with every open alert about the patient."
    )
    down_until: Moment | None = Field(default=None, description="Nothing is sent until then: the server is down.")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        said = [name for name in _WHAT if getattr(self, name) is not None]
        faults: list[Fault] = []
        if not said:
            hint = f"give one of {', '.join(_WHAT)}"
            faults.append(Fault(("at",), "missing-key", "does not say what happens then", hint))
        faults += [Fault((it,), "conflicting-keys", f"stands beside {said[0]}", "one event each") for it in said[1:]]
        if self.reply is not None and self.to is None:
            faults.append(Fault(("reply",), "missing-key", "does not say what it answers", "add to: and a step"))
        for name, owner in (("to", "reply"), ("treatment", "books")):
            if getattr(self, name) is not None and getattr(self, owner) is None:
                faults.append(Fault((name,), "conflicting-keys", f"belongs to {owner}", "take it out"))
        refuse_all(faults)
        return self


class ExpectBlock(Block):
    """A message that goes out."""

    step: Id = Field(description="The step's id.")
    at: Moment = Field(description="When it goes out, to the minute: wall-clock time where the patient is.")
    channel: ChannelField | None = Field(default=None, description="sms or email; either where it is left out.")
    because: Line | None = Field(
        default=None, description="A reason's code, such as quiet_hours, or words of the sentence in the timeline."
    )
    says: Line | None = Field(default=None, description="Words that the text has in it.")


class NotSentBlock(Block):
    """A step that does not go out."""

    step: Id = Field(description="The step's id.")
    channel: ChannelField | None = Field(default=None, description="sms or email; neither where it is left out.")
    because: Line | None = Field(
        default=None,
        description="Why not: a reason's code, such as next_appointment, or words of the sentence in the timeline. "
        "Without it the step may also never have been planned.",
    )


class TestBlock(Block):
    """One case: an appointment, what happens, and what is expected."""

    __test__ = False  # it is no class of tests, whatever its name begins with

    name: Line = Field(description="What the case shows, as a sentence.")
    clinic: Id = Field(description="The clinic's id.")
    treatment: Id = Field(description="The treatment's id.")
    starts_at: Moment = Field(description="When the appointment starts: the clinic's wall clock, or with an offset.")
    ends_at: Moment | None = Field(
        default=None, description="When it ends; by default after the protocol's duration."
    )
    registered_at: Moment | None = Field(
        default=None, description="When it is registered; by default long enough before for every step."
    )
    language: Language | None = Field(default=None, description="The patient's language; the clinic's by default.")
    timezone: Zone | None = Field(default=None, description="The patient's time zone; the clinic's by default.")
    phone: Switch = Field(default=True, description="Whether the patient has a phone.")
    email: Switch = Field(default=True, description="Whether the patient has an email address.")
    closures: Closures | None = Field(
        default=None, description="The days on which the clinic is closed, in place of those of its file."
    )
    events: list[EventBlock] = Field(default=[], description="What happens, in any order.")
    expect: list[ExpectBlock] = Field(default=[], description="What goes out.")
    not_sent: list[NotSentBlock] = Field(default=[], description="What does not.")
    nothing_else: Switch = Field(default=False, description="true: nothing goes out but what `expect` lists.")
    alerts: list[AlertWord] | None = Field(
        default=None, description="The alerts about the patient that are raised, and no others; [] for none."
    )

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if not (self.expect or self.not_sent or self.nothing_else or self.alerts is not None):
            hint = "add expect, not_sent or alerts"
            refuse_all([Fault(("name",), "missing-key", "expects nothing", hint)])
        return self


class TestsFile(Block):
    """config/tests/<name>.yaml: what the clinic expects of its protocols; `aftercare check` plays every case."""

    __test__ = False

    tests: list[TestBlock] = Field(min_length=1, description="The cases.")
