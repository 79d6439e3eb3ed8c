"""Takes one resource into the store, as what it was taken as before, where it was."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from scheduler.domain.fhir import FhirKind
from scheduler.domain.word import newest
from scheduler.services.fhir.appointments import take_appointment
from scheduler.services.fhir.issues import Code, NotTakenError, refuse
from scheduler.services.fhir.naming import by_id, by_identifier, made_id
from scheduler.services.fhir.patients import OLDER, keep_patient, take_patient
from scheduler.services.fhir.people import is_somebody_else
from scheduler.services.fhir.persons import read_person
from scheduler.services.fhir.procedures import take_procedure
from scheduler.services.fhir.wishes import Done, Occasion, Taken, Wish, said_at
from scheduler.services.registration import Result
from scheduler.store.fhir_links import Link, find_link, hash_of, keep_resource
from scheduler.store.patients import get_patient

IS_THERE = "is there already: nothing changed"
_VISITS: Mapping[FhirKind, Callable[[Occasion, Wish, Link | None], Done]] = {
    FhirKind.APPOINTMENT: take_appointment,
    FhirKind.PROCEDURE: take_procedure,
}


def take(occasion: Occasion, wish: Wish) -> Taken:
    """Take a resource. The caller commits, or rolls back where it is refused: Patients first, the others mean them.

    What its system changed before what was taken already changes nothing. Raises NotTakenError.
    """
    within = replace(occasion, references=occasion.references.within(wish.full_url))
    try:
        taken = _there(within, wish) if wish.condition else None
        taken = taken or Taken(wish.kind, wish.names.id, _take(within, wish))
    except NotTakenError as error:
        raise error.within(wish.root) from None
    if wish.full_url and taken.done.link:
        occasion.became[wish.full_url] = taken.done.link
    warnings = tuple(it.within(wish.root) for it in taken.done.warnings)
    return replace(taken, done=replace(taken.done, warnings=warnings))


def _take(occasion: Occasion, wish: Wish) -> Done:
    if wish.kind is FhirKind.PATIENT:
        done = take_patient(occasion, wish)
        if done.link:
            keep_patient(occasion, wish.names, done.link)
        return done
    clinic = occasion.clinic.id
    link, at = find_link(occasion.tx, clinic, wish.kind, wish.names.name), said_at(wish.resource, occasion.now)
    if link and link.said_at and at and at < link.said_at:
        return Done(Result.UNCHANGED, link.number, OLDER, link)
    done = _VISITS[wish.kind](occasion, wish, link)
    if done.link:
        said = newest(at, link.said_at if link else None)
        kept = replace(done.link, said_at=said, owner=occasion.owner(wish.names))
        before = [hash_of(occasion.tx.vault, by_id(it)) for it in wish.names.made]
        keep_resource(occasion.tx, clinic, wish.kind, wish.names.all, kept, before=before)
    return done


def _there(occasion: Occasion, wish: Wish) -> Taken | None:
    """Return what is known by the condition of a create, None where nothing is. Raises NotTakenError.

    It is found again under the id that the identifier makes, whatever id its system has given it.
    """
    assert wish.condition
    found = find_link(occasion.tx, occasion.clinic.id, wish.kind, by_identifier(wish.condition))
    if found is None or (found.number is None and not found.is_of_several and not found.died_at):
        return None
    if found.is_of_several:
        raise refuse(Code.MULTIPLE, "the condition fits several: make it one that fits one, or send it without")
    if found.patient:
        _refuse_another(occasion, wish, found.patient)
    own = made_id(occasion.tx.vault, wish.kind, wish.condition)
    name = by_id(own)
    kept = replace(found, owner=hash_of(occasion.tx.vault, name))
    if find_link(occasion.tx, occasion.clinic.id, wish.kind, name) is None:
        keep_resource(occasion.tx, occasion.clinic.id, wish.kind, [name], kept)
    return Taken(wish.kind, own, Done(Result.UNCHANGED, found.number, IS_THERE, found))


def _refuse_another(occasion: Occasion, wish: Wish, patient: int) -> None:
    who = read_person(wish.resource, occasion.clinic, today=occasion.now.date())
    if is_somebody_else(get_patient(occasion.tx, patient), who):
        words = f"the condition finds patient {patient}, of another name, phone and email: look at the identifier"
        raise refuse(Code.CONFLICT, words, "identifier")
