"""Takes Patients: in, up to date, or to rest; and finds those whom the other resources mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from scheduler.domain.fhir import FhirKind, Says
from scheduler.domain.word import newest
from scheduler.services.fhir.addresses import addressed, gone, unreachable
from scheduler.services.fhir.issues import Code, Issue, NotTakenError, refuse
from scheduler.services.fhir.naming import Names, by_id, names_of
from scheduler.services.fhir.people import (
    bring_up_to_date,
    find_told,
    is_same_person,
    lay_to_rest,
    take_person,
    told_of,
)
from scheduler.services.fhir.persons import Who, read_person
from scheduler.services.fhir.recognising import Recognised, recognise
from scheduler.services.fhir.references import Place, contained_in
from scheduler.services.fhir.shape import Resource
from scheduler.services.fhir.wishes import OF_PERSON, Done, Occasion, Wish, as_issues, said_at
from scheduler.services.intake import Field
from scheduler.services.registration import Result
from scheduler.store.fhir_links import Link, hash_of, keep_resource, links_of_patient, note_of_patient
from scheduler.store.patients import Patient, find_by_ref, get_patient

AT_REST = "has died: what was still to come is called off, and nothing is sent any more"
NOBODY = "has died, and is not known here: nobody is registered"
STAYS_DEAD = "older than the word that the patient has died: nothing changed"
OLDER = "older than what was taken before: nothing changed"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a visit is for; nothing is told of who has died."""

    id: int | None
    raw: Mapping[Field, str] = field(repr=False)
    has_died: bool = False


def take_patient(occasion: Occasion, wish: Wish) -> Done:
    """Take a Patient. Raises NotTakenError."""
    who = read_person(wish.resource, occasion.clinic, today=occasion.now.date())
    found = recognise(occasion, wish.names, who)
    return _take(occasion, wish.names, who, found, said_at(wish.resource, occasion.now), is_whole=True)


def person_meant(occasion: Occasion, place: Place, resource: Resource) -> Person:
    """Return whom a reference in `resource` means. Raises NotTakenError where nobody is known by it."""
    url = place.reference.get("reference", "")
    if url.startswith("#"):
        return _contained(occasion, contained_in(resource, url), place, said_at(resource, occasion.now))
    link, known = _named_outright(occasion, place)
    if link and link.died_at:
        return Person(link.patient, {}, has_died=True)
    if known is None:
        words = "no such Patient was sent: send it before, or in the same transaction"
        raise refuse(Code.NOT_FOUND, words, place.at)
    has_died = any(it.died_at for it in links_of_patient(occasion.tx, known.id))
    return Person(known.id, told_of(known), has_died)


def is_theirs(occasion: Occasion, place: Place, resource: Resource, patient: int) -> bool | None:
    """Whether a reference in `resource` means that patient, None where nobody is known by it. Takes nobody in.

    Raises NotTakenError for a reference that means several.
    """
    url = place.reference.get("reference", "")
    if not url.startswith("#"):
        known = _named_outright(occasion, place)[1]
        return known.id == patient if known else None
    told = contained_in(resource, url)
    if told.get("resourceType") != FhirKind.PATIENT:
        return None
    who = read_person(told, occasion.clinic, today=occasion.now.date())
    names = names_of(told, FhirKind.PATIENT, None, occasion.tx.vault)
    try:
        found = recognise(occasion, names, who).patient
    except NotTakenError:  # whoever has that identifier is somebody else
        return False
    if found:
        return found.id == patient
    return is_same_person(get_patient(occasion.tx, patient), who, is_proper=True)


def _contained(occasion: Occasion, told: Resource, place: Place, at: datetime | None) -> Person:
    """Take in who is contained, as of when the resource around was changed: it has no date of its own (R4, dom-4)."""
    if told.get("resourceType") != FhirKind.PATIENT:
        raise refuse(Code.NOT_FOUND, "no Patient is contained under that id", place.at)
    who = read_person(told, occasion.clinic, today=occasion.now.date())
    names = names_of(told, FhirKind.PATIENT, None, occasion.tx.vault)
    found = recognise(occasion, names, who)
    if found.died_at and not who.has_died:  # only a Patient itself takes that back
        return Person(found.patient.id if found.patient else None, {}, has_died=True)
    done = _take(occasion, names, who, found, at or said_at(told, occasion.now), is_whole=False)
    if done.link and (names.has_claim or who.has_died):
        keep_patient(occasion, names, done.link)
    if who.has_died or done.number is None:
        return Person(done.number, {}, has_died=True)
    return Person(done.number, told_of(get_patient(occasion.tx, done.number)))


def _take(
    occasion: Occasion, names: Names, who: Who, found: Recognised, at: datetime | None, *, is_whole: bool
) -> Done:
    """Take somebody in, up to date or to rest, unless that is an older word; `is_whole`: all addresses are told."""
    number = found.patient.id if found.patient else None
    before = found.said_at if found.is_own_word or not is_whole else None
    link = replace(
        found.own or Link(),
        patient=number,
        said_at=before if found.is_own_word and not is_whole else newest(before, at),
        died_at=found.died_at,
        says=None if is_whole or found.is_own_word else Says.WITHIN,
        owner=occasion.owner(names),
    )
    if at and found.died_at and not who.has_died and at <= found.died_at:
        return Done(Result.UNCHANGED, number, STAYS_DEAD, link)
    if at and before and at < before:
        return Done(Result.UNCHANGED, number, OLDER, link)
    if who.has_died:
        return _let_rest(occasion, who, found, replace(link, died_at=at or occasion.now))
    withdrawn = gone(occasion.tx, found.patient, found.own, who) if is_whole else []
    patient, is_new = _take_in(occasion, who, found, withdrawn, has_id=names.has_claim)
    kept = replace(link, patient=patient.id, died_at=None)
    kept = addressed(occasion.tx, found.patient, patient, who, kept, is_whole=is_whole)
    had_one = found.patient and (found.patient.phone or found.patient.email)
    warnings = *_left_out(who), *(unreachable(occasion, patient) if had_one else ())
    return Done(Result.REGISTERED if is_new else Result.UNCHANGED, patient.id, "", kept, warnings)


def keep_patient(occasion: Occasion, names: Names, link: Link) -> None:
    """Keep what a Patient became under its names, and how old that word is under every name of the patient."""
    before = [hash_of(occasion.tx.vault, by_id(it)) for it in names.made]
    clinic = occasion.clinic.id
    keep_resource(occasion.tx, clinic, FhirKind.PATIENT, names.all, link, before=before)
    if link.patient:
        note_of_patient(occasion.tx, link.patient, link)


def _take_in(
    occasion: Occasion, who: Who, found: Recognised, withdrawn: Sequence[Field], *, has_id: bool
) -> tuple[Patient, bool]:
    tx, registrar, clinic = occasion.tx, occasion.registrar, occasion.clinic
    if found.patient is None and who.wrong and Field.PHONE not in who.raw and Field.EMAIL not in who.raw:
        raise NotTakenError(*who.wrong)
    with as_issues(OF_PERSON):
        if found.patient is None:
            return take_person(tx, registrar, clinic, who.raw, found.ref, has_id=has_id)
        updated = bring_up_to_date(tx, registrar, clinic, found.patient, who, ref=found.ref, withdrawn=withdrawn)
        return updated, False


def _let_rest(occasion: Occasion, who: Who, found: Recognised, link: Link) -> Done:
    known = found.patient or find_told(
        occasion.tx, occasion.registrar, occasion.clinic, who.raw, has_id=bool(link.owner)
    )
    if known is None:
        return Done(Result.UNCHANGED, None, NOBODY, link)
    lay_to_rest(occasion.tx, occasion.clinic, known.id, occasion.registrar)
    return Done(Result.CANCELLED, known.id, AT_REST, replace(link, patient=known.id))


def _left_out(who: Who) -> tuple[Issue, ...]:
    return tuple(replace(it, words=f"{it.words}. This one was left out", severity="warning") for it in who.wrong)


def _named_outright(occasion: Occasion, place: Place) -> tuple[Link | None, Patient | None]:
    """Return what a reference means, and whom: by what was told, or by the id at the clinic alone."""
    link = occasion.meant(place, FhirKind.PATIENT)
    if link:
        return link, get_patient(occasion.tx, link.patient) if link.patient else None
    identifier = place.reference.get("identifier", {})
    value = identifier.get("value", "").strip()
    found = find_by_ref(occasion.tx, occasion.clinic.id, value) if value else None
    if found and identifier.get("system") and links_of_patient(occasion.tx, found.id):
        return None, None  # systems count alike: 100 of this one is not 100 of another
    return None, found
