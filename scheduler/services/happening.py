"""What the dispatcher tells whoever watches it: one message reached a new status."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason
from scheduler.domain.states import Status


@dataclass(frozen=True, slots=True)
class Happening:
    """At `at` (aware UTC) a message became `status`.

    `planned` says why it was due then, `tried` whether a channel was called. Holds the patient's name: show it,
    never log it.
    """

    at: datetime
    message: int
    clinic: str
    patient: str = field(repr=False)
    step: str
    channel: Channel
    language: str
    kind: MessageKind
    status: Status
    tried: bool
    planned: tuple[Reason, ...]
    reasons: tuple[Reason, ...]


Watch = Callable[[Happening], None]


def ignore(happening: Happening) -> None:
    """Watch nothing."""
    del happening
