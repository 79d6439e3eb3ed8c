"""How long a provider asks to wait."""

from datetime import datetime
from email.utils import parsedate_to_datetime

LONGEST = 3600.0
"""Seconds: what asks for more is asked again then."""


def retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date (RFC 9110, 10.2.3); None for anything else.

    At most `LONGEST`.
    """
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST)
    try:
        return min(max(0.0, (parsedate_to_datetime(value) - now).total_seconds()), LONGEST)
    except (ValueError, TypeError, OverflowError):
        return None
