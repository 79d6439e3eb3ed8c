"""What a patient may ask for: all that is held of them, and that it is erased."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import ConfigDict, RootModel

from scheduler.domain.access import Caller, Permission
from scheduler.services.desk import Desk
from scheduler.services.erasing import erase
from scheduler.services.exporting import as_json, export_patient
from scheduler.web.access import needs
from scheduler.web.api.fields import IdOfPath, Output, Tags
from scheduler.web.api.patients import visible_patient
from scheduler.web.api.samples import ERASED, EXPORT

TAGS: Tags = ["patients"]


class ExportShown(RootModel[dict[str, Any]]):
    """All that is held of a patient."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXPORT]})


class ErasedShown(Output):
    """What was erased: messages cancelled and emptied, replies emptied, addresses that get nothing any more."""

    model_config = ConfigDict(json_schema_extra={"examples": [ERASED]})

    patient: int
    clinic: str
    cancelled: int
    messages: int
    replies: int
    stopped: int


def add_privacy(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.get("/patients/{patient:record}/export", tags=TAGS, response_model=ExportShown)
    def export(
        patient: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.ERASE, "patient.exported"))],
    ) -> Response:
        """Return everything that is held of a patient, for the person themselves."""
        with desk.store.read() as tx:
            visible_patient(tx, request, caller, patient, Permission.ERASE)
            told = export_patient(tx, desk.configuration, patient, now=desk.clock.now())
        return Response(as_json(told), media_type="application/json")

    @api.post("/patients/{patient:record}/erase", tags=TAGS)
    def forget(
        patient: IdOfPath,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.ERASE, "patient.erased"))],
    ) -> ErasedShown:
        """Erase a patient for good. Refused while something is on its way; asked again, it erases what came since."""
        with desk.store.read() as tx:
            visible_patient(tx, request, caller, patient, Permission.ERASE)
        done = erase(desk.store, desk.settings.outbox_dir, patient, now=desk.clock.now(), by=caller.label)
        desk.wake()
        return ErasedShown(**asdict(done))
