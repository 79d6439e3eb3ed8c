"""The SDK's HTTP client, ours: one aiohttp session, always with a timeout, no log lines, our own errors.

The SDK's own asynchronous client waits for ever by default, stops at 100 connections and logs numbers.
"""

import base64
import logging
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from scheduler.channels.handover import Handover, WatchedBody
from scheduler.channels.twilio.errors import refusal, unreadable
from scheduler.channels.twilio.handover import current
from scheduler.clock import Clock
from scheduler.errors import ChannelError, ErrorKind


class TwilioHttpClient(AsyncHttpClient):  # type: ignore[misc]  # the SDK ships no types
    """Sends what the SDK asks to `api_url`, whatever host the SDK names; `timeout`s are in seconds.

    Open it in a running loop. Every failure is a ChannelError without a number or a text in it.
    """

    def __init__(
        self, account_sid: str, auth_token: str, *, api_url: str, clock: Clock, timeout: float, connect_timeout: float
    ) -> None:
        super().__init__(logging.getLogger("twilio"), is_async=True, timeout=timeout)
        secret = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._authorization = f"Basic {secret}"
        self._api_url = api_url.rstrip("/")
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=connect_timeout)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open the session. Connections are as many as there are requests at once: the engine bounds those."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(  # noqa: PLR0917  (the SDK's signature)
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,  # noqa: ARG002  (the header is made once)
        timeout: float | None = None,  # noqa: ARG002, ASYNC109  (the session has one)
        allow_redirects: bool = False,  # noqa: ARG002  (a message is never sent to where an answer points)
    ) -> Response:
        """Make one request, once. Raises ChannelError for everything but a success with a JSON object."""
        if self._session is None:
            raise RuntimeError("open the client first")
        handover = current.get() or Handover(self._clock)
        body = None if data is None else WatchedBody(urlencode(data, doseq=True).encode(), handover)
        try:
            async with self._session.request(
                method,
                self._address(uri),
                params=None if params is None else {name: str(value) for name, value in params.items()},
                data=body,
                headers={**(headers or {}), "Authorization": self._authorization},
                allow_redirects=False,
            ) as answer:
                text = (await answer.read()).decode("utf-8", "replace")
        except (aiohttp.ClientError, OSError) as error:
            raise self._lost(handover, error) from None
        if not answer.ok or answer.status >= 300:  # noqa: PLR2004  (the first that is no success)
            raise refusal(answer.status, text, answer.headers, self._clock.now())
        if not text.lstrip().startswith("{"):
            raise unreadable(method)
        return Response(answer.status, text, answer.headers)

    def _address(self, uri: str) -> str:
        parts = urlsplit(uri)
        return f"{self._api_url}{parts.path}{'?' if parts.query else ''}{parts.query}"

    def _lost(self, handover: Handover, error: Exception) -> ChannelError:
        """Return the error for a request without an answer. `error` holds the whole address: nothing of it leaves."""
        host = urlsplit(self._api_url).hostname
        if handover.too_late:
            return ChannelError(
                "SMS: not sent, its deadline had passed before it could be written",
                kind=ErrorKind.NOT_CALLED,
                code="deadline",
            )
        if handover.written:
            code = "timeout" if isinstance(error, TimeoutError) else "connection-lost"
            return ChannelError(
                f"SMS: no answer from {host} ({code}), it may have taken the message",
                kind=ErrorKind.UNKNOWN,
                code=code,
            )
        reason = _reason(error)
        return ChannelError(f"SMS: can't reach {host} ({reason})", kind=ErrorKind.NOT_CALLED, code=reason)


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "dns"
    if isinstance(error, (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch)):
        return "tls"
    return "timeout" if isinstance(error, TimeoutError) else "unreachable"
