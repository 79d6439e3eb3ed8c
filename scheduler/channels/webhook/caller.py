"""Calls other systems about what happened: one signed POST each; no redirect is followed, no answer's body read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp

from scheduler.channels.loopback import is_loopback
from scheduler.channels.lost import why_lost
from scheduler.channels.waiting import retry_after
from scheduler.channels.webhook.signing import signed_headers

_GONE = 410


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` is None where nothing did, and `error` says why in a word of ours.

    `wait` is how many seconds the receiver wants to be left alone, where it said so.
    """

    status: int | None
    error: str | None = None
    wait: float | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and self.status // 100 == 2  # noqa: PLR2004  (2xx)

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants no call any more."""
        return self.status == _GONE


class HookCaller:
    """Calls while it is entered. `timeout` bounds a whole call, `connect_timeout` its connection; seconds."""

    def __init__(self, *, timeout: float = 10.0, connect_timeout: float = 5.0) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=connect_timeout)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the connections' pool."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),  # else slow receivers hold the connections that others wait for
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, url: str, secrets: Sequence[str], call_id: str, payload: bytes, *, now: datetime) -> Answer:
        """Call once, signed with each secret. Never raises for what a receiver or a network does."""
        if self._session is None:
            raise RuntimeError("enter it first")
        headers = {**_signed(secrets, call_id, payload, now), "Content-Type": "application/json"}
        headers["User-Agent"] = "Aftercare"
        try:
            async with self._session.post(url, data=payload, headers=headers, allow_redirects=False) as answer:
                wait = retry_after(answer.headers.get("Retry-After", ""), now)
                return Answer(answer.status, None if answer.status // 100 == 2 else "refused", wait)  # noqa: PLR2004  (2xx)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(None, why_lost(error))


def stays_here(url: str) -> bool:
    """Whether an address never leaves this machine."""
    return is_loopback(urlsplit(url).hostname or "")


def _signed(secrets: Sequence[str], call_id: str, payload: bytes, now: datetime) -> dict[str, str]:
    """Return the headers; several signatures stand in one, apart by a space, as Standard Webhooks says."""
    signed = [signed_headers(secret, call_id, payload, now=now) for secret in secrets]
    return {**signed[0], "webhook-signature": " ".join(it["webhook-signature"] for it in signed)}
