"""Alerts to a clinic's own system: one signed POST each, never repeated here."""

from types import TracebackType
from typing import Self

import aiohttp

from scheduler.channels.handover import DeadlinePastError, Handover, WatchedBody
from scheduler.channels.webhook.errors import lost, refusal, unsigned
from scheduler.channels.webhook.signing import signed_headers
from scheduler.clock import Clock
from scheduler.domain.outgoing import Accepted, Outgoing, OutgoingCall
from scheduler.errors import ChannelError

_JSON = "application/json"


class WebhookTransport:
    """The channel of webhooks. `timeout` bounds a whole call, `connect_timeout` its connection; seconds.

    Without a secret it calls nobody: what is not signed, a receiver can't trust.
    """

    def __init__(
        self, secret: str | None, *, clock: Clock, timeout: float = 10.0, connect_timeout: float = 5.0
    ) -> None:
        self._secret = secret
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=connect_timeout)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connections' pool."""
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(), timeout=self._timeout, trust_env=False
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def probe(self) -> None:
        """See nothing: there are as many receivers as contacts, and a call of none would ring at somebody's."""

    async def send(self, message: Outgoing) -> Accepted:
        """Call once, signed at the last moment. Raises ChannelError as `webhook.errors` says."""
        if not isinstance(message, OutgoingCall):
            raise TypeError("webhooks carry alerts only")
        if self._session is None:
            raise RuntimeError("open the channel first")
        if self._secret is None:
            raise unsigned()
        handover = Handover(self._clock, message.deadline)
        headers = signed_headers(self._secret, message.call_id, message.payload, now=self._clock.now())
        body = WatchedBody(message.payload, handover, content_type=_JSON)
        try:
            async with self._session.post(
                message.to, data=body, headers={**headers, "User-Agent": "Aftercare"}, allow_redirects=False
            ) as answer:
                status, answered = answer.status, dict(answer.headers)
        except (aiohttp.ClientError, OSError, DeadlinePastError) as error:
            raise _lost(error, handover) from None
        if status // 100 != 2:  # noqa: PLR2004  (2xx)
            raise refusal(status, answered, self._clock.now())
        return Accepted(message.call_id)


def _lost(error: Exception, handover: Handover) -> ChannelError:
    """Return the error; the library's own holds the address."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        code = "dns"
    elif isinstance(error, (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch)):
        code = "tls"
    elif isinstance(error, TimeoutError):
        code = "timeout"
    else:
        code = "connection-lost" if handover.written else "unreachable"
    return lost(code, written=handover.written, too_late=handover.too_late)
