"""The shipped clinics and texts on a real server, for a real browser."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn

from scheduler.content.templates import Texts
from scheduler.paths import shipped
from scheduler.protocols.lexicons import load_lexicons
from scheduler.protocols.loader import load
from scheduler.services.alert_page import AlertPages
from scheduler.services.links import Links
from scheduler.services.patient_page import PatientPages
from scheduler.settings import Settings
from scheduler.store.database import Store
from scheduler.store.messages import next_wake
from scheduler.web.alerts import alert_pages
from scheduler.web.app import create_app
from scheduler.web.pages import Pages
from scheduler.web.patient import patient_pages
from tests.servers.background import BackgroundLoop
from tests.services.house import House

VISIT = datetime(2026, 3, 18, 14, 0, tzinfo=UTC)
CHECKED = VISIT + timedelta(days=2, hours=1)


@dataclass
class Site:
    """A running installation; `house` is what works in it, on a clock that stands still."""

    url: str
    house: House
    links: Links

    def register(self, *, clinic: str = "lumiere", language: str = "en", visit: datetime = VISIT) -> int:
        """Register a patient before the visit, and let all go out that is due until the check."""
        phone = {"lumiere": "+14165550123", "serena": "+34600000123"}[clinic]
        who = {"name": "Zoë Lachance", "phone": phone, "email": "zoe@patients.example", "language": language}
        self.house.clock.move_to(visit - timedelta(days=10))
        appointment = self.house.register(
            clinic=clinic, treatment="microneedling", starts_at=visit.isoformat(), **who
        )
        for days in range(-9, 3):
            self._let_pass(visit + timedelta(days=days, hours=1))
        return appointment

    def _let_pass(self, until: datetime) -> None:
        """Move on to an instant, and let go out what is due by then: a pass with nothing to do costs as much."""
        with self.house.store.read() as tx:
            due = next_wake(tx)
        if due and due <= until:
            self.house.dispatch(until)
        else:
            self.house.clock.move_to(until)

    def page(self, appointment: int, *, lasts: timedelta = timedelta(days=60)) -> str:
        """Return the link to the page of an appointment."""
        visit, patient = self.house.appointment(appointment), self.house.patient(appointment)
        return self.links.page(patient.id, visit.id, patient.page_epoch, expires_at=visit.starts_at + lasts)


@contextmanager
def standing(store: Store, settings: Settings) -> Iterator[Site]:
    """Serve the patient's pages on a free port of loopback."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config, texts = shipped("config"), shipped("templates")
    house = House(store, replace(settings, public_url=url), Path(texts), configuration=load(config))
    links = Links(url, store.vault)
    patients = PatientPages(
        store, house.configuration, Texts(texts), lambda: load_lexicons(config), links, house.clock
    )
    alerts = AlertPages(store, house.configuration, links, house.clock)
    app = create_app(well=lambda: True, pages=[patient_pages(patients, Pages(url)), alert_pages(alerts, Pages(url))])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    loop = BackgroundLoop()
    loop.start()
    serving = loop.begin(server.serve(sockets=[listener]))
    try:
        yield Site(url, house, links)
    finally:
        server.should_exit = True
        serving.result(10)
        loop.stop()
        listener.close()
