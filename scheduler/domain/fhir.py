"""What FHIR calls the things that a clinic's system tells of."""

from enum import StrEnum


class FhirKind(StrEnum):
    """The types of resources that are taken."""

    PATIENT = "Patient"
    APPOINTMENT = "Appointment"
    PROCEDURE = "Procedure"


class Says(StrEnum):
    """What a resource said last of the visit that it became; or who said it of a patient."""

    ON = "on"
    """It is booked, or was before it began."""
    DONE = "done"
    """It took place."""
    DONE_TOO = "done_too"
    """It took place, which somebody who does not speak FHIR had said before: an export, staff."""
    OFF = "off"
    """It is not on, or did not take place."""
    WITHIN = "within"
    """Of a patient, not of a visit: a resource that contains them; its age is none of the Patient's own words."""
