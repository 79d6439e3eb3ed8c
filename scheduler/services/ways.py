"""The ways of a source with what is written differently everywhere: moments and phone numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.clinic import Clinic
from scheduler.domain.word import WordAge
from scheduler.services.addressing import read_phone
from scheduler.services.moments import read_instant


@dataclass(frozen=True, slots=True)
class Ways:
    """How a source writes moments (returned aware, UTC), numbers (E.164), and when it changed something.

    They raise NoInstantError and NoAddressError, whose words are for the one who brought the source.
    """

    instant: Callable[[str, Clinic], datetime]
    phone: Callable[[str, Clinic], str]
    age: Callable[[str, Clinic], WordAge]


def _exactly(text: str, clinic: Clinic) -> WordAge:
    return WordAge.at(read_instant(text, clinic))


AS_TYPED = Ways(read_instant, read_phone, _exactly)
"""How people and programs write them: nothing is mended, since there is somebody to ask."""
