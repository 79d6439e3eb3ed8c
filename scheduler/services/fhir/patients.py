"""Takes Patients: in, up to date, or to rest; and finds those whom the other resources mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.domain.fhir import FhirKind
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.naming import names_of
from scheduler.services.fhir.people import bring_up_to_date, find_told, lay_to_rest, take_person, told_of
from scheduler.services.fhir.persons import Who, read_person
from scheduler.services.fhir.references import Place, contained_in
from scheduler.services.fhir.shape import Resource
from scheduler.services.fhir.wishes import OF_PERSON, Done, Occasion, Wish, as_issues
from scheduler.services.intake import Field
from scheduler.services.registration import Result
from scheduler.store.fhir_links import Link, find_link, is_linked
from scheduler.store.patients import Patient, find_by_ref, get_patient

AT_REST = "has died: what was still to come is called off, and nothing is sent any more"
NOBODY = "has died, and is not known here: nothing is kept"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a visit is for; nothing is told of who has died."""

    id: int | None
    raw: Mapping[Field, str] = field(repr=False)

    @property
    def has_died(self) -> bool:
        """Whether nothing may be registered for them."""
        return self.id is None


_DEAD = Person(None, {})


def take_patient(occasion: Occasion, wish: Wish, link: Link | None) -> Done:
    """Take a Patient. Raises NotTakenError."""
    known, own = _known(occasion, link, wish.names.own)
    who = read_person(wish.resource, occasion.clinic, today=occasion.now.date())
    if who.has_died:
        occasion.died.update(wish.names.all)
        return _let_rest(occasion, who, known, own)
    patient, is_new = _take_in(occasion, who, known, own)
    return Done(Result.REGISTERED if is_new else Result.UNCHANGED, patient.id, "")


def person_meant(occasion: Occasion, place: Place, resource: Resource) -> Person:
    """Return whom a reference in `resource` means. Raises NotTakenError where nobody is known by it."""
    url = place.reference.get("reference", "")
    if url.startswith("#"):
        return _contained(occasion, contained_in(resource, url), place)
    names = occasion.references.names_meant(place.reference, FhirKind.PATIENT)
    if not occasion.died.isdisjoint(names):
        return _DEAD
    link = find_link(occasion.tx, occasion.clinic.id, FhirKind.PATIENT, names)
    if link and link.died_at:
        return _DEAD
    known = _named_outright(occasion, link, place)
    if known is None:
        words = "no such Patient was sent: send it before, or in the same transaction"
        raise refuse(Code.NOT_FOUND, words, place.at)
    return Person(known.id, told_of(known))


def known_patient(occasion: Occasion, place: Place, resource: Resource) -> int | None:
    """Return the patient whom a reference in `resource` means, None where nobody is known by it. Takes nobody in."""
    url = place.reference.get("reference", "")
    if not url.startswith("#"):
        names = occasion.references.names_meant(place.reference, FhirKind.PATIENT)
        link = find_link(occasion.tx, occasion.clinic.id, FhirKind.PATIENT, names)
        known = _named_outright(occasion, link, place)
        return known.id if known else None
    told = contained_in(resource, url)
    if told.get("resourceType") != FhirKind.PATIENT:
        return None
    names_told = names_of(told, FhirKind.PATIENT, None, occasion.tx.vault)
    link = find_link(occasion.tx, occasion.clinic.id, FhirKind.PATIENT, names_told.all)
    known, _ = _known(occasion, link, names_told.own)
    return known.id if known else None


def _contained(occasion: Occasion, told: Resource, place: Place) -> Person:
    if told.get("resourceType") != FhirKind.PATIENT:
        raise refuse(Code.NOT_FOUND, "no Patient is contained under that id", place.at)
    who = read_person(told, occasion.clinic, today=occasion.now.date())
    names = names_of(told, FhirKind.PATIENT, None, occasion.tx.vault)
    link = find_link(occasion.tx, occasion.clinic.id, FhirKind.PATIENT, names.all)
    known, own = _known(occasion, link, names.own)
    if who.has_died:
        _let_rest(occasion, who, known, own)
        return _DEAD
    patient, _ = _take_in(occasion, who, known, own)
    return Person(patient.id, told_of(patient))


def _take_in(occasion: Occasion, who: Who, known: Patient | None, ref: str) -> tuple[Patient, bool]:
    tx, registrar, clinic = occasion.tx, occasion.registrar, occasion.clinic
    with as_issues(OF_PERSON):
        if known is None:
            return take_person(tx, registrar, clinic, who.raw, ref)
        return bring_up_to_date(tx, registrar, clinic, known, who, ref=ref), False


def _let_rest(occasion: Occasion, who: Who, known: Patient | None, ref: str) -> Done:
    found = known or find_told(occasion.tx, occasion.registrar, occasion.clinic, who.raw, ref)
    if found is None:
        return Done(Result.UNCHANGED, None, NOBODY)
    lay_to_rest(occasion.tx, occasion.clinic, found.id, occasion.registrar)
    return Done(Result.CANCELLED, found.id, AT_REST)


def _named_outright(occasion: Occasion, link: Link | None, place: Place) -> Patient | None:
    """Return whom a reference means by a link, or by the id at the clinic."""
    identifier = place.reference.get("identifier", {})
    value = identifier.get("value", "").strip()
    if link or identifier.get("system"):
        return _known(occasion, link, value)[0]
    return find_by_ref(occasion.tx, occasion.clinic.id, value) if value else None


def _known(occasion: Occasion, link: Link | None, ref: str) -> tuple[Patient | None, str]:
    """Return who goes by a link, or by an id at the clinic, and that id; "" for one that is another's already.

    Systems count alike: whom FHIR told of as 100 of one system is not 100 of another, but who 100 of an export is.
    """
    if link and link.patient:
        return get_patient(occasion.tx, link.patient), ref
    found = find_by_ref(occasion.tx, occasion.clinic.id, ref) if ref else None
    if found and is_linked(occasion.tx, occasion.clinic.id, found.id):
        return None, ""
    return found, ref
