"""New appointments: registered once however often they are sent, and planned for whoever only wants to see."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.states import Status
from scheduler.errors import NotFoundError
from scheduler.protocols.hints import suggest
from scheduler.services.desk import Desk
from scheduler.services.intake import Field, Registration, read_registration
from scheduler.services.order import is_ahead
from scheduler.services.registering import demand_appointment, look
from scheduler.services.registration import Registrar, Result
from scheduler.services.undoing import Undoable, keep
from scheduler.store.appointments import get_appointment
from scheduler.web.access import needs, note
from scheduler.web.api.appointments import told
from scheduler.web.api.fields import Address, Input, Instant, Moment, Name, Output, Short, Slug, Tag, Tags, Zone
from scheduler.web.api.pages import BASE
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.samples import NEW_APPOINTMENT, PLAN
from scheduler.web.api.undos import offer
from scheduler.web.api.visits_shown import TimelineShown

TAGS: Tags = ["appointments"]
CREATED = 201
Consent = Literal["yes", "no", "unknown"]


class NewAppointment(Input):
    """An appointment with its patient, who is found by `patient_id`, else by name with phone or email.

    At least one of phone and email is there. Phones are read as the clinic's country writes them, or with + and the
    country code. `external_id` is the booking system's, and makes a repeated request harmless. `updated_at` is when
    the booking system last changed it: exports and webhooks that say something older do not move it. It is at most a
    day ahead of this system's clock.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [NEW_APPOINTMENT]})

    clinic: Slug
    treatment: Slug
    name: Name
    phone: Address | None = None
    email: Address | None = None
    language: Tag | None = None
    timezone: Zone | None = None
    external_id: Short | None = None
    patient_id: Short | None = None
    starts_at: Moment
    ends_at: Moment | None = None
    consent_sms: Consent = "unknown"
    consent_email: Consent = "unknown"
    consent_marketing: Consent = "unknown"
    updated_at: Moment | None = None


class PlannedShown(Output):
    """A message that would be planned."""

    step: str
    channel: Channel
    occurrence: int
    purpose: Purpose
    due_at: Instant
    useful_until: Instant
    status: Status
    reason: str


class PlanShown(Output):
    """What registering an appointment would do: `appointment` is its number where it is there already."""

    model_config = ConfigDict(json_schema_extra={"examples": [PLAN]})

    result: Result
    appointment: int | None
    reason: str
    clinic: str
    treatment: str
    starts_at: Instant
    messages: list[PlannedShown]


def add_registering(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.post("/appointments", tags=TAGS, status_code=CREATED, responses={200: {"model": TimelineShown}})
    def register(
        body: NewAppointment,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "appointment.registered"))],
    ) -> TimelineShown:
        """Register an appointment and return its plan.

        201 for a new one. The same again is 200, and changes nothing; another content for the same is 409, and so is
        a booking that the booking system called off later than `updated_at`.
        """
        registration = _read(desk, caller, body)
        with desk.store.write() as tx:
            registrar = Registrar(desk.configuration, desk.clock, by=caller.label, exact=True)
            done = registrar.register(tx, registration)
            visit = demand_appointment(done)
            new = [visit] if done.result is Result.REGISTERED else []
            undoable = [Undoable.of(get_appointment(tx, it), None) for it in new]
            undo = keep(tx, desk, registration.clinic, "registered", undoable, by=caller.label)
        desk.wake()
        with desk.store.read() as tx:
            shown = TimelineShown.of(told(tx, desk, visit))
        note(request, clinic=registration.clinic, subject=f"appointment/{visit}")
        response.status_code = CREATED if done.result is Result.REGISTERED else 200
        address = f"{desk.settings.public_url.rstrip('/')}{BASE}/appointments/{visit}"
        response.headers["Location"] = address
        offer(response, desk, undo)
        return shown

    @api.post("/appointments/plan", tags=TAGS)
    def plan(
        body: NewAppointment,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, "appointment.planned"))],
    ) -> PlanShown:
        """Return what registering it would bring about. Nothing is stored."""
        registration = _read(desk, caller, body)
        note(request, clinic=registration.clinic)
        found = look(desk, registration, by=caller.label)
        timeline = found.timeline
        return PlanShown(
            result=found.result,
            appointment=found.before.id if found.before else None,
            reason=found.reason,
            clinic=timeline.clinic,
            treatment=timeline.treatment,
            starts_at=timeline.starts_at,
            messages=[PlannedShown.model_validate(it, from_attributes=True) for it in timeline.messages],
        )


def _read(desk: Desk, caller: Caller, body: NewAppointment) -> Registration:
    """Check what was sent. Raises ApiError, RegistrationError, NotFoundError, ForbiddenError."""
    caller.demand(Permission.BOOK, body.clinic)
    known = desk.configuration
    if body.clinic not in known.clinics and body.clinic not in known.unsound:
        raise NotFoundError
    clinic = known.clinic(body.clinic)
    if body.treatment not in known.protocols:
        hint = suggest(body.treatment, known.protocols) or "GET /treatments names all there are"
        raise invalid(Wrong("body", "treatment", "there is no such treatment", hint))
    named = {Field(name): value for name, value in body.model_dump(exclude={"clinic", "treatment"}).items() if value}
    registration = read_registration(named, clinic, body.treatment)
    if is_ahead(registration.age, desk.clock.now()):
        hint = "send when the booking was last changed, in UTC or with its offset; see the clocks of both"
        raise invalid(Wrong("body", "updated_at", "is more than a day ahead", hint))
    return registration
