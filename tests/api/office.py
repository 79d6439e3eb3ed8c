"""The API of a small installation, and programs with keys of it.

bookings = office.program(Permission.READ, Permission.BOOK, clinic="north")
answer = bookings.post("/appointments", ZOE)
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp

from scheduler.clock import FixedClock
from scheduler.content.templates import Texts
from scheduler.domain.access import EVERY_CLINIC, Permission, Scope
from scheduler.services.api_keys import ApiKeys
from scheduler.services.desk import Desk
from scheduler.services.gate import Gate
from scheduler.services.schedule_work import ScheduleWork
from scheduler.services.users import Manager
from scheduler.web.api.app import PATH, create_api
from scheduler.web.api.callers import Allowances
from scheduler.web.app import create_app
from tests.services.house import WORDS, House

Body = Mapping[str, Any] | None

ZOE: Mapping[str, Any] = {
    "clinic": "north",
    "treatment": "peel",
    "name": "Zoë Lachance",
    "phone": "+14165550123",
    "email": "zoe@patients.example",
    "external_id": "B-1",
    "starts_at": "2026-03-18T14:00:00Z",
}
"""What is registered unless a test says otherwise."""


@dataclass
class Program:
    """Calls the API with a key, or without one."""

    app: ASGIApp
    key: str | None = None

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, headers)

    def post(self, path: str, body: Body = None, **headers: str) -> httpx.Response:
        return self._send("POST", path, body, headers)

    def patch(self, path: str, body: Body, **headers: str) -> httpx.Response:
        return self._send("PATCH", path, body, headers)

    def put(self, path: str, body: Body, **headers: str) -> httpx.Response:
        return self._send("PUT", path, body, headers)

    def delete(self, path: str, **headers: str) -> httpx.Response:
        return self._send("DELETE", path, None, headers)

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> httpx.Response:
        """Send any request; `more` goes to httpx (json=, content=)."""
        own = {"Authorization": f"Bearer {self.key}"} if self.key else {}

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                return await client.request(method, PATH + path, headers={**own, **(headers or {})}, **more)

        return asyncio.run(send())

    def _send(self, method: str, path: str, body: Body, headers: Mapping[str, str]) -> httpx.Response:
        return self.ask(method, path, headers, **({} if body is None else {"json": body}))


@dataclass
class Office:
    """The API as the product mounts it. `machine` is the machine's own clock; `wakes` counts what told the engine."""

    house: House
    allowances: Allowances = field(default_factory=Allowances)
    work: ScheduleWork = field(default_factory=ScheduleWork)
    machine: FixedClock = field(init=False)
    wakes: list[None] = field(default_factory=list)
    app: FastAPI = field(init=False)
    made: int = 0

    def __post_init__(self) -> None:
        self.machine = FixedClock(self.house.clock.now())
        self.app = create_app(well=lambda: True, parts={PATH: self.api()})

    def desk(self) -> Desk:
        house = self.house
        return Desk(
            settings=house.settings,
            configuration=house.configuration,
            store=house.store,
            texts=Texts(house.texts_dir),
            words=WORDS,
            links=house.links,
            replies=house.replies("desk"),
            clock=house.clock,
            owner="desk",
            wake=lambda: self.wakes.append(None),
        )

    def api(self) -> FastAPI:
        gate = Gate(self.house.store, self.machine)
        return create_api(self.desk(), gate, allowances=self.allowances, machine_clock=self.machine, work=self.work)

    def program(self, *permissions: Permission, clinic: str = EVERY_CLINIC) -> Program:
        """Return a program with a key; without permissions with one that may do everything."""
        return Program(self.app, self.key(*permissions, clinic=clinic))

    def key(self, *permissions: Permission, clinic: str = EVERY_CLINIC) -> str:
        keys = ApiKeys(self.house.store, self.machine, self.house.configuration.clinics)
        self.made += 1
        may = permissions or tuple(Permission)
        return keys.create(f"key-{self.made}", clinic, may, Manager("test", Scope(None))).bearer

    @property
    def stranger(self) -> Program:
        return Program(self.app)
