"""Which addresses of a patient are FHIR's: what a resource told, and nobody before it, it may withdraw."""

from dataclasses import replace

from scheduler.domain.alert import OF_A_PATIENT, AlertKind
from scheduler.domain.reasons import because
from scheduler.services.alerts import raise_alert
from scheduler.services.fhir.issues import Code, Issue
from scheduler.services.fhir.persons import Who
from scheduler.services.fhir.wishes import Occasion
from scheduler.services.intake import Field
from scheduler.store.database import Tx
from scheduler.store.fhir_links import Link, links_of_patient
from scheduler.store.patient_file import visits_waiting
from scheduler.store.patients import Patient, described

_SILENT = (
    "neither phone nor email is left, and there are messages to come for appointment {visits}: nothing reaches this "
    "patient until an address is sent, or entered here"
)


def gone(tx: Tx, known: Patient | None, own: Link | None, who: Who) -> list[Field]:
    """Return which addresses a resource told before (`own`) and tells no more.

    What others told stays; so does what is there where something is told instead that can't be read.
    """
    if known is None or own is None:
        return []
    traits = described(tx.vault, known).traits
    pairs = {Field.PHONE: (traits.phone, own.phone), Field.EMAIL: (traits.email, own.email)}
    return [
        name
        for name, (kept, told) in pairs.items()
        if kept and kept == told and name not in who.raw and not who.points[name].wrong
    ]


def addressed(tx: Tx, before: Patient | None, now: Patient, who: Who, link: Link, *, is_whole: bool) -> Link:
    """Return a link with the addresses that are FHIR's: those that a resource told, but not what was there before.

    `before` is the patient as it was, None for somebody new; `is_whole`: all addresses were told.
    """
    links = links_of_patient(tx, now.id)
    kept, then = described(tx.vault, now).traits, described(tx.vault, before).traits if before else None
    phones = {link.phone, *(it.phone for it in links)}
    emails = {link.email, *(it.email for it in links)}
    has_phone, has_email = ({name} & {*who.raw} or who.points[name].wrong for name in (Field.PHONE, Field.EMAIL))
    phone = kept.phone if then is None or kept.phone != then.phone or kept.phone in phones else None
    email = kept.email if then is None or kept.email != then.email or kept.email in emails else None
    left = Link() if is_whole else link
    return replace(link, phone=phone if has_phone else left.phone, email=email if has_email else left.email)


def unreachable(occasion: Occasion, patient: Patient) -> tuple[Issue, ...]:
    """Say of a patient whose last address went while messages are to come that nothing reaches them: staff, too."""
    visits = visits_waiting(occasion.tx, patient.id)
    if patient.phone or patient.email or not visits:
        return ()
    why = because("no_address_left", patient=str(patient.id))
    subject = f"{OF_A_PATIENT}{patient.id}"
    raise_alert(
        occasion.tx, AlertKind.UNREACHABLE, subject, reasons=(why,), now=occasion.now, clinic=occasion.clinic.id
    )
    return (Issue(Code.BUSINESS_RULE, _SILENT.format(visits=", ".join(map(str, visits))), "telecom", "warning"),)
