"""What an examination of the installation finds: a part, how it is, and what mends it."""

from dataclasses import dataclass
from enum import StrEnum

from scheduler.domain.why import Why


class Health(StrEnum):
    """How a part is."""

    WELL = "well"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the installation, how it is, and what to do where it is not well."""

    part: str
    health: Health
    message: str
    remedy: str = ""
    why: Why | None = None
    """The same as a code, for pages in other languages."""
