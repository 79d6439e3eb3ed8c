"""How much a caller may ask for, and how that is said (draft-ietf-httpapi-ratelimit-headers-10)."""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

WINDOW = 60
"""Seconds."""
_MOST_CALLERS = 20_000


@dataclass(frozen=True, slots=True)
class Spent:
    """What one request left of an allowance. `again_in`: seconds until the next is let through, or 0."""

    policy: str
    allowed: bool
    quota: int
    left: int
    full_in: int
    again_in: int

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that say so."""
        said = {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={WINDOW}',
            "RateLimit": f'"{self.policy}";r={self.left};t={self.full_in}',
        }
        return said if self.allowed else {**said, "Retry-After": str(self.again_in)}


@dataclass(slots=True)
class Allowance:
    """Lets each caller ask `quota` times a minute: it may be at once, then as fast as the allowance fills up again.

    Counted in the memory of this process; of very many callers those not seen for longest are forgotten.
    """

    policy: str
    quota: int
    seconds: Callable[[], float] = monotonic
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def spend(self, caller: str) -> Spent:
        """Count one request of a caller. For one event loop."""
        now, rate = self.seconds(), self.quota / WINDOW
        left, since = self._left.pop(caller, (float(self.quota), now))
        left = min(float(self.quota), left + (now - since) * rate)
        allowed = left >= 1
        left -= allowed
        self._left[caller] = (left, now)
        if len(self._left) > _MOST_CALLERS:
            self._left.popitem(last=False)
        return Spent(
            policy=self.policy,
            allowed=allowed,
            quota=self.quota,
            left=int(left),
            full_in=math.ceil((self.quota - left) / rate),
            again_in=max(1, math.ceil((1 - left) / rate)) if left < 1 else 0,
        )
