"""The links to patients' pages: one is made for a visit, and all of a patient's are closed."""

from dataclasses import dataclass, field
from datetime import datetime

from scheduler.domain.appointment import AppointmentCause
from scheduler.errors import ConflictError
from scheduler.logs import get_logger
from scheduler.services.letters import PAGE_LASTS
from scheduler.services.links import Links
from scheduler.store.appointments import get_appointment
from scheduler.store.database import Tx
from scheduler.store.events import record_visits
from scheduler.store.pages import revoke_pages
from scheduler.store.patients import get_patient

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link to a patient's page: whoever has it sees the page, until `expires_at` (aware UTC)."""

    url: str = field(repr=False)
    expires_at: datetime


def page_link(tx: Tx, links: Links, appointment_id: int, *, now: datetime) -> PageLink:
    """Return the link to the page of a visit, as its messages carry it.

    Raises NotFoundError, or ConflictError when the visit is so long past that the page is closed.
    """
    visit = get_appointment(tx, appointment_id)
    expires_at = visit.starts_at + PAGE_LASTS
    if expires_at <= now:
        raise ConflictError(
            f"the page of appointment {appointment_id} closed on {expires_at:%Y-%m-%d}, "
            f"{PAGE_LASTS.days} days after the appointment: a later one of the patient has a page of its own"
        )
    patient = get_patient(tx, visit.patient_id)
    return PageLink(links.page(patient.id, visit.id, patient.page_epoch, expires_at=expires_at), expires_at)


def revoke_links(tx: Tx, appointment_id: int, *, by: str, now: datetime) -> int:
    """Close every link to the pages of an appointment's patient, of whatever visit; return the patient.

    What is sent from now on carries new ones. `by` stands in the appointment's history. The caller commits. Raises
    NotFoundError.
    """
    patient_id = get_appointment(tx, appointment_id).patient_id
    revoke_pages(tx, patient_id, now=now)
    record_visits(tx, [(appointment_id, AppointmentCause.LINKS_REVOKED)], at=now, by=by)
    log.info("page.links_revoked", patient=patient_id)
    return patient_id
