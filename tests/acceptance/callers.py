"""Twilio's servers, calling a running service: signed calls, many at once."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import quote

import aiohttp

from tests.servers.signing import by_token, encoded
from tests.servers.twilio import AUTH_TOKEN

PUBLIC = "https://care.example.com"
PATH = "/webhooks/twilio/status"
TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Call:
    """One report on a message, as Twilio sends it; with `headers` it is signed by somebody else, or nobody."""

    sid: str
    status: str
    code: str = ""
    attempt: str = ""
    headers: Mapping[str, str] | None = None
    body: bytes | None = None
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        return f"?attempt={quote(self.attempt, safe='')}" if self.attempt else ""

    @property
    def form(self) -> dict[str, str]:
        form = {"MessageSid": self.sid, "MessageStatus": self.status, "To": "+14165550123", **self.more}
        return form | ({"ErrorCode": self.code} if self.code else {})

    @property
    def signed(self) -> Mapping[str, str]:
        return by_token(f"{PUBLIC}{PATH}{self.query}", self.form, AUTH_TOKEN)


Watch = Callable[[int], None]
"""Is told how many calls were answered with 204 by now."""


def tell(address: str, calls: Sequence[Call], *, at_once: int = 1, watch: Watch = lambda _taken: None) -> list[int]:
    """Make the calls, so many at a time; return the status of each answer, 0 where there was none."""
    return asyncio.run(_tell(address, calls, at_once, watch))


async def _tell(address: str, calls: Sequence[Call], at_once: int, watch: Watch) -> list[int]:
    free, taken = asyncio.Semaphore(at_once), count(1)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(60)
    ) as session:

        async def tell_one(call: Call) -> int:
            headers = call.signed if call.headers is None else call.headers
            body = encoded(call.form) if call.body is None else call.body
            async with free:
                try:
                    url = f"{address}{PATH}{call.query}"
                    async with session.post(url, data=body, headers={**TYPE, **headers}) as answer:
                        await answer.read()
                        if answer.status == 204:
                            watch(next(taken))
                        return answer.status
                except aiohttp.ClientError:
                    return 0

        return list(await asyncio.gather(*(tell_one(call) for call in calls)))
