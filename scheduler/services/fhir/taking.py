"""Takes one resource into the store, as what it was taken as before, where it was."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from scheduler.domain.fhir import FhirKind
from scheduler.services.fhir.appointments import take_appointment
from scheduler.services.fhir.issues import NotTakenError
from scheduler.services.fhir.naming import by_identifier
from scheduler.services.fhir.patients import take_patient
from scheduler.services.fhir.procedures import take_procedure
from scheduler.services.fhir.wishes import Done, Occasion, Taken, Wish, said_at
from scheduler.services.registration import Result
from scheduler.store.fhir_links import Link, find_link, keep_link

IS_THERE = "is there already: nothing changed"
OLDER = "older than what was taken before: nothing changed"
_TAKE: Mapping[FhirKind, Callable[[Occasion, Wish, Link | None], Done]] = {
    FhirKind.PATIENT: take_patient,
    FhirKind.APPOINTMENT: take_appointment,
    FhirKind.PROCEDURE: take_procedure,
}


def take(occasion: Occasion, wish: Wish) -> Taken:
    """Take a resource. The caller commits, or rolls back where it is refused: Patients first, the others mean them.

    What its system changed before what was taken already changes nothing. Raises NotTakenError.
    """
    try:
        done = _take(occasion, wish)
    except NotTakenError as error:
        raise error.within(wish.root) from None
    return Taken(wish.kind, wish.names.id, done)


def _take(occasion: Occasion, wish: Wish) -> Done:
    link, at = occasion.link(wish), said_at(wish.resource, occasion.now)
    if wish.condition:
        found = find_link(occasion.tx, occasion.clinic.id, wish.kind, [by_identifier(wish.condition)])
        if found:
            return Done(Result.UNCHANGED, found.patient or found.appointment, IS_THERE)
    if link and link.said_at and at and at < link.said_at:
        return Done(Result.UNCHANGED, link.patient or link.appointment, OLDER)
    done = _TAKE[wish.kind](occasion, wish, link)
    if done.number is not None:
        is_person = wish.kind is FhirKind.PATIENT
        now = Link(done.number) if is_person else Link(None, done.number)
        died_at = occasion.now if is_person and not occasion.died.isdisjoint(wish.names.all) else None
        kept = replace(now, said_at=at or (link.said_at if link else None), died_at=died_at)
        keep_link(occasion.tx, occasion.clinic.id, wish.kind, wish.names.all, kept)
    return done
