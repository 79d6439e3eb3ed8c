"""A source's word on a booking, and how old it is: what decides between two words that come in the wrong order."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

AHEAD = timedelta(days=1)
"""How far ahead of ours a source's clock may be: a word from later days would keep all that follows out."""


@dataclass(frozen=True, slots=True)
class WordAge:
    """When a source last changed what it says of a booking: between two instants (aware UTC), both included.

    A source that writes seconds leaves one second open, one that writes days leaves a day. Only what is certain
    counts: a word may be older than another, newer, or neither.
    """

    earliest: datetime
    latest: datetime

    @classmethod
    def at(cls, moment: datetime) -> "WordAge":
        """Return the age of a word that says its instant exactly."""
        return cls(moment, moment)

    @property
    def instant(self) -> datetime | None:
        """What the store keeps of it: no later word can be older than that. None for what was never changed."""
        return None if self == NEVER_CHANGED else self.earliest

    def is_older(self, than: datetime | None) -> bool:
        """Whether it is older than what was said then, for certain."""
        return than is not None and self.latest < than

    def may_be_older(self, than: datetime | None) -> bool:
        """Whether it is not certain to be newer than what was done then."""
        return than is not None and self.earliest < than


NEVER_CHANGED = WordAge(datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))
"""The age of what a source says that dates its changes, and has no date for this: older than any other."""


def newest(*moments: datetime | None) -> datetime | None:
    """Return the last of several instants, None where there is none."""
    return max((it for it in moments if it is not None), default=None)
