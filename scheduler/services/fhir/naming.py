"""What a resource is called: its logical id and its identifiers, and by which of them it is known here."""

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
_USES = ("usual", "official", None, "temp", "secondary")


@dataclass(frozen=True, slots=True)
class Names:
    """`id` is the resource's on this server; by `all` of them it is found again.

    `own` is its system's id for us: a visit's external id, a patient's id at the clinic; "" where it named none. An
    id that nobody named is made of the content, so that the same again is the same.
    """

    id: str
    own: str
    all: Sequence[str]


def names_of(resource: Resource, kind: FhirKind, put_id: str | None, vault: Vault) -> Names:
    """Return what a resource is called. `put_id` is the id that it was sent to, None for a new one (POST).

    The id in a resource that is posted says nothing: so FHIR has it. Raises NotTakenError.
    """
    if put_id is not None and resource.get("id") != put_id:
        raise refuse(Code.INVALID, "is not the id that the address ends with", "id")
    found = [*identifiers(resource)]
    if found:
        made = _made(vault, f"{kind}/identifier/{found[0]}")
    else:
        content = {name: it for name, it in resource.items() if name not in ("id", "meta", "text")}
        made = _made(vault, f"{kind}/content/{json.dumps(content, sort_keys=True)}")
    known = [*(by_id(it) for it in (put_id, made) if it), *map(by_identifier, found)]
    return Names(put_id or made, _own(kind, found[0] if found else None, put_id), known)


def _own(kind: FhirKind, identifier: str | None, put_id: str | None) -> str:
    if identifier is None and (put_id is None or kind is FhirKind.PATIENT):
        return ""  # the number of a patient's record at the clinic is none of the ids of a FHIR server
    own = _value(identifier) if identifier is not None else put_id or ""
    # A visit of a Procedure is none of an Appointment with the same number.
    own = f"{kind}/{own}" if kind is FhirKind.PROCEDURE else own
    if len(own) > ID_LIMIT:
        raise refuse(Code.TOO_LONG, f"has more than {ID_LIMIT} characters", "identifier")
    return own


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
    name, _, value = text.strip().removeprefix("?").partition("=")
    value = unquote(value)
    if name != "identifier" or "&" in text or not value.partition("|")[2].strip():
        raise refuse(Code.NOT_SUPPORTED, "a condition may be identifier=system|value and nothing else")
    return value


def _made(vault: Vault, text: str) -> str:
    return vault.lookup(text, of="fhir.id").hex()[:32]
