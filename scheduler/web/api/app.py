"""The REST API as an application of its own, to be mounted at /api/v1."""

from functools import cache
from typing import Any
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse

from scheduler.clock import Clock, SystemClock
from scheduler.services.desk import Desk
from scheduler.services.repeating import Repeating
from scheduler.services.schedule_work import ScheduleWork
from scheduler.web.access import Gate, open_to_all
from scheduler.web.api.agenda_links import add_agenda_links
from scheduler.web.api.alerts import add_alerts
from scheduler.web.api.applies import add_applies
from scheduler.web.api.appointments import add_appointments
from scheduler.web.api.booking_systems import add_booking_systems
from scheduler.web.api.bookings import add_bookings
from scheduler.web.api.callers import Allowances, identify_within
from scheduler.web.api.consent import add_consent
from scheduler.web.api.contact import add_contact
from scheduler.web.api.deliveries import add_deliveries
from scheduler.web.api.delivery_export import add_delivery_export
from scheduler.web.api.document import INFO, document_of
from scheduler.web.api.failures import handle_failures
from scheduler.web.api.files import add_files
from scheduler.web.api.front import Front
from scheduler.web.api.guesses import add_guesses
from scheduler.web.api.health import add_health
from scheduler.web.api.hook_calls import add_hook_calls
from scheduler.web.api.hooks import add_hooks
from scheduler.web.api.imports import add_imports
from scheduler.web.api.managing import add_managing
from scheduler.web.api.messages import add_messages
from scheduler.web.api.once import Once
from scheduler.web.api.outbox import add_outbox
from scheduler.web.api.patients import add_patients
from scheduler.web.api.pauses import add_pauses
from scheduler.web.api.plans import add_plans
from scheduler.web.api.privacy import add_privacy
from scheduler.web.api.registering import add_registering
from scheduler.web.api.replies import add_replies
from scheduler.web.api.route import routes_of
from scheduler.web.api.schedules import add_schedules
from scheduler.web.api.senders import add_senders
from scheduler.web.api.sending import add_sending
from scheduler.web.api.steps import add_steps
from scheduler.web.api.texts import add_texts
from scheduler.web.api.undos import add_undos
from scheduler.web.api.users import add_users

PATH = "/api/v1"
_PARTS = (
    add_registering,
    add_appointments,
    add_steps,
    add_imports,
    add_guesses,
    add_undos,
    add_patients,
    add_contact,
    add_consent,
    add_privacy,
    add_messages,
    add_sending,
    add_outbox,
    add_deliveries,
    add_delivery_export,
    add_replies,
    add_alerts,
    add_pauses,
    add_bookings,
    add_booking_systems,
    add_hooks,
    add_hook_calls,
    add_files,
    add_senders,
    add_health,
)


def create_api(
    desk: Desk,
    gate: Gate,
    *,
    allowances: Allowances | None = None,
    machine_clock: Clock | None = None,
    work: ScheduleWork | None = None,
) -> FastAPI:
    """Make the application: it answers by the files of that desk, to the keys that the gate knows.

    `allowances` are given where they are counted beyond this application. `machine_clock` is the machine's own time,
    by which repeated requests are forgotten, also where the desk's clock is a time-lapse. `work` is one for a
    process, which the console has too.
    """
    api = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, **INFO)
    api.state.identify = identify_within(gate, allowances or Allowances())
    api.state.has_cookies = False
    api.state.public_host = urlsplit(desk.settings.public_url).netloc.lower()
    clock = machine_clock or SystemClock()
    api.router.route_class = routes_of(gate, Once(Repeating(desk.store, clock)))
    work = work or ScheduleWork()
    for add in _PARTS:
        add(api.router, desk)
    for add_of_work in (add_schedules, add_plans, add_applies):
        add_of_work(api.router, desk, work)
    add_texts(api.router, desk)
    add_managing(api.router, desk, clock)
    add_users(api.router, desk, clock)
    add_agenda_links(api.router, desk, clock)
    handle_failures(api)
    api.add_middleware(Front)

    @cache
    def document() -> dict[str, Any]:
        """Make it when it is asked for first: it takes as long as all the rest."""
        return document_of(api, desk.settings.public_url.rstrip("/") + PATH)

    @api.get("/openapi.json", include_in_schema=False, dependencies=[Depends(open_to_all("it names no data"))])
    def openapi() -> JSONResponse:
        """Return the document that describes all of this."""
        return JSONResponse(document())

    api.openapi = document  # type: ignore[method-assign]  # what the framework and its tools ask for
    return api
