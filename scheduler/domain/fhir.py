"""What FHIR calls the things that a clinic's system tells of."""

from enum import StrEnum


class FhirKind(StrEnum):
    """The types of resources that are taken."""

    PATIENT = "Patient"
    APPOINTMENT = "Appointment"
    PROCEDURE = "Procedure"
