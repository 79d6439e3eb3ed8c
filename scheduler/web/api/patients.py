"""Patients: found without their addresses in any URL, read, corrected."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict

from scheduler.domain.access import Caller, Permission, Scope
from scheduler.services.correcting import correct
from scheduler.services.desk import Desk
from scheduler.services.intake import Details, Field, read_details
from scheduler.services.visit_search import Found, phones_of, search
from scheduler.store.database import Tx
from scheduler.store.listing.patients import patients_of_visits, patients_with
from scheduler.store.patient_search import MOST, Clues, find_by_traits, find_visits_named
from scheduler.store.patients import Patient, get_patient
from scheduler.web.access import needs, note
from scheduler.web.api.etags import refuse_changed, tag_of
from scheduler.web.api.fields import Address, IdOfPath, Input, Name, Output, Short, Slug, Tag, Tags, Zone
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.samples import PATIENT, PATIENT_EDIT, PATIENT_SEARCH

TAGS: Tags = ["patients"]
_WAYS = ("text", "phone", "email", "patient_id", "external_id")
_DETAILS = ("name", "phone", "email", "language", "timezone")


class PatientSearch(Input):
    """Whom to look for, by one of these; `text` is whatever somebody types, a part of a name too.

    A national phone is read as the clinics of the key write it.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [PATIENT_SEARCH]})

    clinic: Slug | None = None
    text: Short | None = None
    phone: Address | None = None
    email: Address | None = None
    patient_id: Short | None = None
    external_id: Short | None = None


class PatientEdit(Input):
    """What is to be corrected; what is left out stays, null takes it away (RFC 7396)."""

    model_config = ConfigDict(json_schema_extra={"examples": [PATIENT_EDIT]})

    name: Name | None = None
    phone: Address | None = None
    email: Address | None = None
    language: Tag | None = None
    timezone: Zone | None = None


class PatientShown(Output):
    """One patient. `patient_id` is the clinic's own; `name` is empty where the data were erased."""

    model_config = ConfigDict(json_schema_extra={"examples": [PATIENT]})

    id: int
    clinic: str
    patient_id: str | None
    name: str
    phone: str | None
    email: str | None
    language: str | None
    timezone: str | None

    @classmethod
    def of(cls, patient: Patient) -> Self:
        """Show a patient."""
        return cls(
            id=patient.id,
            clinic=patient.clinic,
            patient_id=patient.ref,
            name=patient.name,
            phone=patient.phone,
            email=patient.email,
            language=patient.language,
            timezone=patient.timezone,
        )


class PatientsShown(Output):
    """Whom a search found, the latest first; `more`: there are others, so that more letters help."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [PATIENT], "more": False}]})

    items: list[PatientShown]
    more: bool


def add_patients(api: APIRouter, desk: Desk) -> None:
    """Add the routes."""

    @api.post("/patients/search", tags=TAGS)
    def find(
        body: PatientSearch,
        request: Request,
        caller: Annotated[Caller, Depends(needs(Permission.READ, "patients.searched"))],
    ) -> PatientsShown:
        """Find patients. What is looked for is in the body, so that no log and no proxy learns it."""
        scope = caller.scope(Permission.READ, body.clinic)
        note(request, clinic=body.clinic)
        with desk.store.read() as tx:
            found = _find(tx, desk, body, scope)
            ids = tuple(dict.fromkeys((*found.patients, *patients_of_visits(tx, found.visits))))[:MOST]
            items = [PatientShown.of(it) for it in patients_with(tx, ids)]
        return PatientsShown(items=items, more=found.more)

    @api.get("/patients/{patient:record}", tags=TAGS)
    def get_one(
        patient: IdOfPath,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.READ, "patient.seen"))],
    ) -> PatientShown:
        """Return a patient."""
        with desk.store.read() as tx:
            shown = PatientShown.of(visible_patient(tx, request, caller, patient))
        response.headers["ETag"] = tag_of(shown)
        return shown

    @api.patch("/patients/{patient:record}", tags=TAGS)
    def edit(
        patient: IdOfPath,
        body: PatientEdit,
        request: Request,
        response: Response,
        caller: Annotated[Caller, Depends(needs(Permission.CARE, "patient.corrected"))],
    ) -> PatientShown:
        """Correct a patient: what is still to be sent goes to the new addresses, in the new language and zone."""
        with desk.store.write() as tx:
            known = visible_patient(tx, request, caller, patient, Permission.CARE)
            refuse_changed(request, PatientShown.of(known))
            details = _details(desk, known, body)
            done = correct(tx, desk.configuration, patient, details, now=desk.clock.now(), by=caller.label)
            shown = PatientShown.of(done.patient)
        desk.wake()
        response.headers["ETag"] = tag_of(shown)
        return shown


def visible_patient(
    tx: Tx, request: Request, caller: Caller, patient: int, permission: Permission = Permission.READ
) -> Patient:
    """Return a patient with whom the caller may do that. Raises NotFoundError or ForbiddenError."""
    found = get_patient(tx, patient)
    note(request, clinic=found.clinic, subject=f"patient/{found.id}")
    caller.demand(permission, found.clinic)
    return found


def _find(tx: Tx, desk: Desk, body: PatientSearch, scope: Scope) -> Found:
    """Look in the way that is asked for. Raises ApiError where none is, or several."""
    given = {name: value for name in _WAYS if (value := getattr(body, name))}
    if len(given) != 1:
        hint = f"send one of {', '.join(_WAYS)}"
        raise invalid(Wrong("body", "text", "exactly one way to look is needed", hint))
    ((way, text),) = given.items()
    if way == "text":
        return search(tx, desk.configuration, text, scope)
    clinics = [it for name, it in desk.configuration.clinics.items() if scope.holds(name)]
    names = [it.id for it in clinics]
    if way == "external_id":
        return Found((), tuple(find_visits_named(tx, None, text, names, scope)), more=False)
    clues = Clues(
        name="",
        phones=phones_of(text, clinics) if way == "phone" else (),
        email=text if way == "email" else None,
        ref=text if way == "patient_id" else None,
        clinics=names,
    )
    return Found(find_by_traits(tx, clues, scope), (), more=False)


def _details(desk: Desk, known: Patient, body: PatientEdit) -> Details:
    """Return the patient as it is to be. Raises ApiError or RegistrationError."""
    given = body.model_fields_set
    if "name" in given and not body.name:
        raise invalid(Wrong("body", "name", "can't be taken away", "send a name, or leave it out"))
    wanted = {name: getattr(body if name in given else known, name) for name in _DETAILS}
    clinic = desk.configuration.clinic(known.clinic)
    return read_details({Field(name): value for name, value in wanted.items() if value}, clinic)
