"""The states of a message and the one table of the ways between them."""

from enum import StrEnum


class Status(StrEnum):
    """Where a message stands."""

    SCHEDULED = "scheduled"
    """Planned; a claim takes it when it is due."""
    CLAIMED = "claimed"
    """An engine holds it for the seconds of its lease; nothing was called, so it is safe to give back."""
    SENDING = "sending"
    """An attempt is recorded and the provider may have been called; never given back by itself."""
    ACCEPTED = "accepted"
    """The provider took it."""
    DELIVERED = "delivered"
    """The provider says that it arrived."""
    UNDELIVERED = "undelivered"
    """The provider took it and says that it did not arrive."""
    FAILED = "failed"
    """The provider refused it for good."""
    EXPIRED = "expired"
    """It would no longer help: its usefulness ended, or a later message took its place."""
    SUPPRESSED = "suppressed"
    """It may not or need not be sent: no consent, no address, rebooked."""
    CANCELLED = "cancelled"
    """Its appointment was cancelled or moved, or its step dropped."""
    HELD = "held"
    """It waits for a person."""
    UNKNOWN = "unknown"
    """The provider may or may not have taken it: it is settled, never guessed."""


class Cause(StrEnum):
    """What moves a message; an event row keeps it."""

    CLAIM = "claim"
    RELEASE = "release"
    BEGIN = "begin"
    ACCEPT = "accept"
    RETRY = "retry"
    REFUSE = "refuse"
    LOSE = "lose"
    SETTLE = "settle"
    RECEIPT = "receipt"
    DECIDE = "decide"
    REPLAN = "replan"
    CANCEL = "cancel"
    RESUME = "resume"


_S, _C = Status, Cause
_UNSENT_ENDS = (_S.EXPIRED, _S.SUPPRESSED, _S.CANCELLED, _S.HELD)
_OPEN = (_S.SCHEDULED, _S.CLAIMED, _S.HELD)

TRANSITIONS: frozenset[tuple[Status, Cause, Status]] = frozenset(
    [
        (_S.SCHEDULED, _C.CLAIM, _S.CLAIMED),
        (_S.CLAIMED, _C.RELEASE, _S.SCHEDULED),
        (_S.CLAIMED, _C.BEGIN, _S.SENDING),
        (_S.SENDING, _C.ACCEPT, _S.ACCEPTED),
        (_S.SENDING, _C.RETRY, _S.SCHEDULED),
        (_S.SENDING, _C.REFUSE, _S.FAILED),
        (_S.SENDING, _C.DECIDE, _S.EXPIRED),
        (_S.SENDING, _C.DECIDE, _S.SUPPRESSED),
        (_S.SENDING, _C.DECIDE, _S.HELD),
        (_S.SENDING, _C.LOSE, _S.UNKNOWN),
        *((_S.CLAIMED, _C.DECIDE, end) for end in (_S.SCHEDULED, *_UNSENT_ENDS)),
        *((_S.SCHEDULED, _C.DECIDE, end) for end in _UNSENT_ENDS),
        *((open_, _C.CANCEL, _S.CANCELLED) for open_ in _OPEN),
        *((open_, _C.REPLAN, _S.SCHEDULED) for open_ in (_S.SCHEDULED, *_UNSENT_ENDS)),
        *((open_, _C.REPLAN, end) for open_ in (_S.SCHEDULED, *_UNSENT_ENDS) for end in _UNSENT_ENDS),
        (_S.HELD, _C.RESUME, _S.SCHEDULED),
        (_S.HELD, _C.DECIDE, _S.EXPIRED),
        *((_S.UNKNOWN, _C.SETTLE, end) for end in (_S.ACCEPTED, _S.SCHEDULED, _S.FAILED, _S.EXPIRED, _S.HELD)),
        *(
            (start, _C.RECEIPT, end)
            for start in (_S.SENDING, _S.ACCEPTED, _S.UNKNOWN)
            for end in (_S.ACCEPTED, _S.DELIVERED, _S.UNDELIVERED, _S.FAILED)
        ),
        (_S.UNDELIVERED, _C.RECEIPT, _S.DELIVERED),
    ]
)
"""Every way that a message may go. What is not here does not happen."""

UNSENT = frozenset({_S.SCHEDULED, _S.CLAIMED, _S.HELD})
"""Still to come: a reschedule or a cancellation reaches these."""

REPLANNABLE = frozenset({_S.SCHEDULED, *_UNSENT_ENDS})
"""Never handed over, so a new plan may set them anew."""


def may_move(start: Status, cause: Cause, end: Status) -> bool:
    """Whether the table has this way."""
    return (start, cause, end) in TRANSITIONS
