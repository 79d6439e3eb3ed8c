"""A sample patient and visit, for previews, the check and the docs: plainly invented."""

from datetime import UTC, datetime

from scheduler.content.variables import Variables, variables_for
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Protocol

SAMPLE_NAMES = {"en": "Sample Patient", "es": "Paciente de Muestra", "fr": "Exemple Patient"}
SAMPLE_VISIT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def sample_variables(clinic: Clinic, protocol: Protocol, language: str) -> Variables:
    """Return the values of a message to nobody, for a visit on 2 March 2026."""
    name = SAMPLE_NAMES.get(language, SAMPLE_NAMES["en"])
    return variables_for(clinic, protocol, patient_name=name, language=language, starts_at=SAMPLE_VISIT)
