"""Who comes to the desk in tests: users of any role at any clinic, signed in, and programs with keys.

    app = desk_app(house)
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
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.cookies import SimpleCookie

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp

from scheduler.clock import Clock, SystemClock
from scheduler.content.templates import Texts
from scheduler.domain.access import EVERY_CLINIC, Permission, Role
from scheduler.services.desk import Desk
from scheduler.services.gate import PREFIX, Gate
from scheduler.services.links import Links
from scheduler.services.schedule_work import ScheduleWork
from scheduler.services.signing_in import start_session
from scheduler.services.tokens import digest, new_token
from scheduler.store.api_keys import NewKey, add_key
from scheduler.store.database import Store
from scheduler.store.users import add_user, set_grant
from scheduler.web.api.app import create_api
from scheduler.web.app import create_app
from scheduler.web.console.app import create_console
from scheduler.web.console.live import Live
from scheduler.web.cookies import session_cookie
from scheduler.web.fhir.app import PATH as FHIR
from scheduler.web.fhir.app import create_fhir
from tests.services.house import WORDS, House

HERE = "http://testserver"
_numbers = itertools.count(1)


def desk_of(house: House, *, public_url: str = HERE) -> Desk:
    """Return what the desk works with, over a house."""
    return Desk(
        settings=replace(house.settings, public_url=public_url),
        configuration=house.configuration,
        store=house.store,
        texts=Texts(house.texts_dir),
        words=WORDS,
        links=Links(public_url, house.store.vault),
        replies=house.replies("desk"),
        clock=house.clock,
        owner="test",
        wake=lambda: None,
    )


def desk_app(
    house: House, *, public_url: str = HERE, clock: Clock | None = None, work: ScheduleWork | None = None
) -> FastAPI:
    """Return the web application with the console at /desk; sessions go by `clock`, else by the machine's."""
    gate = Gate(house.store, clock or SystemClock())

    async def make() -> FastAPI:
        console = create_console(desk_of(house, public_url=public_url), gate, live=Live.of(house.store), work=work)
        api = create_api(desk_of(house, public_url=public_url), gate)
        fhir = create_fhir(desk_of(house, public_url=public_url), gate)
        return create_app(well=lambda: True, parts={"/desk": console, "/api/v1": api, FHIR: fhir})

    return asyncio.run(make())


@dataclass
class Visitor:
    """Somebody at a browser: keeps cookies, and sends what browsers say of where a request comes from."""

    app: ASGIApp
    cookies: dict[str, str] = field(default_factory=dict)
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
            kept = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
            async with httpx.AsyncClient(transport=transport, base_url=self.base) as client:
                sent = httpx.Headers({**kept, **self.headers})
                sent.update(named)
                return await client.request(method, path, headers=sent, **more)  # type: ignore[arg-type]  # by their names

        answer = asyncio.run(send())
        for line in answer.headers.get_list("set-cookie"):
            self._keep(line)
        return answer

    def _keep(self, line: str) -> None:
        for name, cookie in SimpleCookie(line).items():
            self.cookies[name] = cookie.value
            if not cookie.value:
                del self.cookies[name]


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
    visitor.cookies[session_cookie(public_url).name] = token
    return visitor


def with_key(
    app: ASGIApp, store: Store, permissions: Collection[Permission] = (Permission.READ,), clinic: str = EVERY_CLINIC
) -> Visitor:
    """Return a program with a key of its own: no cookies, no word on where it comes from."""
    return Visitor(app, headers={"Authorization": f"Bearer {make_key(store, permissions, clinic)}"})
