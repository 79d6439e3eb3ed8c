"""What came of reading a calendar."""

from dataclasses import dataclass, field
from datetime import datetime

from scheduler.domain.why import Why
from scheduler.services.registration import Result


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that was not taken: when it begins (aware UTC, None where that can't be read) and why; codes too."""

    starts_at: datetime | None
    reason: str = field(repr=False)
    why: tuple[Why, ...] = field(default=(), repr=False)


@dataclass(slots=True)
class Taken:
    """What came of one reading; `new_refused` of the refused were not refused so before.

    `missing` are those that are waited for, `held` those of which a person has to say that they are off, since they
    are so many at once or (`beyond`) lie after the calendar's end; `newly_held` of the held were there the last time.
    `left` are those that are over, too far ahead, or off and never known.
    """

    totals: dict[Result, int] = field(default_factory=lambda: dict.fromkeys(Result, 0))
    refused: list[Refused] = field(default_factory=list)
    new_refused: int = 0
    left: int = 0
    missing: int = 0
    held: int = 0
    beyond: int = 0
    newly_held: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything was registered, moved or called off."""
        return any(self.totals[it] for it in (Result.REGISTERED, Result.RESCHEDULED, Result.CANCELLED))

    @property
    def is_open(self) -> bool:
        """Whether the same calendar, read again, may come to something else."""
        return bool(self.refused or self.missing or self.held)
