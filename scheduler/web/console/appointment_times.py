"""Wall clocks in forms: a day and a time of day as browsers' own fields have them, and the hours that are odd."""

from datetime import datetime
from enum import StrEnum

from scheduler.domain.clinic import Clinic


class Odd(StrEnum):
    """Why a wall-clock time is not the instant that one would think of."""

    GAP = "gap"
    """Clocks are set forward over it: the first instant after it is taken."""
    TWICE = "twice"
    """Clocks are set back over it: the first of both is taken."""


def wall_parts(at: datetime, clinic: Clinic) -> tuple[str, str]:
    """Return an instant as the clinic's day and time of day."""
    local = at.astimezone(clinic.timezone)
    return local.date().isoformat(), f"{local:%H:%M}"


def odd_time(text: str, at: datetime, clinic: Clinic) -> Odd | None:
    """Return what is odd about a wall-clock time (ISO 8601, without a zone) that was read as that instant."""
    wall = datetime.fromisoformat(text)
    if wall.tzinfo is not None:
        return None
    if at.astimezone(clinic.timezone).replace(tzinfo=None, fold=0) != wall:
        return Odd.GAP
    first, second = (wall.replace(tzinfo=clinic.timezone, fold=fold) for fold in (0, 1))
    return Odd.TWICE if first.utcoffset() != second.utcoffset() else None
