"""A real HTTP server on loopback that speaks Twilio's Messages API, does what a script says, and records.

By hand: python -m tests.servers.twilio --port 0 --record taken.jsonl
"""

import argparse
import asyncio
import base64
import json
import random
import re
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from tests.servers.background import HttpInBackground
from tests.servers.behaviours import ACCEPT, MOODS, Behaviour
from tests.servers.certificates import Certificate, server_context
from tests.servers.clock import SharedClock
from tests.servers.taken import Taken

ACCOUNT_SID = "AC0123456789abcdef0123456789abcdef"
AUTH_TOKEN = "a-token-for-tests"

Now = Callable[[], datetime]


class TwilioServer(HttpInBackground):
    """Runs in a thread of its own: `with TwilioServer() as twilio: ... twilio.url ... twilio.taken`.

    `script` holds one behaviour per create, first come first served; after it `default` holds; `by_number` goes
    before. `now` dates what is taken. `reports` says by SID what became of a message (its status and error code).
    While `away`, it answers every question with 503. `delay` is how long a create takes, in seconds; `moody` is the
    share of creates that `dice` gives one of MOODS.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        record: Path | None = None,
        account_sid: str = ACCOUNT_SID,
        auth_token: str = AUTH_TOKEN,
        certificate: Certificate | None = None,
        default: Behaviour = ACCEPT,
    ) -> None:
        super().__init__(self._app(), port, server_context(certificate))
        self.taken: list[Taken] = []
        self.script: deque[Behaviour] = deque()
        self.default = default
        self.now: Now = lambda: datetime.now(UTC)
        self.reports: dict[str, tuple[str, int | None]] = {}
        self.by_number: dict[str, Behaviour] = {}
        self.delay = 0.0
        self.moody = 0.0
        self.dice = random.Random(1)
        self.away = False
        self.questions = 0
        self.requests = 0
        self.connections: set[tuple[str, int]] = set()
        self.account_sid = account_sid
        self.credentials = f"{account_sid}:{auth_token}"
        self._record = record

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self._port}"

    def sent_to(self, number: str) -> list[Taken]:
        return [message for message in self.taken if message.to == number]

    def _app(self) -> web.Application:
        app = web.Application()
        account = "/2010-04-01/Accounts/{account}"
        app.router.add_get(f"{account}.json", self._guarded(self._account))
        app.router.add_post(f"{account}/Messages.json", self._guarded(self._create))
        app.router.add_get(f"{account}/Messages.json", self._guarded(self._list))
        app.router.add_get(account + "/Messages/{sid}.json", self._guarded(self._fetch))
        return app

    def _guarded(self, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.requests += 1
            assert request.transport is not None
            self.connections.add(request.transport.get_extra_info("peername"))
            if not _authorized(request, self.credentials):
                return _error(401, 20003)
            if request.match_info["account"] != self.account_sid:
                return _error(404, 20404)
            return await handler(request)

        return handle

    async def _account(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response({"sid": self.account_sid, "status": "active", "type": "Full"})

    async def _create(self, request: web.Request) -> web.StreamResponse:
        behaviour = self.script.popleft() if self.script else self._mood()
        taken = None
        if behaviour.reads:
            form = {name: str(value) for name, value in (await request.post()).items()}
            if problem := _problem(form):
                return problem
            behaviour = self.by_number.get(form["To"], behaviour)
            await asyncio.sleep(self.delay / 2)
            taken = self._take(form) if behaviour.takes else None
            await asyncio.sleep(self.delay / 2)
        if behaviour.hangs:
            await self._stopped.wait()
        return await self._answer(request, behaviour, taken)

    def _mood(self) -> Behaviour:
        return self.dice.choice(MOODS) if self.dice.random() < self.moody else self.default

    async def _answer(self, request: web.Request, behaviour: Behaviour, taken: Taken | None) -> web.StreamResponse:
        if behaviour.closes:
            if request.transport:  # whoever asked may have been killed meanwhile
                request.transport.abort()
            return web.Response()
        if behaviour.body is not None:
            return web.Response(status=behaviour.status, body=behaviour.body, headers=behaviour.headers)
        if behaviour.status >= 300 or taken is None:
            return _error(behaviour.status, behaviour.code, behaviour.headers)
        answer = json.dumps(taken.shown(self.account_sid)).encode()
        if behaviour.half:
            return await _half(request, answer)
        return web.Response(status=201, body=answer, content_type="application/json")

    def _take(self, form: dict[str, str]) -> Taken:
        message = Taken(to=form["To"], body=form["Body"], params=form, at=self.now())
        self.taken.append(message)
        if self._record is not None:
            with self._record.open("a", encoding="utf-8") as file:
                file.write(message.record() + "\n")
        return message

    def _shown(self, message: Taken) -> dict[str, object]:
        status, code = self.reports.get(message.sid, (message.status, None))
        return {**message.shown(self.account_sid), "status": status, "error_code": code}

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.questions += 1
        if self.away:
            return _error(503, None)
        found = [message for message in reversed(self.taken) if message.matches(request.query)]
        size, page = min(int(request.query.get("PageSize", "50")), 1000), int(request.query.get("Page", "0"))
        shown = found[page * size : (page + 1) * size]
        following = request.rel_url.update_query(Page=str(page + 1), PageSize=str(size))
        return web.json_response(
            {
                "messages": [self._shown(message) for message in shown],
                "page": page,
                "page_size": size,
                "start": page * size,
                "end": page * size + len(shown) - 1,
                "uri": str(request.rel_url),
                "first_page_uri": str(request.rel_url.update_query(Page="0", PageSize=str(size))),
                "next_page_uri": str(following) if len(found) > (page + 1) * size else None,
                "previous_page_uri": None,
            }
        )

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        self.questions += 1
        if self.away:
            return _error(503, None)
        for message in self.taken:
            if message.sid == request.match_info["sid"]:
                return web.json_response(self._shown(message))
        return _error(404, 20404)


def _authorized(request: web.Request, credentials: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return scheme == "Basic" and base64.b64decode(given).decode() == credentials


def _error(status: int, code: int | None, headers: dict[str, str] | None = None) -> web.Response:
    """An error as Twilio words it; without a code, what something between us and Twilio would say."""
    if code is None:
        return web.Response(status=status, text="<html>a proxy said no</html>", headers=headers)
    body = {
        "code": code,
        "message": "The 'To' number +14165550123 or something else of this request is not right.",
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return web.json_response(body, status=status, headers=headers)


def _problem(form: dict[str, str]) -> web.Response | None:
    """What Twilio itself finds wrong with a create."""
    checks = {
        21211: re.fullmatch(r"\+[1-9]\d{6,14}", form.get("To", "")) is not None,
        21603: bool(form.get("From") or form.get("MessagingServiceSid")),
        21602: bool(form.get("Body")),
        21617: len(form.get("Body", "")) <= 1600,
        90007: 1 <= int(form.get("ValidityPeriod", "36000")) <= 36_000,
    }
    return next((_error(400, code) for code, right in checks.items() if not right), None)


async def _half(request: web.Request, answer: bytes) -> web.StreamResponse:
    response = web.StreamResponse(status=201, headers={"Content-Length": str(len(answer))})
    response.content_type = "application/json"
    with suppress(ConnectionResetError):  # whoever asked was killed meanwhile
        await response.prepare(request)
        await response.write(answer[: len(answer) // 2])
    if request.transport:
        request.transport.close()
    return response


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--record", type=Path)
    parser.add_argument("--clock", type=Path, help="the file of a clock that processes share")
    parser.add_argument("--moody", type=float, default=0.0, help="the share of creates that are answered badly")
    parser.add_argument("--delay", type=float, default=0.0, help="how long a create takes, in seconds")
    arguments = parser.parse_args()
    with TwilioServer(port=arguments.port, record=arguments.record) as server:
        server.moody, server.delay = arguments.moody, arguments.delay
        if arguments.clock:
            server.now = SharedClock(arguments.clock).now
        print(server.url, flush=True)  # noqa: T201  (this is what the command says)
        threading.Event().wait()


if __name__ == "__main__":
    main()
