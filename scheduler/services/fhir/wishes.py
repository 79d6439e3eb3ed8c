"""What is to be taken, what became of it, and what all of one transaction share."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scheduler.domain.clinic import Clinic
from scheduler.domain.fhir import FhirKind, Says
from scheduler.errors import ConflictError, RegistrationError
from scheduler.services.fhir.issues import Code, Issue, NotTakenError, refuse
from scheduler.services.fhir.naming import Names
from scheduler.services.fhir.references import Place, References
from scheduler.services.fhir.shape import Resource
from scheduler.services.intake import Field, WrongFieldsError
from scheduler.services.registration import Registrar, Result
from scheduler.store.database import Tx
from scheduler.store.fhir_links import Link, find_links, hash_of

OF_PERSON: Mapping[Field, str] = {
    Field.NAME: "name",
    Field.PHONE: "telecom",
    Field.EMAIL: "telecom",
    Field.LANGUAGE: "communication",
    Field.PATIENT_ID: "identifier",
}
"""The elements of a Patient that our fields are read from."""

_SKEW = timedelta(hours=1)
"""How far ahead of ours another system's clock may be, for its word on when it changed something to count."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A resource of the right shape that is to be taken, called `names`.

    `condition` is an identifier (system|value): where one is known by it, nothing is done. `root` is where the
    resource stands, for what is said of it; `full_url` is the address of its entry in a Bundle, "" for none.
    """

    kind: FhirKind
    resource: Resource = field(repr=False)
    names: Names = field(repr=False)
    condition: str | None = field(default=None, repr=False)
    root: str = ""
    full_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a resource: `number` is that of our patient or appointment, None where there is none.

    `link` is what is kept of it under its names; None: nothing is. `warnings` are what was left out of it.
    """

    result: Result
    number: int | None
    words: str
    link: Link | None = None
    warnings: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """A resource that was taken: `id` is its own on this server."""

    kind: FhirKind
    id: str
    done: Done

    @property
    def is_new(self) -> bool:
        """Whether it was not known before."""
        return self.done.result is Result.REGISTERED

    @property
    def subject(self) -> str | None:
        """What it became, for the record."""
        what = "patient" if self.kind is FhirKind.PATIENT else "appointment"
        return f"{what}/{self.done.number}" if self.done.number else None


@dataclass(frozen=True, slots=True)
class Occasion:
    """One transaction, which whoever began it commits; `became` is what its entries became, by their fullUrl."""

    tx: Tx
    registrar: Registrar
    clinic: Clinic
    references: References
    became: dict[str, Link] = field(default_factory=dict, repr=False)

    @property
    def now(self) -> datetime:
        """Return the instant that it is."""
        return self.registrar.clock.now()

    def owner(self, names: Names) -> bytes | None:
        """Return what marks the names of a resource as its own, None for one that nobody named."""
        return hash_of(self.tx.vault, names.name) if names.has_claim else None

    def meant(self, place: Place, kind: FhirKind) -> Link | None:
        """Return what a reference means, None where it is nothing that was told. Raises NotTakenError."""
        entry = self.references.entry_meant(place)
        if entry is not None:
            found = self.became.get(entry)
            return found if found and self.references.told[entry][0] is kind else None
        names = self.references.names_meant(place.reference, kind)
        links = find_links(self.tx, self.clinic.id, kind, names)
        for name in names:
            if name in links and links[name].is_of_several:
                words = "is the identifier of several: send a reference to the id of the one that is meant"
                raise refuse(Code.MULTIPLE, words, place.at)
            if name in links:
                return links[name]
        return None


@contextmanager
def as_issues(places: Mapping[Field, str], other: str = "") -> Iterator[None]:
    """Let what is refused be said of elements; `other` is the element of what none of our fields names."""
    try:
        yield
    except WrongFieldsError as error:
        # Each thing that is wrong has its code, in the same order as the words.
        said = zip(str(error).split("; "), error.wrong, strict=False)
        issues = [Issue(Code.VALUE, text.partition(": ")[2], places.get(it.field, other)) for text, it in said]
        raise NotTakenError(*issues) from None
    except RegistrationError as error:
        raise refuse(Code.VALUE, str(error), other) from None
    except ConflictError as error:
        raise refuse(Code.CONFLICT, str(error), other) from None


def link_of(kind: FhirKind, number: int | None, *, said_at: datetime | None, says: Says | None = None) -> Link:
    """Return what is kept of a resource that became that patient or visit."""
    is_person = kind is FhirKind.PATIENT
    return Link(number if is_person else None, None if is_person else number, said_at, says=says)


def said_at(resource: Resource, now: datetime) -> datetime | None:
    """Return when its system changed a resource; None where it does not say so, or has no clock to go by."""
    text = resource.get("meta", {}).get("lastUpdated")
    if not text:
        return None
    try:
        said = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return said if said <= now + _SKEW else None
