"""What a server took: how many, for whom, when."""

import time
from typing import Any


class Book:
    """Counts what is taken. `latency` is how long answers are kept back, in seconds."""

    def __init__(self) -> None:
        self.latency = 0.0
        self.count = 0
        self._first = self._last = 0.0
        self._arrivals: dict[str, float] = {}

    def take(self, recipient: str) -> int:
        """Note a message and return its number."""
        self._last = time.monotonic()
        if not self.count:
            self._first = self._last
        self.count += 1
        self._arrivals.setdefault(recipient, time.time())
        return self.count

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer one question of the parent."""
        if question["do"] == "begin":
            self.latency = question["latency"]
            self.count, self._arrivals = 0, {}
        if question["do"] == "taken":
            return {"count": self.count, "first": self._first, "last": self._last, "arrivals": self._arrivals}
        return {"count": self.count}
