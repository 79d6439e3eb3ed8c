"""How often something may be asked for: counted in memory, so that guessing and flooding come to nothing."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic


class Limit:
    """Lets each key through `burst` times at once and `per_minute` times in the long run.

    What is remembered is bounded: of more than `most` keys, those not seen for longest are forgotten. One process
    counts for itself. `seconds` is a clock that never goes back.
    """

    def __init__(
        self, per_minute: float, burst: int, *, most: int = 20_000, seconds: Callable[[], float] = monotonic
    ) -> None:
        self._rate = per_minute / 60
        self._burst = burst
        self._most = most
        self._seconds = seconds
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def lets(self, key: str) -> bool:
        """Whether that one may go on now; counts it where it may."""
        now = self._seconds()
        left, since = self._left.pop(key, (float(self._burst), now))
        left = min(float(self._burst), left + (now - since) * self._rate)
        allowed = left >= 1
        self._left[key] = (left - allowed, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return allowed
