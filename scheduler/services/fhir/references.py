"""What a reference means: something in the same Bundle, something contained, or something that came before."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from scheduler.domain.fhir import FhirKind
from scheduler.services.fhir.naming import Names, by_id, by_identifier, read_condition, token
from scheduler.services.fhir.shape import Resource

_RELATIVE = re.compile(r"([A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_DEFINITION = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(frozen=True, slots=True)
class Place:
    """A reference, and the FHIRPath at which it stands."""

    reference: Mapping[str, Any]
    at: str


@dataclass(frozen=True, slots=True)
class References:
    """Reads references. `base` is the address of this server, `told` what the Bundle has, by its fullUrl."""

    base: str
    told: Mapping[str, tuple[FhirKind, Names]] = field(default_factory=lambda: MappingProxyType({}))

    def kind_of(self, reference: Mapping[str, Any], resource: Resource) -> str:
        """Return of what type the resource is that a reference in `resource` means; "" where nothing says so."""
        url = self._own(reference.get("reference", ""))
        if url.startswith("#"):
            return str(contained_in(resource, url).get("resourceType", ""))
        if url in self.told:
            return self.told[url][0]
        if match := _RELATIVE.fullmatch(_last_two(url.partition("?")[0])):
            return match[1]
        conditional = url.partition("?")[0] if "?" in url else ""
        return conditional or str(reference.get("type", "")).removeprefix(_DEFINITION)

    def names_meant(self, reference: Mapping[str, Any], kind: FhirKind) -> Sequence[str]:
        """Return the names by which a reference means something of that kind, the surest first.

        Raises NotTakenError for a condition that is not understood.
        """
        url, names = self._own(reference.get("reference", "")), list[str]()
        if match := _RELATIVE.fullmatch(url):
            ends = f"/{match[1]}/{match[2]}"
            told = [it for full, it in self.told.items() if full == url or full.endswith(ends)]
            names += [name for known, its in told if known is kind for name in its.all]
            names += [by_id(match[2])] if match[1] == kind else []
        elif url in self.told:
            known, its = self.told[url]
            names += its.all if known is kind else ()
        elif url.startswith(f"{kind}?"):
            names.append(by_identifier(read_condition(url.removeprefix(kind))))
        identifier = reference.get("identifier", {})
        if identifier.get("value", "").strip():
            names.append(by_identifier(token(identifier)))
        return names

    def _own(self, url: str) -> str:
        """Return an address of this server as it stands below its base."""
        return url.removeprefix(f"{self.base}/")


def contained_in(resource: Resource, reference: str) -> Resource:
    """Return the contained resource that `#id` means, an empty one for none."""
    found = (it for it in resource.get("contained", ()) if it.get("id") == reference.removeprefix("#"))
    return next(found, {})


def patients_among(appointment: Resource, references: References) -> list[int]:
    """Return which participants of an appointment are patients, by their numbers."""
    return [
        index
        for index, it in enumerate(appointment["participant"])
        if references.kind_of(it.get("actor", {}), appointment) == FhirKind.PATIENT
    ]


def _last_two(url: str) -> str:
    parts = url.partition("/_history/")[0].split("/")
    return "/".join(parts[-2:])
