"""A sample patient, visit, reply and alert, for previews, the check and the docs: plainly invented."""

from datetime import UTC, datetime

from scheduler.content.advice import advice_of
from scheduler.content.formats import Lines
from scheduler.content.variables import Variables, notice_variables, variables_for
from scheduler.domain.advice import Catalogue
from scheduler.domain.alert import AlertKind
from scheduler.domain.appointment import Appointment
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Protocol, Step
from scheduler.domain.timing import visit_of

SAMPLE_NAMES = {"en": "Sample Patient", "es": "Paciente de Muestra", "fr": "Exemple Patient"}
SAMPLE_VISIT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SAMPLE_PAGE = "https://aftercare.example/p/" + ("sample" * 10)[:59]
SAMPLE_UNSUBSCRIBE = "https://aftercare.example/u/" + ("sample" * 6)[:32]
SAMPLE_ALERT = "https://aftercare.example/a/" + "sample" * 8
"""Addresses as long as real ones: an SMS costs by its length."""


def sample_variables(
    clinic: Clinic, protocol: Protocol, language: str, *, links: bool = True, first_contact: bool = False
) -> Variables:
    """Return the values of a message to nobody, for a visit on 2 March 2026, with or without a patient's links.

    The advice of a step comes with `sample_advice`.
    """
    return variables_for(
        clinic,
        protocol,
        patient_name=SAMPLE_NAMES.get(language, SAMPLE_NAMES["en"]),
        language=language,
        starts_at=SAMPLE_VISIT,
        page_url=SAMPLE_PAGE if links else None,
        unsubscribe_url=SAMPLE_UNSUBSCRIBE if links else None,
        first_contact=first_contact,
    )


def sample_advice(clinic: Clinic, protocol: Protocol, step: Step, catalogue: Catalogue, language: str) -> Lines:
    """Return the lines of a step's advice for that visit. Raises TemplateError, see `advice_lines`."""
    visit = visit_of(Appointment(SAMPLE_VISIT), protocol.duration, clinic.timezone, None)
    return advice_of(step, visit, catalogue, clinic, language)


def sample_answer(clinic: Clinic, language: str, *, links: bool = True) -> Variables:
    """Return the values of an answer to nobody."""
    return notice_variables(clinic, language, page_url=SAMPLE_PAGE if links else None)


def sample_alert(clinic: Clinic, language: str, reason: AlertKind) -> Variables:
    """Return the values of an alert about nothing, since 2 March 2026."""
    return notice_variables(
        clinic, language, alert_link=SAMPLE_ALERT, alert_since=SAMPLE_VISIT, alert_reason=reason.value
    )
