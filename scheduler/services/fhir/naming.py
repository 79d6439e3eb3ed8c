"""What a resource is called: the id that is its name, and the identifiers that are further names of it."""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from scheduler.domain.fhir import FhirKind
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.shape import Resource
from scheduler.services.intake import ID_LIMIT
from scheduler.services.words import one_line
from scheduler.store.vault import Vault

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_ASKED = re.compile(r"^[A-Za-z]*\?")
_USES = ("usual", "official", None, "temp", "secondary")


@dataclass(frozen=True, slots=True)
class Names:
    """`id` is the resource's on this server: it names one thing, always. `is_put`: its system gave it.

    `identifiers` have a system and a value, the one that is used most first. `made` are the ids that a resource gets
    which is posted under one of them. `calls` are what it may be called by us, as exports call it: a visit's external
    id, a patient's id at the clinic; the first that is free.
    """

    id: str
    is_put: bool
    identifiers: Sequence[str]
    made: Sequence[str]
    calls: Sequence[str]

    @property
    def name(self) -> str:
        """Return its name."""
        return by_id(self.id)

    @property
    def all(self) -> Sequence[str]:
        """Return its name and its further names."""
        return [self.name, *map(by_identifier, self.identifiers)]

    @property
    def has_claim(self) -> bool:
        """Whether a system named it, by an id or an identifier: content names nobody."""
        return self.is_put or bool(self.made)


def names_of(resource: Resource, kind: FhirKind, put_id: str | None, vault: Vault) -> Names:
    """Return what a resource is called. `put_id` is the id that it was sent to, None for a new one (POST).

    The id in a resource that is posted says nothing: so FHIR has it. Its first identifier makes one, of a resource
    without any its content. Raises NotTakenError.
    """
    if put_id is not None and resource.get("id") != put_id:
        raise refuse(Code.INVALID, "is not the id that the address ends with", "id")
    found = [*identifiers(resource)]
    made = [made_id(vault, kind, it) for it in found]
    own = put_id or (made[0] if made else _made_of_content(vault, kind, resource))
    proper = [it for it in dict.fromkeys(found) if not it.startswith("|")]
    return Names(own, put_id is not None, proper, made, _calls(kind, found[:1], own))


def made_id(vault: Vault, kind: FhirKind, identifier: str) -> str:
    """Return the id of a resource that is posted under an identifier."""
    return _made(vault, f"{kind}/identifier/{identifier}")


def _made_of_content(vault: Vault, kind: FhirKind, resource: Resource) -> str:
    content = {name: it for name, it in resource.items() if name not in ("id", "meta", "text")}
    return _made(vault, f"{kind}/content/{json.dumps(content, sort_keys=True)}")


def _calls(kind: FhirKind, first: Sequence[str], own: str) -> Sequence[str]:
    # The number of a patient's record at the clinic is none of the ids of a FHIR server.
    found = [*map(_value, first), *(() if kind is FhirKind.PATIENT else (own,))]
    # A visit of a Procedure is none of an Appointment with the same number.
    called = [f"{kind}/{it}" for it in found] if kind is FhirKind.PROCEDURE else [*dict.fromkeys(found)]
    if any(len(it) > ID_LIMIT for it in called):
        raise refuse(Code.TOO_LONG, f"has more than {ID_LIMIT} characters", "identifier")
    return called


def _value(identifier: str) -> str:
    value, whole = one_line(unicodedata.normalize("NFC", identifier.partition("|")[2]))
    if not value or not whole:
        raise refuse(Code.VALUE, "is no text in one line", "identifier")
    return value


def identifiers(resource: Resource) -> Iterator[str]:
    """Yield the identifiers as system|value, the one that is used most first; old ones not."""
    given = [it for it in resource.get("identifier", ()) if it.get("value", "").strip() and it.get("use") != "old"]
    for it in sorted(given, key=lambda it: _USES.index(it.get("use"))):
        yield token(it)


def token(identifier: dict[str, Any]) -> str:
    """Return an identifier as system|value."""
    return f"{identifier.get('system', '').strip()}|{identifier.get('value', '').strip()}"


def by_id(logical_id: str) -> str:
    """Return the name of a link for a logical id."""
    return f"id/{logical_id}"


def by_identifier(system_and_value: str) -> str:
    """Return the name of a link for an identifier."""
    return f"identifier/{system_and_value}"


def read_condition(text: str) -> str:
    """Return the identifier in the condition of a create: `identifier=system|value`. Raises NotTakenError."""
    name, _, value = _ASKED.sub("", text.strip()).partition("=")
    system, _, own = unquote(value).partition("|")
    if name != "identifier" or "&" in text or not system.strip() or not own.strip():
        raise refuse(Code.NOT_SUPPORTED, "a condition may be identifier=system|value and nothing else")
    return f"{system.strip()}|{own.strip()}"


def _made(vault: Vault, text: str) -> str:
    return vault.lookup(text, of="fhir.id").hex()[:32]
