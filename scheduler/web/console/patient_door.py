"""What all pages of a patient share: who may open them, and the form that says before what will happen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from scheduler.domain.access import Caller, Permission
from scheduler.errors import AftercareError, NotFoundError
from scheduler.services.desk import Desk
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.messages import Message, get_message
from scheduler.store.patients import Patient, peek_patient
from scheduler.web.access import note
from scheduler.web.console.reasons import Sayer
from scheduler.web.console.shell import Shell
from scheduler.web.console.words import words

Problems = Sequence[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Blank:
    """A field of a form. `kind` is a macro of parts.html.j2: field, area, select, choices, ticks or tick."""

    kind: str
    name: str
    label: object
    value: Any = ""
    hint: object = None
    options: Sequence[tuple[object, ...]] = ()
    required: bool = True
    attrs: Mapping[str, str] | None = None

    @property
    def others(self) -> Mapping[str, str]:
        """The attributes beside the type."""
        return {name: value for name, value in (self.attrs or {}).items() if name != "type"}


@dataclass(frozen=True, slots=True)
class Ask:
    """A small form: what will happen, in sentences, and the button that does it. `path` is where it is sent.

    `warns` are sentences that must not be overlooked. With `can` False there is no button: it can't be done now.
    """

    title: object
    says: Sequence[object]
    path: str
    button: object
    blanks: Sequence[Blank] = ()
    warns: Sequence[object] = ()
    danger: bool = False
    can: bool = True


@dataclass(frozen=True, slots=True)
class Door:
    """Loads what a page is about, where the caller may, and writes the pages."""

    desk: Desk
    shell: Shell

    def patient(self, request: Request, caller: Caller, number: int, permission: Permission) -> Patient:
        """Return a patient. Raises NotFoundError, for other clinics' too, or ForbiddenError."""
        with self.desk.store.read() as tx:
            found = peek_patient(tx, number)
        note(request, clinic=found.clinic, subject=f"patient/{number}")
        caller.demand(permission, found.clinic)
        return found

    def visit(self, patient: Patient, visit: int) -> StoredAppointment:
        """Return a visit of that patient. Raises NotFoundError."""
        with self.desk.store.read() as tx:
            found = get_appointment(tx, visit)
        if found.patient_id != patient.id:
            raise NotFoundError(f"appointment {visit} is not of patient {patient.id}")
        return found

    def message(self, patient: Patient, number: int) -> Message:
        """Return a step's message of that patient. Raises NotFoundError."""
        with self.desk.store.read() as tx:
            found = get_message(tx, number)
        if found.patient_id != patient.id or found.appointment_id is None:
            raise NotFoundError(f"message {number} is no step of patient {patient.id}")
        return found

    def words(self, request: Request, caller: Caller) -> Mapping[str, Any]:
        """Return the words of these pages in the reader's language."""
        found: Mapping[str, Any] = words(self.shell.language(request, caller))["patients"]
        return found

    def step(self, request: Request, caller: Caller, step: str) -> str:
        """Return what the reader calls a step."""
        return self.shell.formats(self.shell.language(request, caller)).step(step)

    def sayer(self, request: Request, caller: Caller, clinic: str) -> Sayer:
        """Return what says reasons to the reader."""
        return self.shell.sayer(request, caller, clinic)

    def told(self, request: Request, caller: Caller, patient: Patient, error: AftercareError) -> Problems:
        """Return why something about a patient is refused, as what is wrong with the whole form."""
        return [("", self.shell.told(request, caller, error, patient.clinic))]

    def ask(
        self,
        request: Request,
        caller: Caller,
        patient: Patient,
        ask: Ask,
        *,
        status: int = 200,
        problems: Problems = (),
    ) -> Response:
        """Show a form."""
        back = f"/patients/{patient.id}"
        return self.shell.page(
            request,
            caller,
            "patients/ask.html.j2",
            status=status,
            patient=patient,
            ask=ask,
            back=back,
            problems=problems,
        )
