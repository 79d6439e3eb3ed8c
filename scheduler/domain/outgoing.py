"""What is handed to a channel: finished texts with their addresses. Lives for one attempt, is never logged."""

from dataclasses import dataclass, field
from datetime import datetime

from scheduler.domain.clinic import EmailSender, SmsSender


@dataclass(frozen=True, slots=True)
class OutgoingSms:
    """One SMS. `attempt` is the attempt's unguessable token; nothing is written after `deadline` (aware UTC).

    `useful_until` bounds how long the provider may keep trying.
    """

    attempt: str
    sender: SmsSender
    to: str = field(repr=False)
    body: str = field(repr=False)
    deadline: datetime
    useful_until: datetime


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """One email to one recipient: `mime` is the whole message as bytes with CRLF line ends."""

    attempt: str
    sender: EmailSender
    to: str = field(repr=False)
    message_id: str
    mime: bytes = field(repr=False)
    deadline: datetime


@dataclass(frozen=True, slots=True)
class NoSender:
    """What a call goes out from: nothing that a provider could refuse."""

    key: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """One call of a clinic's own system. `call_id` stays the same when it is made again; `payload` is JSON."""

    attempt: str
    to: str = field(repr=False)
    call_id: str
    payload: bytes = field(repr=False)
    deadline: datetime
    sender: NoSender = NoSender()


Outgoing = OutgoingSms | OutgoingEmail | OutgoingCall


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it; `provider_id` is its name for it (a Twilio SID, a queue id).

    `reports`: whether the provider says later what became of it, and can be asked.
    """

    provider_id: str
    reports: bool = False
