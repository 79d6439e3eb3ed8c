"""What other systems are told of: the names of events, and which line of history is which event."""

from collections.abc import Mapping
from types import MappingProxyType

PING = "ping"
"""A call that a person asked for, to see whether an endpoint works."""

FIRST = ("alert.", "reply.")
"""How the names of events begin that are told before others."""

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "appointment.registered": "an appointment was registered",
        "appointment.rescheduled": "its time changed",
        "appointment.booked": "it is booked again, after it had been called off",
        "appointment.completed": "it took place",
        "appointment.cancelled": "it does not take place",
        "appointment.no_show": "the patient did not come",
        "message.accepted": "a provider took the message",
        "message.delivered": "the provider says that it arrived",
        "message.undelivered": "the provider says that it did not arrive",
        "message.failed": "the provider refused it for good",
        "message.expired": "it would no longer help, and is not sent",
        "message.suppressed": "it may not or need not be sent",
        "message.cancelled": "its appointment was called off or moved, or its step dropped",
        "message.held": "it waits for a person",
        "message.unknown": "nobody knows yet whether the provider took it",
        "reply.received": "a patient wrote",
        "reply.taken": "a person sees to it",
        "reply.given_back": "who saw to it does not any more",
        "reply.written": "a person wrote an answer, which goes out as a message",
        "reply.handled": "a person dealt with it",
        "alert.raised": "something needs a person",
        "alert.joined": "more came to the same alert",
        "alert.missed": "a ring reached nobody",
        "alert.taken": "a person sees to it",
        "alert.given_back": "who saw to it does not any more: it rings again",
        "alert.closed": "it no longer holds, or is done",
    }
)
"""Every event by its name, with what it means."""


def kind_of(subject: str, cause: str, to_status: str | None) -> str | None:
    """Return the event that a line of history is; None for what no other system needs to know.

    `subject` is appointment, message, reply or alert. A message's event is the status that it came to.
    """
    kind = f"{subject}.{to_status if subject == 'message' else cause}"
    return kind if kind in KINDS else None


def is_wanted(kind: str, wanted: frozenset[str]) -> bool:
    """Whether an endpoint that asked for these is told: by name, by noun ("message.*"), or all ("*")."""
    return bool(wanted & {"*", kind, f"{kind.partition('.')[0]}.*"})


def is_known(wish: str) -> bool:
    """Whether that can be asked for."""
    return wish == "*" or wish in KINDS or wish in {f"{kind.partition('.')[0]}.*" for kind in KINDS}
