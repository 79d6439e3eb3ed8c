"""The console on a real server, with people of every role and with patients: for a real browser.

The product's clock stands still at `NOW`; sessions run by the machine's own, as in the product.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from scheduler.clock import FixedClock, SystemClock
from scheduler.content.templates import Texts
from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.domain.states import Status
from scheduler.paths import shipped
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.lexicons import Lexicons
from scheduler.protocols.loader import load
from scheduler.services.desk import Desk
from scheduler.services.gate import Gate
from scheduler.services.links import Links
from scheduler.settings import Settings
from scheduler.store.database import Store
from scheduler.store.messages import messages_of
from scheduler.web.app import create_app
from scheduler.web.console.app import create_console
from scheduler.web.console.live import Live
from scheduler.web.console.shell import Shell
from tests.servers.background import BackgroundLoop
from tests.services.house import APPROVED, House
from tests.web.desk import make_session, make_user

NOW = datetime(2026, 3, 20, 16, 20, tzinfo=UTC)
"""A Friday, twenty past noon in Toronto."""
CLINIC = "lumiere"
SHUTDOWN = 5
LATE = 0.2
"""Seconds that the answer to a form takes: a test that does not wait for it fails at once, not on a busy machine."""
T = TypeVar("T")

Extra = Callable[[Desk, FastAPI], None]
"""Adds pages that only tests have."""


@dataclass
class DeskSite:
    """A running console; `house` is what works in it.

    `appointment` and `patient` have a story to show, `upcoming` is a visit of next week, `waiting`
    the first message that is still to go out of the story.
    """

    url: str
    house: House
    server: uvicorn.Server
    appointment: int = 1
    upcoming: int = 6
    patient: int = 1
    waiting: int = 0
    step: str = "week_check"
    tokens: dict[Role, str] = field(default_factory=dict)

    def token(self, role: Role) -> str:
        """Return a session of somebody of that role: an administrator everywhere, all others at one clinic."""
        if role not in self.tokens:
            clinic = EVERY_CLINIC if role is Role.ADMIN else CLINIC
            user = make_user(self.house.store, f"{role}.sample", role, clinic)
            self.tokens[role] = make_session(self.house.store, user)
        return self.tokens[role]


def _waiting(house: House) -> int:
    with house.store.read() as tx:
        found = messages_of(tx, DeskSite.appointment)
    return next((it.id for it in found if it.status is Status.SCHEDULED), 0)


def beside(work: Callable[[], T]) -> T:
    """Do something on a thread of its own: Playwright has a loop in this one, and a house's passes begin theirs."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


@contextmanager
def desk_standing(
    store: Store,
    settings: Settings,
    extra: Extra | None = None,
    edit: Callable[[Configuration], Configuration] = lambda known: known,
) -> Iterator[DeskSite]:
    """Serve the console on a free port of loopback, with the shipped clinics, edited, and a few sample patients."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config, texts = shipped("config"), shipped("templates")
    known = edit(replace(load(config), approvals=APPROVED))
    house = House(store, replace(settings, public_url=url), Path(texts), configuration=known, clock=FixedClock(NOW))
    desk = desk_of(house)
    loop = BackgroundLoop()
    loop.start()
    live = loop.run(_made(store))
    console = create_console(desk, Gate(store, SystemClock()), live=live)
    if extra:
        extra(desk, console)
    app = create_app(well=lambda: True, parts={"/desk": console})
    config_of = uvicorn.Config(
        late(app), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=SHUTDOWN
    )
    server = uvicorn.Server(config_of)
    serving = loop.begin(server.serve(sockets=[listener]))
    try:
        yield DeskSite(url, house, server, waiting=_waiting(house))
    finally:
        loop.call(live.close)
        server.should_exit = True
        serving.result(2 * SHUTDOWN)
        loop.stop()
        listener.close()


def late(app: ASGIApp) -> ASGIApp:
    """Let forms wait for their answers."""

    async def wait(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "POST":
            await asyncio.sleep(LATE)
        await app(scope, receive, send)

    return wait


def desk_of(house: House) -> Desk:
    """Return what the pages work with, over a house."""
    return Desk(
        settings=house.settings,
        configuration=house.configuration,
        store=house.store,
        texts=Texts(house.texts_dir),
        words=Lexicons(shipped("config")),
        links=Links(house.settings.public_url, house.store.vault),
        replies=house.replies("desk"),
        clock=house.clock,
        owner="test",
        wake=lambda: None,
    )


def shell_of(console: FastAPI) -> Shell:
    """Return the shell in which a console writes its pages."""
    shell = console.state.shell
    assert isinstance(shell, Shell)
    return shell


async def _made(store: Store) -> Live:
    return Live.of(store)
