"""What the doctor found when somebody last asked, for pages: looking takes seconds, showing it none."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.clock import Clock
from scheduler.services.doctor import Doctor
from scheduler.services.finding import Finding
from scheduler.settings import Settings


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found at an instant (aware UTC)."""

    at: datetime
    findings: Sequence[Finding]


class Examiner:
    """Looks once at a time, and remembers the last look. Safe to use from several threads."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._looking = threading.Lock()
        self.last: Examined | None = None

    def examine(self) -> Examined:
        """Look the installation over; who asks while another one looks gets what that one finds. Blocks."""
        before = self.last
        with self._looking:
            if self.last is before or self.last is None:
                findings = asyncio.run(Doctor(self._settings, self._clock).examine())
                self.last = Examined(self._clock.now(), tuple(findings))
            return self.last
