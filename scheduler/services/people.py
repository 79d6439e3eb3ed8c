"""Who a registration is about: the patient it finds or makes, with the addresses and the consent that it brings."""

from dataclasses import replace

from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Answers, Entry, entries_at_registration, valid_entry
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
        return isinstance(said, CallOff) and _is_relative(patient, said) and set(given).isdisjoint(kept)
    if not given or not kept:
        return bool(same_address)
    return sorted(given) != sorted(kept) if same_address else set(given).isdisjoint(kept)


def has_other_name(patient: Patient, said: Registration | CallOff) -> bool:
    """Whether another name than a patient's is said.

    At the same address one slip of the hand makes none, nor does the same first name: a name is told more fully, or
    is another after a marriage. Who shares an address with another first name may be of the family.
    """
    given, kept = plain_name(said.name), plain_name(patient.name)
    if not given or given == kept:
        return False
    return not (
        shares_address(patient, said) and (is_slip(given, kept) or _shares_first_name(said.name, patient.name))
    )


def names_another(book: Book, known: StoredAppointment, registration: Registration) -> bool:
    """Whether a registration is about somebody else than an appointment is for."""
    person = book.person(known.patient_id)
    is_stranger = registration.patient is None and is_another(person.patient, registration)
    return is_stranger or not _names(book, registration, person)


def _is_relative(patient: Patient, registration: Registration | CallOff) -> bool:
    """Whether a registration has another first name: the first word of each name is in neither the other's."""
    given, kept = plain_name(registration.name).split(), plain_name(patient.name).split()
    if not given or not kept or given[0] in kept or kept[0] in given:
        return False
    return not is_slip(given[0], kept[0])


def _shares_first_name(one: str, other: str) -> bool:
    mine, others = _first_name_first(one), _first_name_first(other)
    return bool(mine and others) and (mine[0] in others or others[0] in mine)


def _first_name_first(name: str) -> list[str]:
    last, _, first = name.partition(",")
    return plain_name(f"{first} {last}").split()


def shares_address(patient: Patient, said: Registration | CallOff) -> bool:
    """Whether a patient's phone or mailbox is said."""
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
    """Raise ConflictError when name, phone and email all say that this is somebody else, or the first name alone.

    A column that is mapped wrongly to the clinic's own id, or a family's account that is, would else turn one patient
    into another.
    """
    given, known = book.traits(registration), person.traits
    same_address = (given.phone and given.phone == known.phone) or (given.email and given.email == known.email)
    if given.name != known.name and not same_address:
        raise ConflictError(
            "patient_id: is another person's, of another name, phone and email: check what is mapped to patient_id",
            code="stranger",
        )
    if (
        given.ref
        and given.ref == known.ref
        and registration.patient is None
        and _is_relative(person.patient, registration)
    ):
        raise ConflictError(
            f"patient_id: is patient {person.patient.id}, of another first name: if families share that number, map "
            "one that each person has, or none; if the name was corrected, correct it at that patient too",
            code="relative",
            patient=person.patient.id,
        )


def _bring_up_to_date(book: Book, patient: Patient, registration: Registration, clinic: Clinic) -> Patient:
    """Take what the registration says anew; what it leaves empty stays as it was, and what was said later."""
    outdated = _is_outdated(book, patient, registration)
    first, then = (patient, registration) if outdated or registration.behind else (registration, patient)
    current = replace(
        patient,
        ref=patient.ref or registration.patient_ref,
        name=first.name,
        phone=first.phone or then.phone,
        email=first.email or then.email,
        language=first.language or then.language,
        timezone=first.timezone or then.timezone,
    )
    if current != patient:
        book.update_person(current)
    answers = Answers(registration.consent_sms, registration.consent_email, registration.consent_marketing)
    entries = entries_at_registration(
        answers, book.ledger(patient.id), at=book.now, when_unknown=clinic.consent_when_unknown
    )
    ledger = book.ledger(patient.id)
    book.add_entries(patient.id, [it for it in entries if not (outdated and _is_answered(ledger, it))])
    return current


def passed_over(book: Book, patient_id: int, registration: Registration) -> tuple[str, ...]:
    """Return what a registration said of its patient and what was not taken, since it is known of later, by field."""
    patient = book.person(patient_id).patient
    pairs = {
        "name": (plain_name(registration.name), plain_name(patient.name)),
        "phone": (registration.phone, patient.phone),
        "email": (registration.email, patient.email),
        "language": (registration.language, patient.language),
        "timezone": (registration.timezone, patient.timezone),
    }
    return tuple(field for field, (given, kept) in pairs.items() if given and given != kept)


def _is_outdated(book: Book, patient: Patient, registration: Registration) -> bool:
    """Whether more was said later on visits of that patient, so that this is no news of the person."""
    if registration.patient is not None:  # who knows for certain whose it is keeps the order itself
        return False
    return registration.age is not None and registration.age.is_older(book.said_of(patient.id))


def _is_answered(ledger: tuple[Entry, ...], entry: Entry) -> bool:
    known = valid_entry(ledger, entry.channel, entry.purpose)
    return known is not None and not known.verdict.assumed
