"""What every channel is: one asynchronous hand-over, opened and closed with the engine."""

from types import TracebackType
from typing import Protocol, Self

from scheduler.domain.outgoing import Accepted, Outgoing


class ChannelTransport(Protocol):
    """A way out. Enter it before the first `send`, leave it after the last."""

    async def __aenter__(self) -> Self:
        """Open what is kept open between messages."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        ...

    async def probe(self) -> None:
        """See whether the provider answers and takes the credentials, sending nothing. Raises ChannelError."""
        ...

    async def send(self, message: Outgoing) -> Accepted:
        """Hand one message over, once, never retrying by itself.

        Looks at the clock just before it writes: past `message.deadline` it does not write and raises
        ChannelError of kind NOT_CALLED. Every failure is a ChannelError; its kind comes from the channel's
        table; what may have been taken is UNKNOWN.
        """
        ...
