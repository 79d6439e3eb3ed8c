"""A protocol and its steps, as values. Files are read into these by `scheduler.protocols`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import IntEnum, StrEnum

from scheduler.domain.advice import Advice
from scheduler.domain.spans import Span


class Channel(StrEnum):
    """The ways out."""

    SMS = "sms"
    EMAIL = "email"
    WEBHOOK = "webhook"
    """A signed call of a clinic's own system: for alerts, never to a patient."""


PATIENT_CHANNELS = (Channel.SMS, Channel.EMAIL)
"""The ways to a patient."""


class Purpose(StrEnum):
    """What a message is for; consent is per purpose."""

    CARE = "care"
    RECALL = "recall"
    MARKETING = "marketing"


class IfLate(StrEnum):
    """What becomes of a message that would go out more than `late_after` past its due instant."""

    COLLAPSE = "collapse"
    """Only the latest of several late messages of a patient and purpose is sent."""
    SEND = "send"
    """It is sent still, while it is useful."""
    DROP = "drop"
    """It expires."""
    HOLD = "hold"
    """It waits for a person."""


class Weekday(IntEnum):
    """As `datetime.date.weekday` counts."""

    MON = 0
    TUE = 1
    WED = 2
    THU = 3
    FRI = 4
    SAT = 5
    SUN = 6


@dataclass(frozen=True, slots=True)
class Before:
    """`before: 7d`: so long before the start; with `at`, at that wall-clock time of that calendar day."""

    span: Span
    at: time | None = None


@dataclass(frozen=True, slots=True)
class After:
    """`after: 2h` counts from the end, `after: 2d` in calendar days from the start's local date at the clinic."""

    span: Span
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Between:
    """`between: {from: 4w, to: 6w, prefer: 4w}` with `on` and `at`: the allowed day nearest to the preferred one."""

    start: Span
    end: Span
    prefer: Span
    on: frozenset[Weekday]
    at: time


@dataclass(frozen=True, slots=True)
class AfterReply:
    """`after_reply: {to: STEP, triage: [...], wait: 2d}`: planned only when such a reply comes."""

    to: str
    triage: frozenset[str]
    wait: Span
    at: time | None = None


Timing = Before | After | Between | AfterReply


@dataclass(frozen=True, slots=True)
class Remind:
    """`remind: {after: 1d, at: "10:00"}`: a question is asked once more when no answer came by then.

    It counts from when the question was handed over.
    """

    after: Span
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a protocol.

    `useful_for` counts from the planned instant, before any deferral; None takes the default of design §4:
    24 hours, until the appointment for `Before`, until the range's end for `Between`.
    `template` names the folder under templates/<language>/; it is the step's id unless the file says otherwise.
    `defer_on_closures` is True for recall and marketing, False for care, unless the file says otherwise.
    `advice` is in the order of tags. `kind` is None where the file does not say: ask `merges_as`.
    """

    id: str
    timing: Timing
    channels: tuple[Channel, ...]
    first_of: bool
    template: str
    purpose: Purpose = Purpose.CARE
    useful_for: Span | None = None
    if_late: IfLate = IfLate.COLLAPSE
    ask: str | None = None
    unless: frozenset[str] = frozenset()
    defer_on_closures: bool = False
    remind: Remind | None = None
    kind: str | None = None
    advice: tuple[Advice, ...] = ()

    @property
    def merges_as(self) -> str:
        """What messages of other treatments must be called too, to become one with this step's.

        Without a word on it only those with the very same text: another may lack what to watch for after this one.
        """
        return self.kind or self.template

    def __hash__(self) -> int:
        """Return what is quick to compute: plans are remembered by step."""
        return hash(self.id)


@dataclass(frozen=True, slots=True)
class Protocol:
    """The ordered steps for a treatment. `digest` is the SHA-256 of what the file means, in hexadecimal."""

    treatment: str
    title: Mapping[str, str]
    duration: Span
    steps: tuple[Step, ...]
    digest: str

    def step(self, step_id: str) -> Step | None:
        """Return the step of that id, or None when the protocol has none (any more)."""
        return next((step for step in self.steps if step.id == step_id), None)
