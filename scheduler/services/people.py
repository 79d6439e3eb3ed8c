"""Who a registration is about: the patient it finds or makes, with the addresses and the consent that it brings."""

from dataclasses import replace

from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Answers, entries_at_registration
from scheduler.domain.slips import is_slip
from scheduler.errors import ConflictError
from scheduler.services.book import Book
from scheduler.services.intake import CallOff, Registration
from scheduler.store.appointments import StoredAppointment
from scheduler.store.names import plain_email, plain_name
from scheduler.store.patients import Patient, Person


def find_registered(book: Book, registration: Registration) -> Person | None:
    """Find the patient of a registration, changing nothing.

    Raises ConflictError when the clinic's own id finds somebody of whom nothing else fits.
    """
    found = book.find_person(registration)
    if found:
        _refuse_stranger(book, registration, found)
    return found


def take_in(book: Book, registration: Registration, clinic: Clinic) -> Patient:
    """Return the patient of a new appointment, found and brought up to date, or added."""
    found = find_registered(book, registration) or book.add_person(registration)
    return _bring_up_to_date(book, found.patient, registration, clinic)


def follow_up(book: Book, known: StoredAppointment, registration: Registration, clinic: Clinic) -> None:
    """Bring addresses and consent of a known appointment's patient up to date.

    Raises ConflictError, before anything is changed, when the registration names somebody else: two people may
    share a phone, so neither is turned into the other.
    """
    person = book.person(known.patient_id)
    if not _names(book, registration, person):
        raise ConflictError(
            f"external_id {registration.external_id} is appointment {known.id} of another patient: "
            "cancel it and register the new one with an external_id of its own",
            code="id_taken",
            visit=known.id,
        )
    _refuse_stranger(book, registration, person)
    _bring_up_to_date(book, person.patient, registration, clinic)


def refuse_other_particulars(
    book: Book, known: StoredAppointment, registration: Registration, clinic: Clinic
) -> None:
    """Raise ConflictError, naming the fields, where a registration says anything new of an appointment's patient.

    What it leaves out is nothing new.
    """
    patient = book.person(known.patient_id).patient
    pairs = {
        "patient_id": (registration.patient_ref, patient.ref),
        "name": (registration.name, patient.name),
        "phone": (registration.phone, patient.phone),
        "email": (registration.email, patient.email),
        "language": (registration.language, patient.language),
        "timezone": (registration.timezone, patient.timezone),
    }
    other = [name for name, (given, kept) in pairs.items() if given and given != kept]
    answers = Answers(registration.consent_sms, registration.consent_email, registration.consent_marketing)
    ledger = book.ledger(patient.id)
    if entries_at_registration(answers, ledger, at=book.now, when_unknown=clinic.consent_when_unknown):
        other.append("consent")
    if other:
        raise ConflictError(
            f"this is appointment {known.id}, registered with another {', '.join(other)}: correct that at patient "
            f"{patient.id}, or send the appointment as it was",
            code="other_particulars",
            visit=known.id,
        )


def refuse_anothers(patient: Patient, known: StoredAppointment, said: Registration | CallOff) -> None:
    """Raise ConflictError where nothing that is said of the person fits whom an appointment is for.

    Two booking systems of a clinic may count alike: what one says of its 17 is nothing about 17 of the other. Where
    a name is all that is said, one word in common fits: it may be spelled anew. What is said of nobody fits.
    """
    if is_another(patient, said):
        raise ConflictError(
            f"external_id {known.external_id} is appointment {known.id} of somebody else, of another name, phone and "
            "email: nothing was changed. If two booking systems count alike, give the ids of this one a part of "
            "their own",
            code="id_anothers",
            visit=known.id,
        )


def is_another(patient: Patient, said: Registration | CallOff) -> bool:
    """Whether something is said of the person, and nothing of it fits that patient."""
    pairs = ((said.phone, patient.phone), (said.email, patient.email))
    same_address = [plain_email(given) == plain_email(kept) for given, kept in pairs if given and kept]
    given, kept = plain_name(said.name).split(), plain_name(patient.name).split()
    if any(same_address):
        return False
    if not given or not kept:
        return bool(same_address)
    return sorted(given) != sorted(kept) if same_address else set(given).isdisjoint(kept)


def has_other_name(patient: Patient, said: Registration | CallOff) -> bool:
    """Whether another name than a patient's is said. One slip of the hand, at the same address, makes none."""
    given, kept = plain_name(said.name), plain_name(patient.name)
    return bool(given) and given != kept and not (_shares_address(patient, said) and is_slip(given, kept))


def names_another(book: Book, known: StoredAppointment, registration: Registration) -> bool:
    """Whether a registration is about somebody else than an appointment is for."""
    person = book.person(known.patient_id)
    is_stranger = registration.patient is None and is_another(person.patient, registration)
    return is_stranger or not _names(book, registration, person)


def _shares_address(patient: Patient, said: Registration | CallOff) -> bool:
    if said.phone and said.phone == patient.phone:
        return True
    return bool(said.email and patient.email) and plain_email(said.email or "") == plain_email(patient.email or "")


def _names(book: Book, registration: Registration, person: Person) -> bool:
    """Whether a registration is about that patient: by the clinic's own id where it is known, else by name."""
    if registration.patient is not None:
        return registration.patient == person.patient.id
    given, known = book.traits(registration), person.traits
    if given.ref and known.ref:
        return given.ref == known.ref
    found = book.find_person(registration)
    if found and found.traits.ref and found.traits.ref == given.ref:
        return False  # that id is somebody else's
    return given.name == known.name or not has_other_name(person.patient, registration)


def _refuse_stranger(book: Book, registration: Registration, person: Person) -> None:
    """Raise ConflictError when name, phone and email all say that this is somebody else.

    A column that is mapped wrongly to the clinic's own id would else turn one patient into another.
    """
    given, known = book.traits(registration), person.traits
    same_address = (given.phone and given.phone == known.phone) or (given.email and given.email == known.email)
    if given.name != known.name and not same_address:
        raise ConflictError(
            "patient_id: is another person's, of another name, phone and email: check what is mapped to patient_id",
            code="stranger",
        )


def _bring_up_to_date(book: Book, patient: Patient, registration: Registration, clinic: Clinic) -> Patient:
    """Take what the registration says anew; what it leaves empty stays as it was."""
    current = replace(
        patient,
        ref=patient.ref or registration.patient_ref,
        name=registration.name,
        phone=registration.phone or patient.phone,
        email=registration.email or patient.email,
        language=registration.language or patient.language,
        timezone=registration.timezone or patient.timezone,
    )
    if current != patient:
        book.update_person(current)
    answers = Answers(registration.consent_sms, registration.consent_email, registration.consent_marketing)
    entries = entries_at_registration(
        answers, book.ledger(patient.id), at=book.now, when_unknown=clinic.consent_when_unknown
    )
    book.add_entries(patient.id, entries)
    return current
