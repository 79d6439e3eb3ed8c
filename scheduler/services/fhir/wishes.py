"""What is to be taken, what became of it, and what all of one transaction share."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from scheduler.domain.clinic import Clinic
from scheduler.domain.fhir import FhirKind
from scheduler.errors import ConflictError, RegistrationError
from scheduler.services.fhir.issues import Code, Issue, NotTakenError, refuse
from scheduler.services.fhir.naming import Names
from scheduler.services.fhir.references import References
from scheduler.services.fhir.shape import Resource
from scheduler.services.intake import Field, WrongFieldsError
from scheduler.services.registration import Registrar, Result
from scheduler.store.database import Tx
from scheduler.store.fhir_links import Link, find_link

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
    resource stands, for what is said of it.
    """

    kind: FhirKind
    resource: Resource = field(repr=False)
    names: Names = field(repr=False)
    condition: str | None = field(default=None, repr=False)
    root: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a resource: `number` is that of our patient or appointment, None where there is none."""

    result: Result
    number: int | None
    words: str


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
    """One transaction, which whoever began it commits; `died` are the names of those who have died, in it."""

    tx: Tx
    registrar: Registrar
    clinic: Clinic
    references: References
    died: set[str] = field(default_factory=set, repr=False)

    @property
    def now(self) -> datetime:
        """Return the instant that it is."""
        return self.registrar.clock.now()

    def link(self, wish: Wish) -> Link | None:
        """Return what a resource was taken as before."""
        return find_link(self.tx, self.clinic.id, wish.kind, wish.names.all)


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
