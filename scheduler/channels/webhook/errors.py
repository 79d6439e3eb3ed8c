"""What the answers of a clinic's own system mean for a call: by the HTTP status alone; nothing of a body is read."""

from collections.abc import Mapping
from datetime import datetime

from scheduler.channels.waiting import retry_after
from scheduler.errors import ChannelError, ErrorKind

_FOR_NOW = frozenset({408, 409, 423, 425, 429})
_SERVER_FAILED = 500
_GONE = 410


def refusal(status: int, headers: Mapping[str, str], now: datetime) -> ChannelError:
    """Return the error for an answer that is no success. A redirect is none: a call goes where the file says.

    From 500 on, and where it says so, it is made again: the receiver drops what it has by its webhook-id.
    """
    code = f"http-{status}"
    if status >= _SERVER_FAILED or status in _FOR_NOW:
        return ChannelError(
            f"Webhook: the receiver does not take it now (HTTP {status})",
            kind=ErrorKind.TRANSIENT,
            code=code,
            retry_after=retry_after(headers.get("Retry-After", ""), now),
        )
    why = "it is gone" if status == _GONE else "check its address and its secret"
    words = f"Webhook: the receiver does not take it (HTTP {status}): {why}"
    return ChannelError(words, kind=ErrorKind.PERMANENT, code=code)


def lost(code: str, *, written: bool, too_late: bool) -> ChannelError:
    """Return the error for a call without an answer. Its address stays out of it: it may hold a secret."""
    if too_late:
        words = "Webhook: not called, its deadline had passed before it could be written"
        return ChannelError(words, kind=ErrorKind.NOT_CALLED, code="deadline")
    if written:
        words = f"Webhook: no answer ({code}), the receiver may have taken it"
        return ChannelError(words, kind=ErrorKind.UNKNOWN, code=code)
    return ChannelError(f"Webhook: can't reach the receiver ({code})", kind=ErrorKind.NOT_CALLED, code=code)


def unsigned() -> ChannelError:
    """Return the error for a call that nothing could sign."""
    words = "Webhook: AFTERCARE_WEBHOOK_SECRET is not set: `openssl rand -base64 32` makes one"
    return ChannelError(words, kind=ErrorKind.PERMANENT, code="no-secret")
