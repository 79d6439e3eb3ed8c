"""The channel of simulations: it takes every message, and keeps nothing of it."""

from pathlib import Path

from scheduler.channels.rehearsal import RehearsalTransport
from scheduler.clock import Clock
from scheduler.domain.outgoing import Accepted, Outgoing
from scheduler.domain.protocol import Channel


class SimulatedTransport(RehearsalTransport):
    """A rehearsal without an outbox: what went out is read from the attempts on record."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(Path(), clock, keep=_keep_nothing)

    async def send(self, message: Outgoing) -> Accepted:
        """Take the message, at once."""
        return Accepted(f"rehearsal-{message.attempt}")

    async def probe(self) -> None:
        """Find that it works."""


def _keep_nothing(_attempt: str, _channel: Channel, _outgoing: Outgoing) -> None:
    """Keep nothing."""
