"""What the history of an alert says of its rings: whose turn it was, and who could not be reached."""

from collections.abc import Sequence

from scheduler.domain.notice import AlertCause
from scheduler.domain.reasons import Reason
from scheduler.store.alert_events import AlertEvent

RUNG, RUNG_AGAIN, RUNG_MORE = "rung", "rung_again", "rung_more"
"""Why a contact was rung: it was their turn, the ring before may have been lost, or more was written."""


def rings_of(story: Sequence[AlertEvent]) -> tuple[Reason, ...]:
    """Return who was rung and why, in order: the ring of number n is the n-th."""
    return tuple(it.reasons[0] for it in story if it.cause is AlertCause.RUNG)


def turns_of(story: Sequence[AlertEvent]) -> int:
    """Return how many turns the contacts had; a ring that repeats one takes nobody's turn."""
    return sum(reason.code == RUNG for reason in rings_of(story))


def rung_last(story: Sequence[AlertEvent]) -> Reason | None:
    """Return the last ring, None where it is noted already that it reached nobody."""
    last = next((it for it in reversed(story) if it.cause in (AlertCause.RUNG, AlertCause.MISSED)), None)
    return last.reasons[0] if last and last.cause is AlertCause.RUNG else None


def missed_in_a_row(story: Sequence[AlertEvent]) -> int:
    """Return how many turns up to now reached nobody, one after the other."""
    count, reached = 0, False
    for it in story:
        if it.cause is AlertCause.MISSED:
            count, reached = count + 1, False
        elif it.cause is AlertCause.RUNG and it.reasons[0].code == RUNG:
            count, reached = (0 if reached else count), True
    return count
