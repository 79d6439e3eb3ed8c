"""The ways of a source with what is written differently everywhere: moments and phone numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.clinic import Clinic
from scheduler.services.addressing import read_phone
from scheduler.services.moments import read_instant


@dataclass(frozen=True, slots=True)
class Ways:
    """How a source writes moments (returned aware, UTC) and numbers (E.164).

    They raise NoInstantError and NoAddressError, whose words are for the one who brought the source.
    """

    instant: Callable[[str, Clinic], datetime]
    phone: Callable[[str, Clinic], str]


AS_TYPED = Ways(read_instant, read_phone)
"""How people and programs write them: nothing is mended, since there is somebody to ask."""
