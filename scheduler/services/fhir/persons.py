"""Reads a Patient: who it is, and how to reach them. Consent is not in it: that stays unknown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from scheduler.domain.clinic import Clinic
from scheduler.services.addressing import NoAddressError, read_email, read_phone
from scheduler.services.fhir.issues import Code, Issue, refuse
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
class Points:
    """Somebody's phones or emails in the form in which they are kept: `good` ones, the best first, and `old` ones.

    `wrong` are those that are none, with the element and what is wrong.
    """

    good: Sequence[str] = field(repr=False)
    old: Sequence[str] = field(repr=False)
    wrong: Sequence[Issue]


@dataclass(frozen=True, slots=True)
class Who:
    """A person as told. `has_died`: nothing is ever sent to them; `points` are all their phones and emails."""

    raw: Mapping[Field, str] = field(repr=False)
    has_died: bool
    points: Mapping[Field, Points] = field(repr=False)

    @property
    def name(self) -> str:
        """Return the whole name, "" where none was told."""
        parts = (self.raw.get(it, "") for it in (Field.NAME, Field.FIRST_NAME, Field.LAST_NAME))
        return " ".join(it for it in parts if it)

    @property
    def wrong(self) -> tuple[Issue, ...]:
        """Return the addresses that are none."""
        return tuple(issue for it in self.points.values() for issue in it.wrong)


def read_person(patient: Resource, clinic: Clinic, *, today: date) -> Who:
    """Return who a Patient is. Raises NotTakenError for a record that is not in use any more."""
    if patient.get("active") is False:
        words = "this record is not in use: send the one that is, or send it as active"
        raise refuse(Code.BUSINESS_RULE, words, "active")
    for index, link in enumerate(patient.get("link", ())):
        if link.get("type") == "replaced-by":
            raise refuse(Code.BUSINESS_RULE, "another record has replaced this one: send that", f"link[{index}].type")
    phones = _points(patient, ("sms", "phone"), _PHONES, today, lambda text: read_phone(text, clinic))
    emails = _points(patient, ("email",), _EMAILS, today, read_email)
    raw = {
        **_name(patient, today),
        Field.PHONE: next(iter(phones.good), ""),
        Field.EMAIL: next(iter(emails.good), ""),
        Field.LANGUAGE: _language(patient, clinic),
    }
    points = {Field.PHONE: phones, Field.EMAIL: emails}
    return Who({name: text for name, text in raw.items() if text}, _has_died(patient), points)


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
    patient: Resource,
    systems: tuple[str, ...],
    uses: tuple[str | None, ...],
    today: date,
    read: Callable[[str], str],
) -> Points:
    """Return somebody's phones or emails, by use, then rank, then as given."""
    told = enumerate(patient.get("telecom", ()))
    points = [(index, it) for index, it in told if it.get("system") in systems and it.get("value")]
    order = (*uses, "old")
    best = sorted(points, key=lambda one: (order.index(one[1].get("use")), one[1].get("rank", _LAST)))
    good, old, wrong = list[str](), list[str](), list[Issue]()
    for index, point in best:
        is_over = point.get("use") == "old" or _is_over(point, today)
        if not is_over and _is_ahead(point, today):
            continue
        try:
            (old if is_over else good).append(read(_bare(point)))
        except NoAddressError as error:
            if not is_over:  # what is none was never kept
                wrong.append(Issue(Code.VALUE, str(error), f"telecom[{index}]"))
    return Points(good, [it for it in old if it not in good], wrong)


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
