"""What a provider can be asked about messages that it has: which it took, and what became of one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from scheduler.domain.states import Status


@dataclass(frozen=True, slots=True)
class Found:
    """One message as the provider has it. `said` is None for a status that says nothing to us.

    `left`: it has left the provider, wherever it came to.
    """

    provider_id: str
    created_at: datetime
    said: Status | None
    error_code: str
    body: str = field(repr=False)
    left: bool = False


@runtime_checkable
class Lookup(Protocol):
    """A transport that can be asked. It must be entered."""

    async def find(self, to: str, *, since: datetime, until: datetime) -> Sequence[Found]:
        """Return the messages to an address that were created between two instants. Raises ChannelError."""
        ...

    async def fetch(self, provider_id: str) -> Found:
        """Return one message. Raises ChannelError, also when the provider no longer has it."""
        ...
