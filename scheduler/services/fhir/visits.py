"""Reads an Appointment: where it stands, for what it is, and which participant is the patient."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.clinic import Clinic
from scheduler.errors import RegistrationError
from scheduler.protocols.configuration import Configuration
from scheduler.services.arriving import our_treatment
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.references import Place
from scheduler.services.fhir.shape import Resource

STATUSES: Mapping[str, AppointmentStatus] = {
    "booked": AppointmentStatus.BOOKED,
    "arrived": AppointmentStatus.BOOKED,
    "checked-in": AppointmentStatus.BOOKED,
    "fulfilled": AppointmentStatus.COMPLETED,
    "cancelled": AppointmentStatus.CANCELLED,
    "entered-in-error": AppointmentStatus.CANCELLED,
    "noshow": AppointmentStatus.NO_SHOW,
}
"""Those that are not here nobody has agreed on yet: what was booked is on no more, what is new is not taken."""


def status_of(appointment: Resource, patients: Sequence[int]) -> AppointmentStatus | None:
    """Return where an appointment stands; None for one that is not booked, or that the patient has declined.

    `patients` are the participants who are patients, by their numbers.
    """
    status = STATUSES.get(appointment["status"])
    declined = any(appointment["participant"][it]["status"] == "declined" for it in patients)
    return None if declined and status is AppointmentStatus.BOOKED else status


def patient_of(appointment: Resource, patients: Sequence[int]) -> Place:
    """Return the reference to the patient. Raises NotTakenError where there is none, or are several."""
    if not patients:
        raise refuse(Code.REQUIRED, "no participant is a Patient: say for whom it is", "participant")
    if len(patients) > 1:
        raise refuse(Code.BUSINESS_RULE, "is for several patients: send one appointment for each", "participant")
    return Place(appointment["participant"][patients[0]]["actor"], f"participant[{patients[0]}].actor")


def concepts_of(appointment: Resource) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Return what says for what it is, each with its FHIRPath."""
    found = [
        (f"{name}[{index}]", it)
        for name in ("serviceType", "reasonCode")
        for index, it in enumerate(appointment.get(name, ()))
    ]
    style = appointment.get("appointmentType")
    return [*found, *([("appointmentType", style)] if style else [])]


def treatment_of(
    concepts: Sequence[tuple[str, Mapping[str, Any]]], clinic: Clinic, configuration: Configuration
) -> str:
    """Return our treatment that these concepts name, as `import.treatments` of the clinic's file has it.

    A concept is known by system|code, by its code, by what is displayed, or by its text. Raises NotTakenError.
    """
    found: dict[str, str] = {}
    unknown: list[tuple[str, str]] = []
    for at, concept in concepts:
        for word in _words(concept):
            try:
                found.setdefault(our_treatment(word, clinic, configuration), at)
            except RegistrationError as error:
                unknown.append((at, str(error).removeprefix("treatment: ")))
    if len(found) > 1:
        said = ", ".join(sorted(found))
        raise refuse(Code.BUSINESS_RULE, f"stands for several treatments here: {said}", concepts[0][0])
    for treatment in found:
        return treatment
    if unknown:
        at, words = unknown[-1]
        raise refuse(Code.CODE_INVALID, words, at)
    raise refuse(Code.REQUIRED, "nothing says for which treatment it is: send a code or a text", "")


def _words(concept: Mapping[str, Any]) -> Iterator[str]:
    for coding in concept.get("coding", ()):
        code, system = coding.get("code", ""), coding.get("system", "")
        yield from (
            it for it in (f"{system}|{code}" if system and code else "", code, coding.get("display", "")) if it
        )
    if text := concept.get("text"):
        yield text
