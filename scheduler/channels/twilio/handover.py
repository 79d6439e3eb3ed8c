"""Which request to Twilio is on its way: the SDK stands between the channel and its HTTP client."""

from contextvars import ContextVar

from scheduler.channels.handover import Handover

# The SDK hands no argument of ours through.
current: ContextVar[Handover | None] = ContextVar("handover", default=None)
