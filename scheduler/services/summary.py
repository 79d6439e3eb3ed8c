"""What one pass of sending did, counted."""

from collections import Counter
from dataclasses import dataclass, field

from scheduler.domain.notice import MessageKind
from scheduler.domain.states import Status
from scheduler.services.happening import Happening

COUNTED = {
    Status.ACCEPTED: "sent",
    Status.SCHEDULED: "retried",
    Status.FAILED: "failed",
    Status.EXPIRED: "expired",
    Status.SUPPRESSED: "suppressed",
    Status.HELD: "held",
    Status.UNKNOWN: "unknown",
    Status.CANCELLED: "cancelled",
}
ALERTS = "alerts"
"""What told staff of something: patients got none of it."""
PUT_OFF = "put_off"
"""Not tried: it waits for allowed hours, or for its turn after another late message."""


@dataclass(slots=True)
class Summary:
    """How many messages ended where."""

    _counts: Counter[str] = field(default_factory=Counter)

    def add(self, happening: Happening) -> None:
        """Count what became of a message."""
        self._counts[_word(happening)] += 1

    @property
    def counts(self) -> dict[str, int]:
        """All counts by word, those that are zero too."""
        return {word: self._counts[word] for word in (*COUNTED.values(), PUT_OFF, ALERTS)}


def _word(happening: Happening) -> str:
    if happening.kind is MessageKind.ALERT and happening.status is Status.ACCEPTED:
        return ALERTS
    if happening.status is Status.SCHEDULED and not happening.tried:
        return PUT_OFF
    return COUNTED[happening.status]
