"""The states of a message and the one table of the ways between them."""

from collections.abc import Iterator
from enum import StrEnum


class Status(StrEnum):
    """Where a message stands. Each says who sets it and who leaves it."""

    SCHEDULED = "scheduled"
    """Planned, or to be tried again; a claim takes it when it is due."""
    CLAIMED = "claimed"
    """An engine holds it for the seconds of its lease; nothing was called, so it is safe to give back."""
    SENDING = "sending"
    """An attempt is recorded and the provider may have been called; only an outcome or a lost lease leaves it."""
    ACCEPTED = "accepted"
    """The provider took it; receipts lead on."""
    DELIVERED = "delivered"
    """The provider says that it arrived; nothing leaves it."""
    UNDELIVERED = "undelivered"
    """The provider took it and says that it did not arrive; only proof that it did leaves it."""
    FAILED = "failed"
    """The provider refused it for good; only a receipt that proves more leaves it."""
    EXPIRED = "expired"
    """It would no longer help: its usefulness ended, or a later message took its place."""
    SUPPRESSED = "suppressed"
    """It may not or need not be sent: no consent, no address, rebooked."""
    CANCELLED = "cancelled"
    """Its appointment was cancelled or moved, or its step dropped; a new plan may bring it back."""
    HELD = "held"
    """It waits for a person, who resumes it or lets it expire."""
    UNKNOWN = "unknown"
    """The provider may or may not have taken it: it is settled with the provider, never guessed."""


class Cause(StrEnum):
    """What moves a message; an event row keeps it."""

    CLAIM = "claim"
    """An engine takes it because it is due."""
    RELEASE = "release"
    """It is given back, by its engine or because the lease ran out."""
    BEGIN = "begin"
    """Its attempt is recorded; the provider is called next."""
    ACCEPT = "accept"
    """The hand-over returned: the provider took it."""
    RETRY = "retry"
    """The hand-over failed for now, and the provider certainly did not take it."""
    REFUSE = "refuse"
    """The hand-over failed for good."""
    LOSE = "lose"
    """Nobody knows how the hand-over ended."""
    SETTLE = "settle"
    """What was unknown became known."""
    RECEIPT = "receipt"
    """The provider says what became of it."""
    DECIDE = "decide"
    """The rules, or a person, say that it does not go out, or not yet."""
    REPLAN = "replan"
    """The appointment or the schedule was changed."""
    CANCEL = "cancel"
    """The appointment was cancelled, or its step dropped."""
    RESUME = "resume"
    """A person lets a held message go on."""


class Brake(StrEnum):
    """What keeps a due message back that would go out otherwise. The first five end by themselves."""

    PAUSE = "pause"
    """Somebody paused its patient, its clinic, its channel or everything: it waits until that is resumed."""
    CIRCUIT = "circuit"
    """Its sender or its channel is refused by the provider until somebody mends that."""
    ALARM = "alarm"
    """A reply of its patient sounds bad and is open: what invites or offers waits until a person closed that."""
    RATE = "rate"
    """Its sender's turn comes later."""
    MERGE = "merge"
    """A message of another visit speaks for it and is on its way: it waits until it is known whether that arrived."""
    CAP = "cap"
    """The patient got as much today as one may get: a person decides."""
    VOLUME = "volume"
    """The clinic sends many times its usual volume: a person decides."""
    BACKLOG = "backlog"
    """Too much of the clinic's day is late: a person decides."""
    LATE = "late"
    """Late, and its step asks a person then."""
    CLASH = "clash"
    """Its advice contradicts that of another treatment of the patient: a person decides."""
    DOUBT = "doubt"
    """Nobody can find out whether the provider took it: a person decides."""


_S, _C = Status, Cause
_Way = tuple[Status, Cause, Status]

PROOF = (_S.ACCEPTED, _S.FAILED, _S.UNDELIVERED, _S.DELIVERED)
"""What the provider may have said, the weightier the later: receipts lead on in this order, never back."""

_UNSENT_ENDS = (_S.EXPIRED, _S.SUPPRESSED, _S.CANCELLED, _S.HELD)

IN_HAND = frozenset({_S.SENDING, _S.UNKNOWN, _S.ACCEPTED, _S.DELIVERED})
"""The provider has it, or may have it: nothing else goes out in its place."""

UNSENT = frozenset({_S.SCHEDULED, _S.CLAIMED, _S.HELD})
"""Still to come: a reschedule or a cancellation reaches these."""

REPLANNABLE = frozenset({_S.SCHEDULED, _S.CLAIMED, *_UNSENT_ENDS})
"""Not in a provider's hands, so a new plan may set them anew.

One that was `unknown` before may have been sent all the same: whoever replans leaves out what has an attempt that
the provider did not certainly refuse. Replanning a claimed one takes it out of its engine's hands: the begin
finds it no longer claimed.
"""


def _ways_of_sending() -> Iterator[_Way]:
    yield _S.SCHEDULED, _C.CLAIM, _S.CLAIMED
    yield _S.CLAIMED, _C.RELEASE, _S.SCHEDULED
    yield _S.CLAIMED, _C.BEGIN, _S.SENDING
    yield _S.SENDING, _C.RETRY, _S.SCHEDULED
    yield _S.SENDING, _C.REFUSE, _S.FAILED
    yield _S.SENDING, _C.LOSE, _S.UNKNOWN
    for end in (_S.EXPIRED, _S.SUPPRESSED, _S.HELD):
        yield _S.SENDING, _C.DECIDE, end
    for end in (_S.SCHEDULED, _S.FAILED, _S.EXPIRED, _S.SUPPRESSED, _S.HELD, *PROOF):
        yield _S.UNKNOWN, _C.SETTLE, end


def _ways_of_not_sending() -> Iterator[_Way]:
    yield _S.CLAIMED, _C.DECIDE, _S.SCHEDULED
    for end in _UNSENT_ENDS:
        yield _S.CLAIMED, _C.DECIDE, end
        yield _S.SCHEDULED, _C.DECIDE, end
    for end in (_S.EXPIRED, _S.SUPPRESSED):
        yield _S.HELD, _C.DECIDE, end
    yield _S.HELD, _C.RESUME, _S.SCHEDULED
    for start in UNSENT:
        yield start, _C.CANCEL, _S.CANCELLED
    for start in REPLANNABLE:
        for end in (_S.SCHEDULED, *_UNSENT_ENDS):
            yield start, _C.REPLAN, end


def _ways_of_proof() -> Iterator[_Way]:
    """Yield what the provider's word does, whatever was believed before it came.

    A callback may overtake the hand-over's own outcome, come for a message that was taken for lost and is scheduled
    again (it keeps it from being sent twice), come doubled, or come after it was given up.
    """
    for start in Status:
        for said in PROOF:
            yield start, _C.RECEIPT, told(start, said)
        yield start, _C.ACCEPT, told(start, _S.ACCEPTED)


def told(status: Status, said: Status) -> Status:
    """Return where a message stands once the provider has said that (one of PROOF): on, or where it was."""
    if status in PROOF and PROOF.index(status) >= PROOF.index(said):
        return status
    return said


TRANSITIONS: frozenset[_Way] = frozenset([*_ways_of_sending(), *_ways_of_not_sending(), *_ways_of_proof()])
"""Every way that a message may go; a way to itself is a late or doubled word that changes nothing."""


def may_move(start: Status, cause: Cause, end: Status) -> bool:
    """Whether the table has this way."""
    return (start, cause, end) in TRANSITIONS
