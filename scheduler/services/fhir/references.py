"""What a reference means: something in the same Bundle, something contained, or something that came before."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from scheduler.domain.fhir import FhirKind
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.naming import by_id, by_identifier, read_condition, token
from scheduler.services.fhir.shape import Resource

_RELATIVE = re.compile(r"([A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")
_RESTFUL = re.compile(r"(https?://.+)/[A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
_DEFINITION = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(frozen=True, slots=True)
class Place:
    """A reference, and the FHIRPath at which it stands."""

    reference: Mapping[str, Any]
    at: str


@dataclass(frozen=True, slots=True)
class References:
    """Reads references by the rules of R4 (Bundle, “Resolving references in Bundles”).

    `base` is the address of this server, `told` what the Bundle has: by fullUrl its type, and its id on this server.
    `own` is the fullUrl of the entry in which a reference stands.
    """

    base: str
    told: Mapping[str, tuple[FhirKind, str]] = field(default_factory=lambda: MappingProxyType({}))
    own: str = ""

    def within(self, full_url: str) -> "References":
        """Return what reads the references of an entry."""
        return replace(self, own=full_url)

    def kind_of(self, reference: Mapping[str, Any], resource: Resource) -> str:
        """Return of what type the resource is that a reference in `resource` means; "" where nothing says so."""
        url = _bare(reference)
        if url.startswith("#"):
            return str(contained_in(resource, url).get("resourceType", ""))
        if url in self.told:
            return self.told[url][0]
        if match := _RELATIVE.fullmatch("/".join(url.partition("?")[0].split("/")[-2:])):
            return match[1]
        conditional = url.partition("?")[0] if "?" in url else ""
        return conditional or str(reference.get("type", "")).removeprefix(_DEFINITION)

    def entry_meant(self, place: Place) -> str | None:
        """Return the fullUrl of the entry that a reference means, None where it means none of them.

        A relative one means what is at the base of its own entry. Raises NotTakenError where another base has it too:
        it would be a stranger's.
        """
        url = _bare(place.reference)
        if url in self.told:
            return url
        match = _RELATIVE.fullmatch(url)
        if match is None:
            return None
        base = _RESTFUL.fullmatch(self.own)
        beside = f"{base[1] if base else self.base}/{url}"
        if beside in self.told:
            return beside
        others = [it for it in self.told if it.endswith(f"/{url}") and not it.startswith(f"{self.base}/")]
        if others and (base or any(self.told[it][1] != match[2] for it in others)):
            words = "is at another base in this Bundle than this entry: give each its fullUrl, and refer to that"
            raise refuse(Code.BUSINESS_RULE, words, place.at)
        return None

    def names_meant(self, reference: Mapping[str, Any], kind: FhirKind) -> Sequence[str]:
        """Return the names by which a reference means something on this server, the surest first.

        Raises NotTakenError for a condition that is not understood.
        """
        url, names = _bare(reference).removeprefix(f"{self.base}/"), list[str]()
        if (match := _RELATIVE.fullmatch(url)) and match[1] == kind:
            names.append(by_id(match[2]))
        elif url.startswith(f"{kind}?"):
            names.append(by_identifier(read_condition(url)))
        identifier = reference.get("identifier", {})
        if identifier.get("value", "").strip() and identifier.get("system", "").strip():
            names.append(by_identifier(token(identifier)))
        return names


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


def _bare(reference: Mapping[str, Any]) -> str:
    """Return where a reference points to, whatever version of it."""
    return str(reference.get("reference", "")).partition("/_history/")[0]
