"""SMS through Twilio: one create per message, never repeated here."""

from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

from twilio.rest import Client

from scheduler.channels.handover import Handover
from scheduler.channels.lookup import Found
from scheduler.channels.loopback import is_loopback
from scheduler.channels.twilio.client import TwilioHttpClient
from scheduler.channels.twilio.errors import not_active, unreadable
from scheduler.channels.twilio.handover import current
from scheduler.channels.twilio.words import code_of, has_left, said_by
from scheduler.clock import Clock
from scheduler.domain.clinic import SmsSender
from scheduler.domain.outgoing import Accepted, Outgoing, OutgoingSms
from scheduler.errors import ChannelError, ErrorKind

LONGEST_VALIDITY = 36_000
"""Seconds; Twilio's bound (error 90007 outside of 1 to this)."""

MARGIN = timedelta(days=1)
"""How far out of order Twilio's list may be before a page too many is read."""

SHAPES = (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError)
"""What the SDK raises over an answer that is no JSON, or JSON of another shape than Twilio's."""


class TwilioTransport:
    """The SMS channel. `timeout` bounds a whole request, `connect_timeout` its connection; seconds."""

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        api_url: str,
        public_url: str,
        clock: Clock,
        timeout: float = 10.0,
        connect_timeout: float = 5.0,
    ) -> None:
        self._clock = clock
        self._callback_url = _callback_url(public_url)
        self._http = TwilioHttpClient(
            account_sid, auth_token, api_url=api_url, clock=clock, timeout=timeout, connect_timeout=connect_timeout
        )
        # A given environment keeps the SDK from reading TWILIO_REGION and TWILIO_EDGE: the base address decides.
        self._client = Client(account_sid, auth_token, http_client=self._http, environment={"": ""})

    async def __aenter__(self) -> Self:
        """Open the connections' pool."""
        await self._http.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self._http.close()

    async def send(self, message: Outgoing) -> Accepted:
        """Create the message at Twilio. Raises ChannelError as `twilio.errors` says.

        A success that can't be read, or names no message, is UNKNOWN: Twilio has most likely taken it.
        """
        if not isinstance(message, OutgoingSms):
            raise TypeError("Twilio sends SMS only")
        token = current.set(Handover(self._clock, message.deadline))
        try:
            created = await self._client.messages.create_async(
                to=message.to, body=message.body, **_sender(message.sender), **self._terms(message)
            )
        except SHAPES:
            raise unreadable("POST") from None
        finally:
            current.reset(token)
        if not isinstance(created.sid, str) or not created.sid:
            raise unreadable("POST")
        return Accepted(created.sid, reports=True)

    async def probe(self) -> None:
        """Ask for the account, to see that address and credentials work and that it may send. Raises ChannelError."""
        try:
            account = await self._client.api.v2010.accounts(self._client.account_sid).fetch_async()
        except SHAPES:
            raise unreadable("GET") from None
        if account.status in ("suspended", "closed"):
            raise not_active(account.status)

    async def find(self, to: str, *, since: datetime, until: datetime) -> Sequence[Found]:
        """Return the messages to a number that were created between two instants. Raises ChannelError.

        Asks by the number only: Twilio filters by the day of sending, which a message that was just taken does not
        have yet. The list comes newest first; reading ends a day before `since`.
        """
        found: list[Found] = []
        try:
            async with aclosing(await self._client.messages.stream_async(to=to, page_size=100)) as listed:
                async for message in listed:
                    item = _found(message)
                    if item.created_at < since - MARGIN:
                        break
                    if since <= item.created_at <= until:
                        found.append(item)
        except SHAPES:
            raise unreadable("GET") from None
        return found

    async def fetch(self, provider_id: str) -> Found:
        """Return one message. Raises ChannelError, also when Twilio no longer has it."""
        try:
            return _found(await self._client.messages(provider_id).fetch_async())
        except SHAPES:
            raise unreadable("GET") from None

    def _terms(self, message: OutgoingSms) -> dict[str, str | int]:
        left = int((message.useful_until - self._clock.now()).total_seconds())
        terms: dict[str, str | int] = {"validity_period": min(max(left, 1), LONGEST_VALIDITY)}
        if self._callback_url:
            terms["status_callback"] = f"{self._callback_url}?attempt={quote(message.attempt, safe='')}"
        return terms


def _callback_url(public_url: str) -> str | None:
    """Return where Twilio reports to; None for this machine itself, which Twilio would refuse (error 21609)."""
    if is_loopback(urlsplit(public_url).hostname or ""):
        return None
    return f"{public_url.rstrip('/')}/webhooks/twilio/status"


def _found(message: Any) -> Found:
    return Found(
        provider_id=str(message.sid),
        created_at=message.date_created,
        said=said_by(str(message.status)),
        error_code=code_of(message.error_code),
        body=str(message.body or ""),
        left=has_left(str(message.status)),
    )


def _sender(sender: SmsSender) -> dict[str, str]:
    if sender.messaging_service:
        return {"messaging_service_sid": sender.messaging_service}
    if origin := sender.number or sender.name:
        return {"from_": origin}
    raise ChannelError(
        "SMS: the clinic has no sender: set `sms` in its file and run `aftercare check`",
        kind=ErrorKind.CONFIGURATION,
        code="no-sender",
    )
