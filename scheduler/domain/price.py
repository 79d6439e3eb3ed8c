"""What an SMS costs: an exact amount of one currency."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """What one segment costs; `currency` is ISO 4217, such as USD."""

    amount: Decimal
    currency: str

    def times(self, segments: int) -> Decimal:
        """Return what so many segments cost."""
        return self.amount * segments
