"""Which visit of ours a resource means, and what it may do to it: only what is the same patient's."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.fhir import FhirKind, Says
from scheduler.domain.word import WordAge
from scheduler.services.differing import SAID
from scheduler.services.fhir.issues import Code, NotTakenError, refuse
from scheduler.services.fhir.naming import Names, by_identifier
from scheduler.services.fhir.patients import Person
from scheduler.services.fhir.recognising import is_of_another_id
from scheduler.services.fhir.times import refuse_too_long
from scheduler.services.fhir.wishes import Done, Occasion, Wish, as_issues, link_of, said_at
from scheduler.services.intake import CallOff, Field, read_registration
from scheduler.services.registration import Result
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.fhir_links import find_link, links_of_visit

NEVER_KNOWN = "is not on, and was never registered"
ANOTHERS = "appointment {visit} was another patient's: it is not theirs any more"
TOOK_PLACE = "took place, as something else says that was sent: it is not called off. If it did not, correct that too"
_DONE = frozenset({Says.DONE, Says.DONE_TOO})


@dataclass(frozen=True, slots=True)
class Told:
    """A visit as told: of whom, for which treatment of ours, and whether it took place."""

    raw: Mapping[Field, str] = field(repr=False)
    treatment: str
    person: Person
    says: Says


def register(occasion: Occasion, wish: Wish, told: Told, places: Mapping[Field, str], person_at: str) -> Done:
    """Register a visit, or follow what changed of it. Raises NotTakenError, which names elements by `places`."""
    with as_issues(places, person_at):
        # Whoever is known is followed, even if nothing reaches them now.
        read = read_registration(told.raw, occasion.clinic, told.treatment, must_reach=False)
        registration = replace(read, patient=told.person.id)
        refuse_too_long(registration, places[Field.ENDS_AT])
        done = occasion.registrar.register(occasion.tx, registration)
    link = link_of(wish.kind, done.appointment, said_at=None, says=told.says)
    return Done(done.result, done.appointment, done.reason, link)


def end(
    occasion: Occasion,
    wish: Wish,
    known: StoredAppointment | None,
    status: AppointmentStatus,
    at: datetime | None = None,
) -> Done:
    """Send nothing more about a visit that is not on, unless something else says that it took place.

    `at`: so its system said then. What was never known is kept as that: no older word registers it.
    """
    if known is None:
        return Done(Result.UNCHANGED, None, NEVER_KNOWN, link_of(wish.kind, None, said_at=None, says=Says.OFF))
    link = link_of(wish.kind, known.id, said_at=None, says=Says.OFF)
    if said_by_others(occasion, wish.names, known) & _DONE:
        return Done(Result.UNCHANGED, known.id, TOOK_PLACE, link)
    book = occasion.registrar.open(occasion.tx, occasion.clinic.id, [])
    done = occasion.registrar.end(book, known, status, WordAge.at(at) if at else None)
    book.write()
    return Done(done.result, known.id, done.reason or SAID[status], link)


def said_by_others(occasion: Occasion, names: Names, visit: StoredAppointment) -> set[Says]:
    """Return what other resources said last of a visit."""
    own = occasion.owner(names)
    return {it.says for it in links_of_visit(occasion.tx, visit.id) if it.says and it.owner != own}


def meant_by_identifier(occasion: Occasion, names: Names) -> tuple[StoredAppointment | None, bool]:
    """Return the Appointment that goes by the first identifier of a resource; and whether it has another id."""
    if not names.identifiers:
        return None, False
    link = find_link(occasion.tx, occasion.clinic.id, FhirKind.APPOINTMENT, by_identifier(names.identifiers[0]))
    if link is None or link.appointment is None:
        return None, False
    return get_appointment(occasion.tx, link.appointment), is_of_another_id(occasion, names, link)


def named(occasion: Occasion, external_id: str) -> StoredAppointment | None:
    """Return the visit that the clinic's booking systems call so."""
    said = CallOff(occasion.clinic.id, external_id, AppointmentStatus.CANCELLED)
    return occasion.registrar.open(occasion.tx, occasion.clinic.id, [], [said]).find_named(external_id)


def what_to_call(occasion: Occasion, names: Names, *, is_new: bool = False) -> str:
    """Return what a visit is called here: the first of its names that is not that of another resource.

    `is_new`: that of no visit at all. Raises NotTakenError, which names the visit, where all are.
    """
    for name in names.calls:
        found = named(occasion, name)
        if found is None or (not is_new and not links_of_visit(occasion.tx, found.id)):
            return name
    assert found
    raise other_id(found.id)


def give_up(occasion: Occasion, wish: Wish, known: StoredAppointment) -> None:
    """Call off a visit that is said to be another patient's now, whose it is called by then.

    It stays on, without that name, where something else says that it took place, or where staff decided later.
    """
    end(occasion, wish, known, AppointmentStatus.CANCELLED, said_at(wish.resource, occasion.now))
    free_name(occasion, known)


def free_name(occasion: Occasion, visit: StoredAppointment) -> None:
    """Let a visit of another patient be called what this one was."""
    book = occasion.registrar.open(occasion.tx, occasion.clinic.id, [])
    book.free_id(get_appointment(occasion.tx, visit.id))


def not_theirs(known: StoredAppointment, at: str) -> NotTakenError:
    """Return the error that a visit is another patient's, or nobody knows whose."""
    words = (
        f"appointment {known.id} is not this patient's, or it is not known that it is: nothing was changed. Say "
        "whose it is by a Patient that was sent; send what is another's under an id and identifiers of its own"
    )
    return refuse(Code.CONFLICT, words, at)


def other_id(visit: int) -> NotTakenError:
    """Return the error that an identifier is that of a visit which has another id."""
    words = (
        f"is that of appointment {visit}, which has another id: nothing was changed. Two ids are two appointments: "
        "send this one under that id, or with an identifier of its own first"
    )
    return refuse(Code.CONFLICT, words, "identifier")
