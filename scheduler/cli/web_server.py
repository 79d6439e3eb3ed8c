"""The web server of a service: the application with what it answers from."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.types import Receive, Scope, Send

from scheduler.channels.twilio.webhook import Secrets
from scheduler.cli.web_connection import Connection
from scheduler.cli.wiring import Product
from scheduler.clock import SystemClock
from scheduler.services.agenda import Agendas
from scheduler.services.alert_page import AlertPages
from scheduler.services.bookings.receiving import BookingHooks
from scheduler.services.bounces import Bounces
from scheduler.services.callbacks import TwilioCallbacks
from scheduler.services.desk import Desk
from scheduler.services.gate import Gate
from scheduler.services.patient_page import PatientPages
from scheduler.services.receipts import Receipts
from scheduler.services.schedule_work import ScheduleWork
from scheduler.services.unsubscribing import Unsubscriber
from scheduler.web.agenda import agenda_feed
from scheduler.web.alerts import alert_pages
from scheduler.web.api.app import create_api
from scheduler.web.api.callers import Allowances
from scheduler.web.app import create_app, forget_applications
from scheduler.web.bookings import booking_hooks
from scheduler.web.bounces import bounce_hook
from scheduler.web.console.app import create_console
from scheduler.web.console.live import Live
from scheduler.web.fhir.app import PATH as FHIR
from scheduler.web.fhir.app import create_fhir
from scheduler.web.pages import Pages
from scheduler.web.patient import patient_pages
from scheduler.web.unsubscribe import unsubscribe

DRAIN = 30
"""Seconds that requests get to end when the service is told to stop."""


class _Server(uvicorn.Server):
    """Leaves the signals to the service, so that the engine is told to stop too, and lets open pages go first."""

    def __init__(self, config: uvicorn.Config, live: Live, work: ScheduleWork) -> None:
        super().__init__(config)
        self._live, self._work = live, work

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what would never end by itself, then wait for the rest."""
        self._live.close()
        await asyncio.to_thread(self._work.stop)
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@dataclass(slots=True)
class WebServer:
    """The server, and the application that answers by the files of now.

    It is well while `is_working` says so and the database answers. `wake` tells the engine, from any thread, that
    something may be due.
    """

    product: Product
    is_working: Callable[[], bool]
    wake: Callable[[], None]
    server: uvicorn.Server = field(init=False)
    _app: FastAPI = field(init=False)
    _gate: Gate = field(init=False)
    _live: Live = field(init=False)
    _allowances: Allowances = field(default_factory=Allowances, init=False)
    _work: ScheduleWork = field(default_factory=ScheduleWork, init=False)

    def __post_init__(self) -> None:
        """Make both."""
        # The machine's own clock, also where the product's is a time-lapse: sessions end by it.
        self._gate, self._live = Gate(self.product.store, SystemClock()), Live.of(self.product.store)
        self._app = self.app_of(self.product)
        # Without its log of requests: the address of a page is a key to it.
        self.server = _Server(
            uvicorn.Config(
                self._answer,
                interface="asgi3",  # it can't see that of a method
                http=Connection,
                ws="none",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=DRAIN,
                server_header=False,
            ),
            self._live,
            self._work,
        )

    def app_of(self, product: Product) -> FastAPI:
        """Make the application that answers by the files of that product, for any thread."""
        return create_app(
            well=lambda: self.is_working() and product.store.answers(),
            twilio=_twilio(product, self.wake),
            pages=_pages(product, self.wake),
            parts=self._parts(product.desk(self.wake)),
            front=Pages(product.settings.public_url).address("/desk/"),
        )

    def _parts(self, desk: Desk) -> Mapping[str, FastAPI]:
        """Return what needs an account, or a key."""
        return {
            "/desk": create_console(desk, self._gate, live=self._live, work=self._work),
            "/api/v1": create_api(desk, self._gate, allowances=self._allowances, work=self._work),
            FHIR: create_fhir(desk, self._gate, allowances=self._allowances),
        }

    def take(self, app: FastAPI) -> None:
        """Answer by that application from the next request on. One that goes on ends by the one it came to."""
        self._app = app
        forget_applications()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _pages(product: Product, wake: Callable[[], None]) -> list[APIRouter]:
    """Return the routes that people and mail programs open without an account."""
    pages = Pages(product.settings.public_url)
    patients = PatientPages(
        product.store, product.configuration, product.texts, product.words, product.links, product.clock
    )
    unsubscriber = Unsubscriber(product.store, product.configuration, product.links, product.clock)
    alerts = AlertPages(product.store, product.configuration, product.links, product.clock)
    bounces = Bounces(product.store, product.configuration, product.clock, product.owner)
    agendas = Agendas(product.store, product.configuration, product.links, product.clock)
    return [
        patient_pages(patients, pages, wake=wake),
        unsubscribe(unsubscriber, pages),
        bounce_hook(bounces, product.settings.inbound_token),
        alert_pages(alerts, pages),
        booking_hooks(BookingHooks(product.store, product.configuration, product.clock), wake),
        agenda_feed(agendas, product.settings.public_url),
    ]


def _twilio(product: Product, wake: Callable[[], None]) -> TwilioCallbacks | None:
    """Return what takes Twilio's calls, None where nobody could tell whether they are Twilio's."""
    settings = product.settings
    if not settings.twilio_auth_token:
        return None
    replies = product.replies
    replies.words()  # what can't be read is said now, not when a patient writes
    return TwilioCallbacks(
        store=product.store,
        clock=product.clock,
        public_url=settings.public_url,
        secrets=Secrets(settings.twilio_auth_token, settings.twilio_shared_keys),
        receipts=Receipts(product.store, product.configuration, product.clock, product.owner),
        replies=replies,
        wake=wake,
    )
