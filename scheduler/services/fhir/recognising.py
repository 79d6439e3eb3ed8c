"""Which patient of ours a Patient is: its id says so, an identifier only where the person agrees (ADR 51)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.fhir import FhirKind, Says
from scheduler.domain.word import newest
from scheduler.services.fhir.issues import Code, NotTakenError, refuse
from scheduler.services.fhir.naming import Names, by_id, by_identifier
from scheduler.services.fhir.people import is_same_person, is_somebody_else
from scheduler.services.fhir.persons import Who
from scheduler.services.fhir.wishes import Occasion
from scheduler.store.fhir_links import Link, find_link, find_links, hash_of, links_of_patient
from scheduler.store.patients import Patient, find_by_ref, get_patient


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whom a Patient is: `patient` None for somebody new; `ref` is the id at the clinic that is theirs, "" for none.

    `own` is what was told under its own id before. `said_at` and `died_at` are the newest of all their names;
    `is_own_word`: a Patient itself said so, which none that is contained makes old.
    """

    patient: Patient | None
    ref: str
    own: Link | None
    said_at: datetime | None
    died_at: datetime | None
    is_own_word: bool = False


def recognise(occasion: Occasion, names: Names, who: Who) -> Recognised:
    """Return whom a Patient is. Raises NotTakenError where an identifier is that of somebody else."""
    proper = bool(names.identifiers)
    own = find_link(occasion.tx, occasion.clinic.id, FhirKind.PATIENT, names.name)
    if own and own.patient:
        known = get_patient(occasion.tx, own.patient)
        if is_somebody_else(known, who) if names.is_put else not is_same_person(known, who, is_proper=proper):
            raise _stranger(known, "name" if names.is_put else "identifier")
        return _recognised(occasion, known, names.calls[0] if names.calls else "", own)
    met, before = _by_identifier(occasion, names, who)
    if met:
        return _recognised(occasion, met, names.calls[0] if names.calls else "", own)
    found, ref = _by_ref(occasion, names, who)
    if found:
        return _recognised(occasion, found, ref, own)
    links = [it for it in (own, before) if it]
    died = newest(*(it.died_at for it in links))
    return Recognised(None, ref, own, newest(*(it.said_at for it in links)), died, _is_own_word(links))


def _recognised(occasion: Occasion, patient: Patient, ref: str, own: Link | None) -> Recognised:
    links = links_of_patient(occasion.tx, patient.id)
    died_at = newest(*(it.died_at for it in links))
    return Recognised(patient, ref, own, newest(*(it.said_at for it in links)), died_at, _is_own_word(links))


def _is_own_word(links: Iterable[Link]) -> bool:
    return any(it.said_at and it.says is not Says.WITHIN for it in links)


def _by_identifier(occasion: Occasion, names: Names, who: Who) -> tuple[Patient | None, Link | None]:
    """Return whom an identifier names; else what was told under the first one of somebody who was never known."""
    called = [by_identifier(it) for it in names.identifiers]
    links = find_links(occasion.tx, occasion.clinic.id, FhirKind.PATIENT, called)
    for name in called:
        link = links.get(name)
        if link is None or link.patient is None:
            continue
        known = get_patient(occasion.tx, link.patient)
        is_foreign = is_of_another_id(occasion, names, link)
        if not is_foreign and is_same_person(known, who, is_proper=True):
            return known, None
        if name == called[0]:
            raise _other_id(known) if is_foreign else _stranger(known)
    return None, links.get(called[0]) if called else None


def is_of_another_id(occasion: Occasion, names: Names, link: Link) -> bool:
    """Whether a name is that of a resource which its system calls by another id: two ids are two things."""
    vault = occasion.tx.vault
    mine = {hash_of(vault, by_id(it)) for it in (names.id, *names.made)}
    return names.is_put and link.owner is not None and link.owner not in mine


def _by_ref(occasion: Occasion, names: Names, who: Who) -> tuple[Patient | None, str]:
    """Return who has that id at the clinic, and the id; "" for one that is somebody's of another system.

    Systems count alike: whom FHIR told of as 100 of one is not 100 of another, but who 100 of an export is, or who
    was posted or contained with that number alone.
    """
    ref = names.calls[0] if names.calls else ""
    found = find_by_ref(occasion.tx, occasion.clinic.id, ref) if ref else None
    if found is None:
        return None, ref
    if links := links_of_patient(occasion.tx, found.id):
        mine = {hash_of(occasion.tx.vault, by_id(it)) for it in names.made}
        is_mine = {it.owner for it in links} <= mine and is_same_person(found, who, is_proper=False)
        return (found, ref) if is_mine else (None, "")
    if not is_same_person(found, who, is_proper=False):
        raise _stranger(found)
    return found, ref


def _stranger(known: Patient, at: str = "identifier") -> NotTakenError:
    words = (
        f"this is patient {known.id}, of another name, phone and email: nothing was changed. If it is the same, "
        "correct the patient here first; if not, send this one under an id and identifiers of its own"
    )
    return refuse(Code.CONFLICT, words, at)


def _other_id(known: Patient) -> NotTakenError:
    words = (
        f"is patient {known.id}, whom the system calls by another id: nothing was changed. Two ids are two people: "
        "send this one under that id, or with an identifier of its own first"
    )
    return refuse(Code.CONFLICT, words, "identifier")
