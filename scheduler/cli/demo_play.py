"""Plays the demo in a folder that is its own."""

import asyncio
import logging
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import structlog

from scheduler.cli.demo_show import ENDS_AT, STARTS_AT, Show
from scheduler.cli.demo_view import DemoView
from scheduler.cli.output import console
from scheduler.cli.wiring import Product, open_product
from scheduler.clock import FixedClock, StoryClock, SystemClock
from scheduler.domain.access import EVERY_CLINIC, LinkPurpose, Role, Scope
from scheduler.errors import ConflictError
from scheduler.paths import shipped
from scheduler.runtime.lock import TakenError, only_engine
from scheduler.services.passwords import Passwords
from scheduler.services.users import Manager, Users, login_link
from scheduler.settings import Settings

MARK = ".aftercare-demo"
DATABASE = "aftercare.db"
USER = "demo"
_HOST = "127.0.0.1"


def play(seconds: float, port: int, *, leave: bool) -> bool:
    """Play the six weeks in so many seconds, and return whether they came to their end; `leave` ends with them.

    Raises ConflictError where the folder demo/ is somebody else's.
    """
    folder = Path("demo")
    _refuse_foreign(folder)
    # The view has the terminal to itself; what would be logged is on it.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with _only_demo(folder), _listen(port) as listener:
        _clear(folder)
        settings = Settings(
            database_url=f"sqlite:///{folder / DATABASE}",
            config_dir=shipped("config"),
            templates_dir=shipped("templates"),
            data_dir=folder,
            public_url=f"http://{_HOST}:{listener.getsockname()[1]}",
        )
        clock = StoryClock(FixedClock(STARTS_AT))
        with open_product(settings=settings, clock=clock) as product, DemoView(STARTS_AT, ENDS_AT) as view:
            show = Show(product.kept(), clock, listener, view, _inviting(product), seconds)
            return asyncio.run(show.run(leave=leave, waits=console.is_terminal and not leave))


@contextmanager
def _only_demo(folder: Path) -> Iterator[None]:
    """Hold the folder against another demo."""
    with ExitStack() as held:
        try:
            held.enter_context(only_engine(folder / DATABASE))
        except TakenError:
            raise ConflictError(
                f"a demo runs in {folder.absolute()} already: end it with Ctrl-C, or run this one in another folder"
            ) from None
        yield


def _inviting(product: Product) -> Callable[[], str]:
    """Add the user of the demo; return what makes an address that lets somebody in once, instead of any before."""
    names = {clinic.id: clinic.name for clinic in product.configuration.clinics.values()}
    users, who = Users(product.store, SystemClock(), Passwords(), names), Manager("demo", Scope(None))
    number = users.add(USER, "Demo", Role.ADMIN, EVERY_CLINIC, who)

    def invite() -> str:
        token = users.link(number, who, purpose=LinkPurpose.SIGN_IN, lasts=timedelta(hours=12))
        return login_link(product.settings.public_url, token)

    return invite


def _listen(port: int) -> socket.socket:
    """Take the port, or any other one where somebody has it."""
    try:
        return socket.create_server((_HOST, port), backlog=2048)
    except OSError:
        return socket.create_server((_HOST, 0), backlog=2048)


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder that no demo made: its files are somebody's."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ConflictError(f"{folder.absolute()} is no folder of a demo: move it away, or run the demo elsewhere")
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise ConflictError(f"{folder.absolute()} is not from a demo: move it away, or run the demo elsewhere")


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left. Its lock is held, so that no running demo loses its folder."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif not path.name.endswith("-lock"):
            path.unlink()
    (folder / MARK).write_text("Made by `aftercare demo`; the next demo clears this folder.\n", encoding="utf-8")
