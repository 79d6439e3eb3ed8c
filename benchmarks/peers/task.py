"""What each peer's job does: one create through Twilio's SDK with its default client, pointed at our server.

The text is in the job: a peer renders nothing, decrypts nothing, decides nothing and records nothing.
"""

import os
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from benchmarks.servers.twilio import ACCOUNT_SID, AUTH_TOKEN

THREADS = 16
"""More make the SDK's default client slower: they take turns on one interpreter."""
TEXT = (
    "Hello Zoë, a word from Harbour Skin Clinic: leave out acids, retinoids and scrubs for now, and keep your skin "
    "cool and moist. Questions? Call (416) 555-0100."
)
_HERE = threading.local()


class _OurServer(TwilioHttpClient):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's default client; only the host is another."""

    def request(self, method: str, url: str, *rest: Any, **more: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", os.environ["BENCH_SMS"]), *rest, **more)


def send(to: str, body: str) -> None:
    """Create a message. A client for each thread: its pool of ten connections is too small for all."""
    if not hasattr(_HERE, "client"):
        _HERE.client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=_OurServer())
    _HERE.client.messages.create(to=to, body=body, messaging_service_sid=_service())


def recipients(count: int) -> Iterator[str]:
    """Yield as many numbers, no two alike."""
    return (f"+1514{number:07d}" for number in range(count))


@cache
def _service() -> str:
    return "MG" + "1" * 32
