"""What a test of a protocol expects of a case that is played: what goes out, what does not, and why."""

from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.alert import AlertKind
from scheduler.domain.protocol import Channel
from scheduler.domain.simulated import Case


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that goes out at `at`, on any channel where none is named.

    `at` without a zone is wall-clock time where the patient is. `because` is a reason's code, or words of its
    sentence; `says` are words of the text.
    """

    step: str
    at: datetime
    channel: Channel | None = None
    because: str | None = None
    says: str | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """A step that does not go out, on no channel where none is named. With `because` it was planned."""

    step: str
    channel: Channel | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class ProtocolTest:
    """A case, and what is expected of it. `alerts` None: of any kind; `nothing_else`: no other message goes out."""

    name: str
    case: Case
    expect: tuple[Sent, ...]
    not_sent: tuple[NotSent, ...]
    nothing_else: bool = False
    alerts: frozenset[AlertKind] | None = None
