"""What the files of the installation say: its clinics and treatments."""

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Protocol
from scheduler.errors import NotFoundError
from scheduler.protocols.written import step_as_file
from scheduler.services.desk import Desk
from scheduler.web.access import needs, note
from scheduler.web.api.fields import Input, Output, Slug, Tags
from scheduler.web.api.samples import CLINIC, TREATMENT

TAGS: Tags = ["installation"]


class ClinicQuery(Input):
    """As which clinic has them."""

    clinic: Slug | None = None


class ClinicShown(Output):
    """One clinic."""

    model_config = ConfigDict(json_schema_extra={"examples": [CLINIC]})

    id: str
    name: str
    timezone: str
    languages: list[str]
    country: str
    phone: str

    @classmethod
    def of(cls, clinic: Clinic) -> Self:
        """Show a clinic."""
        return cls(
            id=clinic.id,
            name=clinic.name,
            timezone=clinic.timezone.key,
            languages=list(clinic.languages),
            country=clinic.country,
            phone=clinic.phone,
        )


class ClinicsShown(Output):
    """The clinics of the key."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [CLINIC]}]})

    items: list[ClinicShown]


class TreatmentShown(Output):
    """One treatment: `steps` as its protocol's file says them, `digest` of what the whole file means."""

    model_config = ConfigDict(json_schema_extra={"examples": [TREATMENT]})

    id: str
    title: dict[str, str]
    digest: str
    steps: list[dict[str, Any]]

    @classmethod
    def of(cls, protocol: Protocol) -> Self:
        """Show a treatment."""
        return cls(
            id=protocol.treatment,
            title=dict(protocol.title),
            digest=protocol.digest,
            steps=[step_as_file(step) for step in protocol.steps],
        )


class TreatmentsShown(Output):
    """The treatments that there are protocols for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [TREATMENT]}]})

    items: list[TreatmentShown]


def add_files(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.get("/clinics", tags=TAGS)
    def clinics(caller: Annotated[Caller, Depends(needs(Permission.READ, "-"))]) -> ClinicsShown:
        """List the clinics of the key."""
        scope = caller.scope(Permission.READ)
        known = desk.configuration.clinics
        return ClinicsShown(items=[ClinicShown.of(it) for name, it in sorted(known.items()) if scope.holds(name)])

    @api.get("/treatments", tags=TAGS)
    def treatments(
        request: Request,
        query: Annotated[ClinicQuery, Query()],
        caller: Annotated[Caller, Depends(needs(Permission.READ, "-"))],
    ) -> TreatmentsShown:
        """List the treatments; with `clinic` as that clinic has them, with its overrides."""
        note(request, clinic=query.clinic)
        caller.scope(Permission.READ, query.clinic)
        known = desk.configuration
        if query.clinic and query.clinic not in known.clinics:
            raise NotFoundError
        found = (
            known.protocol_for(query.clinic, it) if query.clinic else known.protocols[it] for it in known.protocols
        )
        return TreatmentsShown(items=[TreatmentShown.of(it) for it in found])
