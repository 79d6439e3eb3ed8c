"""Pauses: what goes to a patient, from a clinic, on a channel or at all stops, until it is resumed."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict

from scheduler.domain.access import EVERY_CLINIC, Caller, Permission
from scheduler.domain.brakes import Scope
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel
from scheduler.errors import ForbiddenError, NotFoundError
from scheduler.services import pausing
from scheduler.services.desk import Desk
from scheduler.store.database import Tx
from scheduler.store.pauses import Order, orders_in_force
from scheduler.web.access import needs, note
from scheduler.web.api.fields import Id, IdOfPath, Input, Instant, Note, Output, Slug, Tags
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.samples import NEW_PAUSE, PAUSE, PAUSED, RESUMED

TAGS: Tags = ["pauses"]
CREATED = 201


class PauseQuery(Input):
    """Which pauses."""

    clinic: Slug | None = None


class NewPause(Input):
    """What is to stop: all that goes to one patient, of one clinic, or of all; on one channel, or on every one."""

    model_config = ConfigDict(json_schema_extra={"examples": [NEW_PAUSE]})

    clinic: Slug | None = None
    patient: Id | None = None
    appointment: Id | None = None
    everything: Literal[True] | None = None
    channel: Literal["sms", "email"] | None = None
    why: Note | None = None


class PauseShown(Output):
    """A pause in force; null for what it leaves open. `why` is what somebody wrote."""

    model_config = ConfigDict(json_schema_extra={"examples": [PAUSE]})

    id: int
    clinic: str | None
    channel: Channel | None
    patient: int | None
    by: str
    at: Instant
    why: str | None

    @classmethod
    def of(cls, order: Order) -> Self:
        """Show a pause."""
        clinic, channel, patient = order.pause.scope
        by, at = order.pause.by, order.pause.at
        return cls(id=order.id, clinic=clinic, channel=channel, patient=patient, by=by, at=at, why=order.why)


class PausesShown(Output):
    """The pauses that hold, the oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [PAUSE]}]})

    items: list[PauseShown]


class PausedShown(Output):
    """What a pause did: `waiting` messages are due within a day."""

    model_config = ConfigDict(json_schema_extra={"examples": [PAUSED]})

    result: Literal["paused", "unchanged"]
    pause: PauseShown
    waiting: int


class ResumedShown(Output):
    """What was lifted, how many messages that woke, and which pauses hold still."""

    model_config = ConfigDict(json_schema_extra={"examples": [RESUMED]})

    lifted: list[PauseShown]
    woken: int
    in_force: list[PauseShown]


def add_pauses(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.get("/pauses", tags=TAGS)
    def list_all(
        request: Request,
        query: Annotated[PauseQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "pauses.listed"))],
    ) -> PausesShown:
        """List the pauses that hold; those of all clinics, too."""
        note(request, clinic=query.clinic)
        with desk.store.read() as tx:
            return PausesShown(items=_held(tx, caller, query.clinic))

    @api.post("/pauses", tags=TAGS, status_code=CREATED, responses={200: {"model": PausedShown}})
    def pause(
        body: NewPause,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "pause.set"))],
    ) -> PausedShown:
        """Stop what is named, until it is resumed: 201. Where it is paused already: 200, the first order stays."""
        with desk.store.write() as tx:
            scope = _scope(tx, body)
            _demand(caller, scope.clinic)
            if scope.clinic:
                _refuse_unknown(desk, scope)
            done = pausing.pause(tx, scope, why=body.why, by=caller.label, now=desk.clock.now())
        note(request, clinic=scope.clinic, subject=f"pause/{done.order.id}")
        response.status_code = CREATED if done.is_new else 200
        result: Literal["paused", "unchanged"] = "paused" if done.is_new else "unchanged"
        return PausedShown(result=result, pause=PauseShown.of(done.order), waiting=done.waiting)

    @api.delete("/pauses/{pause:record}", tags=TAGS)
    def resume(
        pause: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "pause.lifted"))],
    ) -> ResumedShown:
        """Let go on what a pause stopped. What waited is tried at once; late messages follow their steps' rules."""
        with desk.store.write() as tx:
            order = next((it for it in orders_in_force(tx) if it.id == pause), None)
            if order is None:
                raise NotFoundError
            scope = order.pause.scope
            _demand(caller, scope.clinic)
            note(request, clinic=scope.clinic, subject=f"pause/{pause}")
            done = pausing.resume(tx, scope, by=caller.label, now=desk.clock.now())
            lifted, rest = [PauseShown.of(it) for it in done.lifted], _held(tx, caller, None)
        desk.wake()
        return ResumedShown(lifted=lifted, woken=done.woken, in_force=rest)


def _held(tx: Tx, caller: Caller, clinic: str | None) -> list[PauseShown]:
    scope = caller.scope(Permission.READ, clinic)
    return [PauseShown.of(it) for it in orders_in_force(tx) if scope.holds(it.pause.scope.clinic)]


def _scope(tx: Tx, body: NewPause) -> Scope:
    """Return what is named. Raises ApiError where nothing is, or two things; NotFoundError."""
    channel = next((it for it in PATIENT_CHANNELS if it.value == body.channel), None)
    named = [name for name in ("clinic", "patient", "appointment", "everything") if getattr(body, name) is not None]
    if len(named) != 1:
        hint = "send clinic, patient, appointment, or everything: true"
        raise invalid(Wrong("body", named[-1] if named else "clinic", "exactly one thing is paused at once", hint))
    if body.patient:
        return pausing.patient_numbered(tx, body.patient, channel)
    if body.appointment:
        return pausing.patient_of_appointment(tx, body.appointment, channel)
    return Scope(body.clinic, channel)


def _demand(caller: Caller, clinic: str | None) -> None:
    """Demand the permission at the clinic; what stops all clinics, at every one."""
    if clinic is not None:
        caller.demand(Permission.CARE, clinic)
    elif not caller.may(Permission.CARE, EVERY_CLINIC):
        raise ForbiddenError("what concerns every clinic needs a key for every clinic: ask an administrator")


def _refuse_unknown(desk: Desk, scope: Scope) -> None:
    """Refuse a clinic that there is not: a pause of it would stop nothing."""
    known = {*desk.configuration.clinics, *desk.configuration.unsound}
    if scope.patient is None and scope.clinic not in known:
        raise NotFoundError
