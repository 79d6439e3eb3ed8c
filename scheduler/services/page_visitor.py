"""Who stands before a patient's page: what its link says, compared with what holds now."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.domain.clinic import Clinic
from scheduler.errors import NotFoundError
from scheduler.protocols.configuration import Configuration
from scheduler.services.links import LinkFault, Links
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.database import Tx
from scheduler.store.patients import Patient, get_patient


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose page it is, and of which visit. `language` is the one that the clinic's texts are in."""

    clinic: Clinic
    patient: Patient
    visit: StoredAppointment
    language: str

    @property
    def zone(self) -> ZoneInfo:
        """Where the patient lives, as far as is known."""
        return ZoneInfo(self.patient.timezone) if self.patient.timezone else self.clinic.timezone


@dataclass(frozen=True, slots=True)
class Closed:
    """A link that opens nothing. Both are None where it was never ours: then nothing is told about anybody."""

    clinic: Clinic | None = None
    language: str | None = None


def admit(tx: Tx, links: Links, configuration: Configuration, token: str, *, now: datetime) -> Visitor | Closed:
    """Return who may see the page behind a link, or why nobody may.

    A link holds for its patient and visit, until it expires and while the patient's pages were not revoked since.
    Raises KeysError when the patient's data can't be opened.
    """
    claim = links.read_page_whenever(token)
    if isinstance(claim, LinkFault):
        return Closed()
    try:
        patient, visit = get_patient(tx, claim.patient_id), get_appointment(tx, claim.appointment_id)
    except NotFoundError:  # removed since
        return Closed()
    clinic = configuration.clinics.get(patient.clinic)
    if clinic is None:
        return Closed()
    language = clinic.language_for(patient.language)
    holds = now < claim.expires_at and claim.epoch == patient.page_epoch and visit.patient_id == patient.id
    return Visitor(clinic, patient, visit, language) if holds else Closed(clinic, language)
