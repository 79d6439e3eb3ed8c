"""The console as one application, mounted at /desk: pages of the nouns in one shell, errors as pages."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI

from scheduler.services.desk import Desk
from scheduler.services.schedule_work import ScheduleWork
from scheduler.web.access import Gate, identify_by_session
from scheduler.web.console.account import account_pages
from scheduler.web.console.appointments import appointment_pages
from scheduler.web.console.assets import asset_routes
from scheduler.web.console.deliveries import delivery_pages
from scheduler.web.console.errors import Console, show_errors
from scheduler.web.console.inbox import inbox_pages
from scheduler.web.console.live import Live, live_route
from scheduler.web.console.login import login_pages
from scheduler.web.console.look import look_route
from scheduler.web.console.outbox import outbox_pages
from scheduler.web.console.patients import patient_pages
from scheduler.web.console.schedules import schedule_pages
from scheduler.web.console.setup import setup_pages
from scheduler.web.console.shell import Shell
from scheduler.web.console.today import today_pages
from scheduler.web.cookies import session_cookie
from scheduler.web.forms import MOST_BYTES
from scheduler.web.late import join


def create_console(desk: Desk, gate: Gate, *, live: Live, work: ScheduleWork | None = None) -> FastAPI:
    """Make the application. `live` and `work` outlive it.

    A route that takes more than a form says so: `max_body_size=`.
    """
    app = Console(
        title="Aftercare",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # its redirects lead to whatever host the request named
        max_body_size=MOST_BYTES,
    )
    app.state.identify = identify_by_session(gate, session_cookie(desk.settings.public_url).name)
    app.state.has_cookies = True
    app.state.public_host = urlsplit(desk.settings.public_url).netloc.lower()
    app.state.shell = shell = Shell(desk, gate)
    show_errors(app, shell)
    nouns = _nouns(desk, shell, work or ScheduleWork())
    join(app.router, asset_routes(), live_route(live), look_route(shell), *nouns)
    return app


def _nouns(desk: Desk, shell: Shell, work: ScheduleWork) -> Iterator[APIRouter]:
    """Yield the pages of each noun: one line a module."""
    yield login_pages(desk, shell)
    yield today_pages(desk, shell)
    yield delivery_pages(desk, shell)
    yield outbox_pages(desk, shell)
    yield setup_pages(desk, shell)
    yield account_pages(desk, shell)
    yield appointment_pages(desk, shell)
    yield schedule_pages(desk, shell, work)
    yield inbox_pages(desk, shell)
    yield patient_pages(desk, shell)
