"""Who comes to the desk in tests: users of any role at any clinic, signed in, and programs with keys.

    anna = signed_in(app, house.store, Role.STAFF, "north")
    shown = anna.get("/desk/patients/1")
    done = anna.post("/desk/appointments", {"name": "Zoë"})
    program = with_key(app, house.store, {Permission.READ}, "north")
    shown = program.get("/api/v1/messages")

Sessions run by the machine's clock, as in the product, whatever the house's clock shows.
"""

import asyncio
import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from starlette.types import ASGIApp

from scheduler.clock import SystemClock
from scheduler.domain.access import EVERY_CLINIC, Permission, Role
from scheduler.services.gate import PREFIX
from scheduler.services.signing_in import start_session
from scheduler.services.tokens import digest, new_token
from scheduler.store.api_keys import NewKey, add_key
from scheduler.store.database import Store
from scheduler.store.users import add_user, set_grant
from scheduler.web.cookies import session_cookie

HERE = "http://testserver"
_numbers = itertools.count(1)


@dataclass
class Visitor:
    """Somebody at a browser: keeps cookies, and sends what browsers say of where a request comes from."""

    app: ASGIApp
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    headers: Mapping[str, str] = field(default_factory=lambda: {"Sec-Fetch-Site": "same-origin"})
    base: str = HERE

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, headers)

    def post(self, path: str, form: Mapping[str, str | list[str]] | None = None, **headers: str) -> httpx.Response:
        """Send a form; redirects are not followed."""
        return self.ask("POST", path, headers, data=form or {})

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: object) -> httpx.Response:
        """Send any request. Names of headers may be written with _ for -; `more` goes to httpx (json=, content=)."""
        named = {name.replace("_", "-"): value for name, value in (headers or {}).items()}

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=self.base, cookies=self.cookies) as client:
                answer = await client.request(method, path, headers={**self.headers, **named}, **more)  # type: ignore[arg-type]
                self.cookies = client.cookies
                return answer

        return asyncio.run(send())


def make_user(
    store: Store, login: str = "", role: Role | None = Role.STAFF, clinic: str = "north", *, name: str = ""
) -> int:
    """Add a user with a role at a clinic (`EVERY_CLINIC` for all); without a login they get one; return the id."""
    chosen = login or f"{role or 'nobody'}-{next(_numbers)}"
    with store.write() as tx:
        user = add_user(tx, chosen, name or chosen.title(), language=None, by="test", now=SystemClock().now())
        if role:
            set_grant(tx, user, clinic, role)
    return user


def make_session(store: Store, user: int, *, now: datetime | None = None) -> str:
    """Sign a user in without a password; return the token."""
    with store.write() as tx:
        return start_session(tx, user, now=now or SystemClock().now()).token


def make_key(
    store: Store,
    permissions: Collection[Permission] = (Permission.READ,),
    clinic: str = EVERY_CLINIC,
    *,
    name: str = "",
    expires_at: datetime | None = None,
) -> str:
    """Return a bearer key."""
    number, secret = next(_numbers), new_token()
    new = NewKey(f"t{number}", digest(secret), name or f"key-{number}", clinic, frozenset(permissions), expires_at)
    with store.write() as tx:
        add_key(tx, new, by="test", now=SystemClock().now())
    return f"{PREFIX}t{number}_{secret}"


def stranger(app: ASGIApp) -> Visitor:
    """Return a browser of somebody who is not signed in."""
    return Visitor(app)


def signed_in(
    app: ASGIApp,
    store: Store,
    role: Role | None = Role.STAFF,
    clinic: str = "north",
    *,
    login: str = "",
    public_url: str = HERE,
) -> Visitor:
    """Return the browser of a new user of that role, signed in; role None: one who may do nothing."""
    token = make_session(store, make_user(store, login, role, clinic))
    return as_session(app, token, public_url=public_url)


def as_session(app: ASGIApp, token: str, *, public_url: str = HERE) -> Visitor:
    """Return the browser that has a session's cookie."""
    visitor = Visitor(app)
    visitor.cookies.set(session_cookie(public_url).name, token)
    return visitor


def with_key(
    app: ASGIApp, store: Store, permissions: Collection[Permission] = (Permission.READ,), clinic: str = EVERY_CLINIC
) -> Visitor:
    """Return a program with a key of its own: no cookies, no word on where it comes from."""
    return Visitor(app, headers={"Authorization": f"Bearer {make_key(store, permissions, clinic)}"})
