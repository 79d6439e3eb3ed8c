"""Asks the API of a booking system: one GET, answered with JSON. It blocks, and follows no redirect.

Nothing of an address, a key or an answer is in what it raises.
"""

import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from email.message import Message
from http.client import HTTPException
from typing import IO, Any

from scheduler.channels.bookings.errors import AskingError, NotThereError

TIMEOUT = 10.0
"""Seconds for the connection, and for each time that it waits for bytes."""
MOST_BYTES = 8 * 1024 * 1024
_REFUSED = (401, 403)
_GONE = (404, 410)
_SLOW_DOWN = 429
_LONGEST_WAIT = 86_400.0


class _Stay(urllib.request.HTTPRedirectHandler):
    """Refuses to be led elsewhere: the key would go along."""

    def redirect_request(  # noqa: PLR0917  (the library's own parameters)
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Return nothing, so that the redirect is an error."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks as a user of one API. `agent` is what it calls itself there."""

    user: str = field(repr=False)
    password: str = field(repr=False)
    agent: str = "Aftercare"

    def get(self, url: str) -> Any:
        """Return the answer's JSON. Raises AskingError, NotThereError."""
        login = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Accept": "application/json", "User-Agent": self.agent}
        request = urllib.request.Request(url, headers=headers)  # noqa: S310  (the clinic's file allows http(s) only)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)
        try:
            with opener.open(request, timeout=TIMEOUT) as answer:
                body = answer.read(MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error) from None
        except (OSError, HTTPException, ValueError) as error:
            raise AskingError(f"can't be reached ({_why(error)})", code="not_reached") from None
        if len(body) > MOST_BYTES:
            raise AskingError("answered with more than any booking has")
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise AskingError("did not answer with JSON") from None


def _refusal(error: urllib.error.HTTPError) -> AskingError | NotThereError:
    if error.code in _GONE:
        return NotThereError("has nothing of that id")
    if error.code in _REFUSED:
        said = f"refuses the API key or its user ({error.code}): look at the two variables"
        return AskingError(said, code="key_refused")
    said = error.headers.get("Retry-After", "") if error.headers else ""
    wait = min(float(said), _LONGEST_WAIT) if said.isdecimal() else None
    if error.code == _SLOW_DOWN:
        return AskingError("was asked too often (429)", wait=60.0 if wait is None else wait)
    return AskingError(f"answered {error.code}", wait=wait)


def _why(error: Exception) -> str:
    """Return a word for it; the library's own text may hold the address."""
    reason = getattr(error, "reason", error)
    return "timeout" if isinstance(reason, TimeoutError) else type(reason).__name__
