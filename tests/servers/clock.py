"""A clock that processes share: the machine's, run faster, and moved by whoever plays with it."""

import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

_FORM = struct.Struct("<dddd")
_MOVED = struct.Struct("<d")
_MOVED_AT = 24


class SharedClock:
    """Reads a file of four numbers: when it began, the instant shown then, its rate, and by how much it was moved.

    Only the last one changes, and it is written whole: every process sees a move at once.
    """

    waits_for_work = False

    def __init__(self, file: Path) -> None:
        self.file = file
        with file.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), _FORM.size)
        numbers: tuple[float, float, float, float] = _FORM.unpack(self._memory[:])
        self._began, self._origin, self.rate, _ = numbers

    @classmethod
    def make(cls, file: Path, *, at: datetime, rate: float = 1.0) -> Self:
        """Make the file of a clock that shows `at` now and runs `rate` times as fast as the machine's."""
        file.write_bytes(_FORM.pack(time.monotonic(), at.timestamp(), rate, 0.0))
        return cls(file)

    def now(self) -> datetime:
        moved: float = _MOVED.unpack_from(self._memory, _MOVED_AT)[0]
        return datetime.fromtimestamp(self._origin + moved + (time.monotonic() - self._began) * self.rate, UTC)

    def alarm_in(self, instant: datetime) -> float:
        """The real seconds until `instant`, if nobody moves the clock meanwhile."""
        seconds: float = (instant - self.now()).total_seconds()
        return max(0.0, seconds / self.rate)

    def move_by(self, span: timedelta) -> None:
        """Move it, forward or back, for all who share it."""
        moved: float = _MOVED.unpack_from(self._memory, _MOVED_AT)[0]
        _MOVED.pack_into(self._memory, _MOVED_AT, moved + span.total_seconds())

    def move_to(self, instant: datetime) -> None:
        self.move_by(instant - self.now())
