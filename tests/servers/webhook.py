"""A clinic's own system on loopback: takes signed calls as Standard Webhooks says, and drops what it has already."""

import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from tests.servers.background import HttpInBackground
from tests.servers.behaviours import ACCEPT, Behaviour

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FRESH = timedelta(minutes=5)
Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was signed right, as it came."""

    id: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.body)
        return told


class WebhookServer(HttpInBackground):
    """Runs in a thread of its own: `with WebhookServer() as receiver: ... receiver.url ... receiver.calls`.

    `calls` has every call that was signed right, doubles too; `taken` what it took, by id. `script` holds one
    behaviour per call, as with Twilio. A wrong signature, or one that is not fresh at `now`, is answered with 401.
    """

    def __init__(self) -> None:
        app = web.Application()
        app.router.add_post("/alerts", self._take)
        super().__init__(app)
        self.calls: list[Call] = []
        self.taken: dict[str, Call] = {}
        self.refused = 0
        self.script: deque[Behaviour] = deque()
        self.default = ACCEPT
        self.now: Now = lambda: datetime.now(UTC)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/alerts?key=of-the-clinic"

    async def _take(self, request: web.Request) -> web.StreamResponse:
        behaviour = self.script.popleft() if self.script else self.default
        body = await request.read()
        if not self._is_signed(request, body):
            self.refused += 1
            return web.Response(status=401)
        call = Call(request.headers["webhook-id"], dict(request.headers), body)
        self.calls.append(call)
        if behaviour.takes:
            self.taken.setdefault(call.id, call)
        if behaviour.hangs:
            await self._stopped.wait()
        if behaviour.closes and request.transport:
            request.transport.abort()
        status = 204 if behaviour is ACCEPT else behaviour.status
        return web.Response(status=status, headers=behaviour.headers)

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        call_id, seconds = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "0")
        made = hmac.new(
            base64.b64decode(SECRET.split("_")[1]),
            b".".join([call_id.encode(), seconds.encode(), body]),
            hashlib.sha256,
        )
        given = [
            it.partition(",")[2] for it in request.headers.get("webhook-signature", "").split() if it[:3] == "v1,"
        ]
        fresh = abs(self.now() - datetime.fromtimestamp(int(seconds), UTC)) <= FRESH
        return fresh and base64.b64encode(made.digest()).decode() in given and bool(call_id)
