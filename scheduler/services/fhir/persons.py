"""Reads a Patient: who it is, and how to reach them. Consent is not in it: that stays unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from scheduler.domain.clinic import Clinic
from scheduler.services.fhir.issues import Code, refuse
from scheduler.services.fhir.shape import Resource
from scheduler.services.intake import Field
from scheduler.services.words import language_of

_NAMES = ("usual", "official", None, "nickname", "temp", "anonymous")
"""The uses of names in the order in which one is chosen; "old" and "maiden" are never it."""
_PHONES = ("mobile", None, "home", "temp", "work")
_EMAILS = (None, "home", "mobile", "temp", "work")
"""What is said at work is read at work: that comes last."""
_LAST = 1 << 31


@dataclass(frozen=True, slots=True)
class Who:
    """A person as told. `has_died`: nothing is ever sent to them; `gone` are phones and emails that were theirs."""

    raw: Mapping[Field, str] = field(repr=False)
    has_died: bool
    gone: Mapping[Field, Sequence[str]] = field(repr=False)


def read_person(patient: Resource, clinic: Clinic, *, today: date) -> Who:
    """Return who a Patient is. Raises NotTakenError for a record that is not in use any more."""
    if patient.get("active") is False:
        words = "this record is not in use: send the one that is, or send it as active"
        raise refuse(Code.BUSINESS_RULE, words, "active")
    for index, link in enumerate(patient.get("link", ())):
        if link.get("type") == "replaced-by":
            raise refuse(Code.BUSINESS_RULE, "another record has replaced this one: send that", f"link[{index}].type")
    phones, old_phones = _points(patient, ("sms", "phone"), _PHONES, today)
    emails, old_emails = _points(patient, ("email",), _EMAILS, today)
    raw = {
        **_name(patient, today),
        Field.PHONE: next(iter(phones), ""),
        Field.EMAIL: next(iter(emails), ""),
        Field.LANGUAGE: _language(patient, clinic),
    }
    gone = {Field.PHONE: old_phones, Field.EMAIL: old_emails}
    return Who({name: text for name, text in raw.items() if text}, _has_died(patient), gone)


def _has_died(patient: Resource) -> bool:
    return patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient


def _name(patient: Resource, today: date) -> Mapping[Field, str]:
    used = [it for it in patient.get("name", ()) if it.get("use") in _NAMES and _is_in_use(it, today)]
    if not used:
        return {}
    chosen = min(used, key=lambda it: _NAMES.index(it.get("use")))
    given = " ".join(it for it in chosen.get("given", ()) if it)
    family = chosen.get("family", "")
    if given or family:
        return {Field.FIRST_NAME: given, Field.LAST_NAME: family}
    return {Field.NAME: chosen.get("text", "")}


def _points(
    patient: Resource, systems: tuple[str, ...], uses: tuple[str | None, ...], today: date
) -> tuple[list[str], list[str]]:
    """Return somebody's phones or emails, by use, then rank, then as given; and those that are theirs no more."""
    points = [it for it in patient.get("telecom", ()) if it.get("system") in systems and it.get("value")]
    old = [it for it in points if it.get("use") == "old" or _is_over(it, today)]
    good = [it for it in points if it not in old and not _is_ahead(it, today)]
    best = sorted(good, key=lambda it: (uses.index(it.get("use")), it.get("rank", _LAST)))
    return [_bare(it) for it in best], [_bare(it) for it in old]


def _bare(point: Mapping[str, Any]) -> str:
    return str(point["value"]).strip().removeprefix("tel:").removeprefix("mailto:")


def _is_in_use(part: Mapping[str, Any], today: date) -> bool:
    return not _is_over(part, today) and not _is_ahead(part, today)


def _is_ahead(part: Mapping[str, Any], today: date) -> bool:
    """Whether what has a period begins after today; a month or a year begins with its first day."""
    start = part.get("period", {}).get("start", "")
    return bool(start) and start[:10] > today.isoformat()[: len(start[:10])]


def _is_over(part: Mapping[str, Any], today: date) -> bool:
    """Whether what has a period ended before today; a month or a year ends with its last day."""
    end = part.get("period", {}).get("end", "")
    return bool(end) and end[:10] < today.isoformat()[: len(end[:10])]


def _language(patient: Resource, clinic: Clinic) -> str:
    """Return the first language that the clinic writes in, the preferred one before others; else nothing."""
    told = sorted(patient.get("communication", ()), key=lambda it: it.get("preferred") is not True)
    spoken = {it.partition("-")[0] for it in clinic.languages}
    for one in told:
        for coding in one["language"].get("coding", ()):
            language = language_of(coding.get("code", ""))
            if language and language.partition("-")[0] in spoken:
                return language
    return ""
