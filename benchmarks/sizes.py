"""How much is measured: the whole, or a quick look of the same rows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Numbers of messages, unless said otherwise."""

    rounds: int
    dispatched: int
    by_peers: int
    emails: int
    waiting: int
    deep: int
    claimed: int
    registrations: int
    imported: int
    in_flight: int
    lateness_seconds: int
    desk_patients: int
    desk_messages: int


FULL = Sizes(
    rounds=5,
    dispatched=10_000,
    by_peers=2_000,
    emails=3_000,
    waiting=1_000_000,
    deep=10_000_000,
    claimed=5_000,
    registrations=2_000,
    imported=100_000,
    in_flight=100_000,
    lateness_seconds=10,
    desk_patients=100_000,
    desk_messages=1_000_000,
)
QUICK = Sizes(
    rounds=5,
    dispatched=4_000,
    by_peers=400,
    emails=600,
    waiting=100_000,
    deep=1_000_000,
    claimed=2_000,
    registrations=400,
    imported=10_000,
    in_flight=10_000,
    lateness_seconds=3,
    desk_patients=10_000,
    desk_messages=100_000,
)
"""The same rows in a few minutes: a tenth of what waits or is in flight."""
TINY = Sizes(
    rounds=1,
    dispatched=60,
    by_peers=20,
    emails=20,
    waiting=200,
    deep=400,
    claimed=50,
    registrations=5,
    imported=200,
    in_flight=20,
    lateness_seconds=1,
    desk_patients=400,
    desk_messages=4_000,
)
"""Whether it works at all: for the test."""
SIZES = {"full": FULL, "quick": QUICK, "tiny": TINY}
