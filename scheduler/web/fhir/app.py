"""The FHIR R4 server of each clinic as an application of its own, to be mounted at /fhir/r4."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.domain.fhir import FhirKind
from scheduler.errors import NotFoundError
from scheduler.services.desk import Desk
from scheduler.services.fhir.bundles import FhirIntake
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.statement import SYSTEM_INTERACTIONS, statement
from scheduler.services.fhir.wishes import Taken
from scheduler.web.access import Gate, needs, note, open_to_all
from scheduler.web.api.callers import Allowances, identify_within
from scheduler.web.api.front import Front
from scheduler.web.fhir.answers import answer, bundle_answer, taken_answer
from scheduler.web.fhir.failures import handle_failures
from scheduler.web.fhir.route import routes_of

PATH = "/fhir/r4"
_CLINIC = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def create_fhir(desk: Desk, gate: Gate, *, allowances: Allowances | None = None) -> FastAPI:
    """Make the application: it answers by the files of that desk, to the keys that the gate knows.

    `allowances` are given where they are counted beyond this application.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.identify = identify_within(gate, allowances or Allowances())
    app.state.has_cookies = False
    app.state.public_host = urlsplit(desk.settings.public_url).netloc.lower()
    app.router.route_class = routes_of(gate)
    _add_statement(app, desk)
    _add_bundles(app, desk)
    for kind in FhirKind:
        _add_kind(app, desk, kind)
    handle_failures(app)
    app.add_middleware(Front)
    return app


def _add_statement(app: FastAPI, desk: Desk) -> None:
    @app.get("/{clinic}/metadata", dependencies=[Depends(open_to_all("it names no data, whatever the clinic"))])
    def metadata(clinic: str) -> Response:
        """Return the CapabilityStatement."""
        if not _CLINIC.fullmatch(clinic):
            raise NotFoundError
        return answer(200, statement(_base(desk, clinic)))


def _add_bundles(app: FastAPI, desk: Desk) -> None:
    @app.post("/{clinic}")
    @app.post("/{clinic}/", include_in_schema=False)
    def take_bundle(
        clinic: str, request: Request, caller: Annotated[Caller, Depends(needs(Permission.BOOK, "fhir.bundle"))]
    ) -> Response:
        """Take a transaction, all or nothing, or each of a batch by itself."""
        intake = _intake(desk, request, caller, clinic)
        bundle = request.state.resource
        if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
            raise refuse(Code.INVALID, "is no Bundle: send other resources to the address of their type", "Bundle")
        kind = bundle.get("type")
        if kind not in SYSTEM_INTERACTIONS:
            raise refuse(Code.NOT_SUPPORTED, "is neither transaction nor batch", "Bundle.type")
        done = intake.take_all(bundle) if kind == "transaction" else intake.take_each(bundle)
        written = [it.subject for it in done if isinstance(it, Taken) and it.subject]
        note(request, clinic=clinic, subject=written[0] if len(written) == 1 else None)
        return bundle_answer(str(kind), done)


def _add_kind(app: FastAPI, desk: Desk, kind: FhirKind) -> None:
    action = f"fhir.{kind.lower()}"

    @app.post(f"/{{clinic}}/{kind}")
    def create(
        clinic: str, request: Request, caller: Annotated[Caller, Depends(needs(Permission.BOOK, action))]
    ) -> Response:
        """Take a resource that is new, or that was sent before under the same identifier."""
        intake = _intake(desk, request, caller, clinic)
        condition = request.headers.get("if-none-exist")
        wish = intake.wish(request.state.resource, kind, condition=condition, root=kind.value)
        return _answer(request, intake, intake.take_one(wish))

    @app.put(f"/{{clinic}}/{kind}/{{resource_id}}")
    def update(
        clinic: str,
        resource_id: str,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.BOOK, action))],
    ) -> Response:
        """Take a resource under the id that it has at its system: new, or changed."""
        intake = _intake(desk, request, caller, clinic)
        if not _ID.fullmatch(resource_id):
            raise refuse(Code.INVALID, "is no id: letters, digits, - and ., at most 64 of them", f"{kind}.id")
        wish = intake.wish(request.state.resource, kind, put_id=resource_id, root=kind.value)
        return _answer(request, intake, intake.take_one(wish))


def _intake(desk: Desk, request: Request, caller: Caller, clinic: str) -> FhirIntake:
    """Return what takes resources of a clinic. Raises NotFoundError, ForbiddenError."""
    note(request, clinic=clinic)
    caller.demand(Permission.BOOK, clinic)
    known = desk.configuration
    if clinic not in known.clinics and clinic not in known.unsound:
        raise NotFoundError
    return FhirIntake(desk, known.clinic(clinic), caller.label, _base(desk, clinic))


def _answer(request: Request, intake: FhirIntake, taken: Taken) -> Response:
    note(request, clinic=intake.clinic.id, subject=taken.subject)
    return taken_answer(taken, intake.base, minimal="return=minimal" in request.headers.get("prefer", "").lower())


def _base(desk: Desk, clinic: str) -> str:
    return f"{desk.settings.public_url.rstrip('/')}{PATH}/{clinic}"
