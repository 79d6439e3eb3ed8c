"""Notices: messages that are no step of a protocol, but answer a reply or tell staff of an alert."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from scheduler.domain.desk_text import DeskText
from scheduler.domain.protocol import Channel


class MessageKind(StrEnum):
    """What a message is about."""

    STEP = "step"
    """A step of an appointment's protocol."""
    ANSWER = "answer"
    """What a patient gets back who wrote."""
    ALERT = "alert"
    """What tells a person of the clinic that something needs them."""
    DESK = "desk"
    """A text that a person of the clinic wrote to a patient."""


class ReplyCause(StrEnum):
    """What happened to a reply; an event row keeps it."""

    RECEIVED = "received"
    TAKEN = "taken"
    """A person of the clinic said that they see to it."""
    GIVEN_BACK = "given_back"
    """Who saw to it does not any more."""
    WRITTEN = "written"
    """A person of the clinic wrote an answer, which goes out as a message."""
    HANDLED = "handled"
    """A person of the clinic dealt with it."""


class AlertCause(StrEnum):
    """What happened to an alert; an event row keeps it."""

    RAISED = "raised"
    RUNG = "rung"
    """A contact is told, by a message on each way that the contact has."""
    MISSED = "missed"
    """A ring reached nobody: all its messages ended, and none was taken by a provider, or all wait for one."""
    JOINED = "joined"
    """Who wrote what it is about wrote more that needs a person."""
    TAKEN = "taken"
    """A person said that they see to it: nobody else is told."""
    GIVEN_BACK = "given_back"
    """Who saw to it does not any more: it rings as if nobody had taken it."""
    CLOSED = "closed"
    """It no longer holds, or a person said that it is done."""


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A notice to be sent at once. `origin` is unique: the same again adds nothing.

    `template` names its text's folder; `useful_until` (aware UTC) is when it no longer helps. One of `reply_id` and
    `alert_id` is set, as `kind` says; `clinic` is the one whose senders it goes out from. A text that a person wrote
    brings its own `text`, and may have neither; `due_at` is when it goes out, None for at once.
    """

    kind: MessageKind
    origin: str
    clinic: str
    channel: Channel
    to: str = field(repr=False)
    template: str
    language: str
    useful_until: datetime
    reply_id: int | None = None
    alert_id: int | None = None
    patient_id: int | None = None
    text: DeskText | None = field(default=None, repr=False)
    due_at: datetime | None = None


URGENT_ANSWER = "answer_urgent"
"""The text that says whom to call at once."""
FINE_ANSWER = "answer_fine"
"""The text that thanks for good news."""
HELP_ANSWER = "answer_help"
"""The text that says who writes, and how to stop it."""
PASS_STOPS = frozenset({URGENT_ANSWER, HELP_ANSWER})
"""What whoever asked for it gets although messages were stopped: help is answered always
(https://www.twilio.com/docs/messaging/features/advanced-opt-out)."""
PASS_PAUSES = frozenset({URGENT_ANSWER})
"""What whoever just wrote for help gets whatever is paused."""
DESK_TEXT = "desk_text"
"""What stands in the place of a template's name where a person wrote the text."""


def is_stop_confirmation(origin: str) -> bool:
    """Whether that notice confirms a stop: it goes out although the stop was recorded together with it."""
    return origin.startswith("reply/") and origin.endswith("/stopped")
