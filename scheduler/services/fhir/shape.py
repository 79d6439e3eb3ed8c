"""Whether a resource has the shape that FHIR R4 gives it, and says nothing that would have to be understood.

The models are those of R4B, in which these resources have the elements of R4 (ADR 44). They are lenient with types
and codes, so both are looked at here again. They take a tenth of a second to load: the first request does it.
"""

from collections.abc import Iterator, Mapping
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from scheduler.domain.fhir import FhirKind
from scheduler.protocols.hints import shown
from scheduler.services.fhir.issues import Code, Issue, NotTakenError, refuse

if TYPE_CHECKING:
    from fhir_core.fhirabstractmodel import FHIRAbstractModel

Resource = Mapping[str, Any]
"""A resource as JSON has it; `check` says that its elements are what FHIR says they are."""

MOST_IDENTIFIERS = 20
"""Of one resource: each is a name that is looked up and kept."""
MOST_IN_A_LIST = 100
"""Of anything else: nobody has more phones, and each is read while others who write wait."""
MOST_SHOWN = 20
"""Issues of one resource; whoever mends those sees the others then."""
_CODES = {
    "missing": Code.REQUIRED,
    "model_field_validation.missing": Code.REQUIRED,
    "value_error": Code.VALUE,
    "string_pattern_mismatch": Code.VALUE,
    "date_from_datetime_parsing": Code.VALUE,
    "datetime_from_date_parsing": Code.VALUE,
    "date_parsing": Code.VALUE,
    "datetime_parsing": Code.VALUE,
}
_WORDS = {
    "missing": "is missing",
    "model_field_validation.missing": "is missing",
    "extra_forbidden": "is no element of FHIR R4 at this place",
    "string_type": "is no text",
    "list_type": "is no list, or has an entry that is null",
    "model_type": "is no object",
    **dict.fromkeys(
        ("date_from_datetime_parsing", "datetime_from_date_parsing", "date_parsing", "datetime_parsing"),
        "names a day or a time that does not exist: look at the calendar",
    ),
    "string_pattern_mismatch": "has characters that it may not have, or is empty",
}
_SAID = {
    "expected from this list": "has the same thing in more than one form",
    "Instant value": "is no instant: write it as 2026-03-02T14:30:00-05:00",
    "DateTime value": "is no date, nor a date and time with an offset: write it as 2026-03-02T14:30:00-05:00",
    "Date value": "is no date: write it as 2026-03-02",
}
_KINDS: tuple[tuple[type | tuple[type, ...], type | tuple[type, ...], str], ...] = (
    (bool, bool, "is not true or false"),
    (int, int, "is no whole number"),
    ((float, Decimal), (int, float), "is no number"),
    ((str, bytes, date, time), str, "is no text"),
)


def check(resource: Resource, kind: FhirKind) -> None:
    """Refuse a resource that is not what FHIR says, or whose sense is changed by what is not known here.

    Of contained resources only Patients are looked at. Raises NotTakenError.
    """
    if resource.get("resourceType") != kind:
        raise refuse(Code.INVALID, f"is not “{kind}”, which this address takes", "resourceType")
    if long := [*_too_long(resource, "", "")]:
        raise NotTakenError(*long[:MOST_SHOWN])
    contained = resource.get("contained", [])
    _check(kind.value, {name: it for name, it in resource.items() if name != "contained"})
    if not isinstance(contained, list) or not all(isinstance(it, dict) for it in contained):
        raise refuse(Code.STRUCTURE, "is no list of resources", "contained")
    for index, one in enumerate(contained):
        if one.get("resourceType") == FhirKind.PATIENT:
            try:
                _check(FhirKind.PATIENT.value, one)
            except NotTakenError as error:
                raise error.within(f"contained[{index}]") from None


def check_frame(bundle: Resource) -> None:
    """Refuse a Bundle that is none, whatever its resources are. Raises NotTakenError."""
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(it, dict) for it in entries):
        raise refuse(Code.STRUCTURE, "is no list of entries", "entry")
    # Whoever takes the entries says of each what it lacks: here none is empty.
    bare = [{name: it for name, it in entry.items() if name != "resource"} or {"id": "bare"} for entry in entries]
    _check("Bundle", {**bundle, "entry": bare} if bare else {**bundle})


def _check(name: str, resource: Resource) -> None:
    if modifiers := [*_modifiers(resource)]:
        raise NotTakenError(*modifiers[:MOST_SHOWN])
    if nothing := [*_empty(resource, "")]:
        raise NotTakenError(*nothing[:MOST_SHOWN])
    try:
        model = _model(name).model_validate(resource)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise NotTakenError(*(_issue(it["type"], it["loc"], it["msg"]) for it in found[:MOST_SHOWN])) from None
    if wrong := [*_wrong(model, resource, "")]:
        raise NotTakenError(*wrong[:MOST_SHOWN])


def _model(name: str) -> "type[FHIRAbstractModel]":
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415  (a tenth of a second, once)

    return get_fhir_model_class(name)


def _modifiers(resource: Resource) -> Iterator[Issue]:
    """Yield what a receiver has to understand or refuse (R4, 2.1.27.5.2 and 2.27.0): none of it is known here."""
    if "implicitRules" in resource:
        words = "changes what all of it means, and these rules are not known here: send it without them"
        yield Issue(Code.NOT_SUPPORTED, words, "implicitRules")
    for at in _places(resource, "modifierExtension", ""):
        yield Issue(Code.EXTENSION, "changes what its element means, and is not known here: send it without it", at)


def _places(value: Any, name: str, at: str) -> Iterator[str]:
    for place, key, part in _parts(value, at):
        if key == name:
            yield place
        else:
            yield from _places(part, name, place)


def _parts(value: Any, at: str) -> Iterator[tuple[str, str | None, Any]]:
    if isinstance(value, dict):
        yield from ((f"{at}.{key}" if at else key, key, part) for key, part in value.items())
    elif isinstance(value, list):
        yield from ((f"{at}[{index}]", None, part) for index, part in enumerate(value))


def _empty(value: Any, at: str) -> Iterator[Issue]:
    """Yield what is there and has nothing in it, which JSON of FHIR does not know; null stands in lists of texts."""
    for place, key, part in _parts(value, at):
        if part in ([], {}, "") or (part is None and key is not None):
            yield Issue(Code.STRUCTURE, "is empty: leave it out", place)
        else:
            yield from _empty(part, place)


def _too_long(value: Any, name: str, at: str) -> Iterator[Issue]:
    """Yield the lists that have more entries than are read."""
    most = MOST_IDENTIFIERS if name == "identifier" else MOST_IN_A_LIST
    if isinstance(value, list) and len(value) > most:
        yield Issue(Code.TOO_LONG, f"has {len(value):,} entries, more than the {most} that are taken", at)
        return
    for place, key, part in _parts(value, at):
        yield from _too_long(part, key or "", place)


def _wrong(model: Any, raw: Any, at: str) -> Iterator[Issue]:
    """Yield where a text stands for a number, and where a code is none of those there are."""
    if isinstance(model, BaseModel) and isinstance(raw, dict):
        for name, info in type(model).model_fields.items():
            key = info.alias or name
            if key in raw:
                extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
                place = f"{at}.{key}" if at else key
                yield from _wrong(getattr(model, name), raw[key], place)
                yield from _no_code(extra.get("enum_values"), raw[key], place)
    elif isinstance(model, list) and isinstance(raw, list):
        for index, (one, part) in enumerate(zip(model, raw, strict=True)):
            yield from _wrong(one, part, f"{at}[{index}]")
    else:
        yield from (Issue(Code.STRUCTURE, words, at) for words in _mistyped(model, raw))


def _mistyped(value: Any, raw: Any) -> Iterator[str]:
    for kinds, wanted, words in _KINDS:
        if isinstance(value, kinds):
            if not isinstance(raw, wanted) or (isinstance(raw, bool) and not isinstance(value, bool)):
                yield words
            return


def _no_code(known: Any, raw: Any, at: str) -> Iterator[Issue]:
    if isinstance(known, list) and isinstance(raw, str) and raw not in known:
        words = f"“{shown(raw)}” is none of {', '.join(map(str, known))}"
        yield Issue(Code.CODE_INVALID, words, at)


def _issue(kind: str, loc: tuple[int | str, ...], message: str) -> Issue:
    """Say an error of the library as ours, without what was sent."""
    at = ""
    for part in loc:
        at += f"[{part}]" if isinstance(part, int) else f".{part}" if at else part
    words = _WORDS.get(kind)
    if words is None:
        words = next((said for part, said in _SAID.items() if part in message), "is not as FHIR R4 has it")
    return Issue(_CODES.get(kind, Code.STRUCTURE), words, at)
