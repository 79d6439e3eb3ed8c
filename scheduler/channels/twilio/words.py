"""Twilio's words for what became of a message, and ours."""

from collections.abc import Mapping

from scheduler.domain.states import Status

SAID: Mapping[str, Status] = {
    "accepted": Status.ACCEPTED,
    "scheduled": Status.ACCEPTED,
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    # May be the last word: a carrier without receipts. It is no proof of arrival.
    "sent": Status.ACCEPTED,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
}
"""Twilio's message statuses (https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks)
-> ours. What is not here is kept and changes nothing."""

LEFT = frozenset({"sent", "delivered", "read"})
"""Twilio's words for what left it: the carrier takes this sender's messages."""

_LONGEST_CODE = 8


def said_by(status: str) -> Status | None:
    """Return what a status means, None for one that changes nothing."""
    return SAID.get(status.strip().lower())


def has_left(status: str) -> bool:
    """Whether a message of that status left the provider."""
    return status.strip().lower() in LEFT


def code_of(value: object) -> str:
    """Return an error code as digits, "" for none: Twilio leaves it out, or sends null or 0."""
    text = str(value or "").strip()
    return text if len(text) <= _LONGEST_CODE and text.isascii() and text.isdigit() and int(text) else ""
