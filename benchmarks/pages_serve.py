"""The real application, asked in this process: which pages it has, how long each takes, how many queries it makes."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from benchmarks.errors import BenchError
from benchmarks.installation import Installation
from benchmarks.pages_fill import CLINICS, TREATMENT, Filled
from scheduler.cli.web_server import WebServer
from scheduler.cli.wiring import open_product
from scheduler.clock import SystemClock
from scheduler.domain.access import EVERY_CLINIC, Permission, Role
from scheduler.services.gate import PREFIX
from scheduler.services.signing_in import start_session
from scheduler.services.tokens import digest, new_token
from scheduler.store.api_keys import NewKey, add_key
from scheduler.store.database import Store
from scheduler.store.users import add_user, set_grant
from scheduler.web.cookies import session_cookie

DESK, API = "/desk", "/api/v1"
OF_ONE_KEY = 20
NO_PAGES = re.compile(r"/live$|/static/|/login|/logout|\.csv$|\.zip$|\.json$|/openapi|/health|/export|/download")
"""What is followed, kept by browsers, needs no database, or is a file of its whole content."""
MORE = (
    "/desk/?clinic=harbour",
    "/desk/deliveries?days=90",
    "/desk/deliveries?days=7&clinic=harbour",
    "/desk/deliveries?status=failed&days=90",
    "/desk/deliveries?step=redness_check&channel=email&days=90",
    "/desk/deliveries?reason=refused&treatment=microneedling&days=90",
    "/desk/appointments?clinic=harbour",
    "/desk/appointments?look=1",
    "/desk/inbox?clinic=harbour",
    "/api/v1/messages?status=failed",
    "/api/v1/messages?clinic=harbour",
    "/api/v1/appointments?clinic=harbour",
    "/desk/patients/{regular}",
    "/api/v1/patients/{regular}/consent",
    "/api/v1/messages?patient={regular}",
    "/api/v1/appointments?patient={regular}",
)
"""Addresses that the routes do not show: with filters, and of a patient with many visits."""
SEARCHED = {
    "/api/v1/patients/search": {"text": "Zoë Lach"},
    "/api/v1/patients/search#phone": {"phone": "+15140001017"},
}
"""What is asked for in a body, by the address; what follows the # only tells them apart."""
_counted_into: ContextVar[list[str] | None] = ContextVar("_counted_into", default=None)
"""Where the statements of a request go, on whatever thread; what is worked out beside requests has none."""


@dataclass
class Asked:
    """What one request took: seconds until its last byte, and statements at the database."""

    status: int
    seconds: float
    queries: int


@dataclass(frozen=True, slots=True)
class Address:
    """An address to ask; `name` is the same in every database, whatever ids are in it."""

    path: str
    name: str


@dataclass
class Served:
    """The application over one database, with somebody who may see everything."""

    app: FastAPI
    store: Store
    filled: Filled
    cookie: str
    _bearer: str = field(default="", repr=False)
    _asked: int = 0

    def pages(self) -> list[Address]:
        """Return the addresses of all pages, lists and searches, with sample ids where they need one."""
        found = [*(path for path in self._routes() if not NO_PAGES.search(path)), *MORE, *SEARCHED]
        return [Address(path, name) for name in dict.fromkeys(found) if (path := self._with_samples(name))]

    async def ask(self, path: str) -> Asked:
        """Ask for an address."""
        scope, body = self._scope(path), _body(path)
        queries: list[str] = []
        status, token, started = 0, _counted_into.set(queries), time.perf_counter()

        async def send(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)

        await self.app(scope, _received(body), send)
        seconds = time.perf_counter() - started
        _counted_into.reset(token)
        return Asked(status, seconds, len(queries))

    def _routes(self) -> Iterator[str]:
        for mount in self.app.routes:
            if isinstance(mount, Mount) and mount.path in (DESK, API) and isinstance(mount.app, FastAPI):
                for route in iter_route_contexts(mount.app.routes):
                    if "GET" in (route.methods or ()):
                        yield f"{mount.path}{route.path}"

    def _with_samples(self, path: str) -> str | None:
        """Put ids into an address; None for one that we have no sample of."""
        it, filled = path, {}
        for name in re.findall(r"\{(\w+)(?::\w+)?\}", path):
            value = self._sample(path, name)
            if value is None:
                return None
            filled[name] = value
        for name, value in filled.items():
            it = re.sub(rf"\{{{name}(:\w+)?\}}", str(value), it)
        return it

    def _sample(self, path: str, name: str) -> int | str | None:
        before = path.partition(f"{{{name}")[0]
        kinds = (
            ("regular", self.filled.regular),
            ("patient", self.filled.patient),
            ("appointment", self.filled.visit),
            ("message", self.filled.message),
            ("repl", self.filled.reply),
            ("alert", self.filled.alert),
            ("treatment", TREATMENT),
            ("schedule", TREATMENT),
            ("clinic", CLINICS[0]),
        )
        for text in (name, before.rstrip("/").rpartition("/")[2]):
            for kind, value in kinds:
                if kind in text:
                    return value
        return {"step": "redness_check", "channel": "sms", "language": "en"}.get(name)

    def _scope(self, path: str) -> dict[str, Any]:
        where, _, query = path.partition("#")[0].partition("?")
        headers = [(b"host", b"127.0.0.1:8000"), (b"accept", b"*/*"), (b"sec-fetch-site", b"same-origin")]
        if where.startswith(API):
            headers.append((b"authorization", f"Bearer {self._key()}".encode()))
            headers.append((b"content-type", b"application/json"))
        else:
            headers.append((b"cookie", self.cookie.encode()))
        return {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
            "method": "POST" if path in SEARCHED else "GET",
            "path": where, "raw_path": where.encode(), "root_path": "", "query_string": query.encode(),
            "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000), "state": {},
        }  # fmt: skip

    def _key(self) -> str:
        """Return a key; a new one now and then, since how often one may ask is limited. Its making is not counted."""
        self._asked += 1
        if self._bearer and self._asked % OF_ONE_KEY:
            return self._bearer
        secret = new_token()
        public = secrets.token_hex(8)
        new = NewKey(public, digest(secret), f"bench-{public}", EVERY_CLINIC, frozenset(Permission), None)
        with self.store.write() as tx:
            add_key(tx, new, by="bench", now=SystemClock().now())
        self._bearer = f"{PREFIX}{public}_{secret}"
        return self._bearer


@asynccontextmanager
async def served(installation: Installation, filled: Filled) -> AsyncIterator[Served]:
    """Give the application over a database that was filled. For one event loop."""
    with open_product(settings=installation.settings) as product:
        web = WebServer(product.kept(), is_working=lambda: True, wake=lambda: None)
        with product.store.write() as tx:
            now = SystemClock().now()
            user = add_user(tx, f"bench{time.time_ns()}", "Bench", language=None, by="bench", now=now)
            set_grant(tx, user, EVERY_CLINIC, Role.ADMIN)
            token = start_session(tx, user, now=now).token
        app = web.app_of(product.kept())
        cookie = f"{session_cookie(product.settings.public_url).name}={token}"
        seen = Served(app, product.store, filled, cookie)
        with _counted():
            yield seen


@contextmanager
def _counted() -> Iterator[None]:
    """Note every statement that a request sends to a database."""

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if (into := _counted_into.get()) is not None:
            into.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def _body(path: str) -> bytes:
    return json.dumps(SEARCHED[path]).encode() if path in SEARCHED else b""


def _received(body: bytes) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Return what gives an application the body of the request, and then nothing: the browser reads."""
    parts = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        for part in parts:
            return part
        await asyncio.Event().wait()
        raise BenchError("a request that goes on was told of its end")

    return receive
