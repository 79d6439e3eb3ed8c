"""The values that a message template may use: plain texts, made once per message, clean of anything but text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time

from scheduler.domain.clinic import Clinic
from scheduler.domain.localtime import shift
from scheduler.domain.protocol import Between, Channel, Protocol, Purpose

KNOWN: Mapping[str, str] = {
    "patient.first_name": "the patient's first name",
    "patient.name": "the patient's whole name",
    "clinic.name": "the clinic's name",
    "clinic.phone": "the clinic's phone number, as people read it",
    "clinic.phone_link": "the same for a link: [{{ clinic.phone }}]({{ clinic.phone_link }})",
    "clinic.emergency_number": "the emergency number where the clinic is",
    "clinic.emergency_link": "the same for a link",
    "clinic.booking_url": "where to book; may be missing: ask with {% if clinic.booking_url %}",
    "treatment": "the protocol's title; missing in an SMS unless the clinic allows it: ask with {% if treatment %}",
    "appointment.date": "the day of the visit, in the clinic's time zone and the message's language",
    "appointment.time": "its time of day, with 12 or 24 hours as is usual there",
    "window.from": "the first day on which the next session fits; may be missing: ask with {% if window.from %}",
    "window.to": "the last day on which it fits; may be missing",
    "language": "the message's language, such as fr",
}

_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029], " ")
_INVISIBLE = dict.fromkeys(
    [0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF], None
)
_TEXT_ONLY: Mapping[int, str | None] = {**_CONTROLS, **_INVISIBLE}
_UNWANTED = frozenset(map(chr, _TEXT_ONLY))
_WEB_ADDRESS = re.compile(r"https?://[^\s\"'<>`\\]+", re.IGNORECASE)


class Link(str):
    """An address that may stand in a link: https, http or tel. Any other value in a link is refused."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Absent:
    """A value that this message does not have: false in an `{% if %}`, an error where it is written out."""

    name: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Variables:
    """All values of one message by their names in `KNOWN`."""

    values: Mapping[str, str | Absent] = field(repr=False)
    sms_may_name_treatment: bool

    @property
    def language(self) -> str:
        """The message's language."""
        return str(self.values["language"])

    def given_to(self, channel: Channel) -> dict[str, str | Absent]:
        """Return the values for a template of that channel, under their flat names."""
        given = {_FLAT[name]: value for name, value in self.values.items()}
        if channel is Channel.SMS and not self.sms_may_name_treatment:
            given["treatment"] = Absent("treatment")
        return given


def flat(name: str) -> str:
    """Return the name under which a compiled template finds a value: patient.name -> patient_name."""
    return name.replace(".", "_")


_FLAT: Mapping[str, str] = {name: flat(name) for name in KNOWN}


def variables_for(
    clinic: Clinic, protocol: Protocol, *, patient_name: str, language: str, starts_at: datetime
) -> Variables:
    """Make the values of one message.

    `language` is the one that the message is written in (`Clinic.language_for`), not the patient's wish.
    `starts_at` is the appointment's, aware; it is shown in the clinic's zone.
    """
    locale = locale_of(language, clinic.country)
    starts = starts_at.astimezone(clinic.timezone)
    window = next_session_window(protocol, starts.date())
    shown, dialled = _phone(clinic.phone)
    name = clean(patient_name)
    texts: dict[str, str | None] = {
        "patient.first_name": _first_name(name),
        "patient.name": name,
        "clinic.name": _own(clinic.name),
        "clinic.phone": shown,
        "clinic.phone_link": Link(f"tel:{dialled}"),
        "clinic.emergency_number": _own(clinic.emergency_number),
        "clinic.emergency_link": Link(f"tel:{_dialled(clinic.emergency_number)}"),
        "clinic.booking_url": _web_link(clinic.booking_url),
        "treatment": _own(protocol.title.get(language) or next(iter(protocol.title.values()), protocol.treatment)),
        "appointment.date": _day(starts.date(), locale),
        "appointment.time": _time(starts.time(), locale),
        "window.from": _day(window[0], locale) if window else None,
        "window.to": _day(window[1], locale) if window else None,
        "language": language,
    }
    values = {key: Absent(key) if text is None else text for key, text in texts.items()}
    return Variables(values, clinic.sms_may_name_treatment)


def next_session_window(protocol: Protocol, day: date) -> tuple[date, date] | None:
    """Return the days between which the next session fits: the first range of the protocol's recall steps."""
    for step in protocol.steps:
        if step.purpose is Purpose.RECALL and isinstance(step.timing, Between):
            return shift(day, step.timing.start), shift(day, step.timing.end)
    return None


def clean(text: str) -> str:
    """Return one line of visible text: no line breaks, controls, bidirectional overrides or lone surrogates."""
    writable = text.encode("utf-8", "ignore").decode()
    return " ".join((writable if _UNWANTED.isdisjoint(writable) else writable.translate(_TEXT_ONLY)).split())


@lru_cache(maxsize=1024)
def _own(text: str) -> str:
    """Return a text of the clinic's own, clean; what is of a patient is never kept."""
    return clean(text)


@lru_cache(maxsize=256)
def locale_of(language: str, country: str) -> Locale:
    """Return how dates are written in a language in a country: en in CA, else en at large, else English."""
    base = language.partition("-")[0]
    for identifier in (f"{base}_{country}", language.replace("-", "_"), base):
        try:
            return Locale.parse(identifier)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


@lru_cache(maxsize=1024)
def _day(day: date, locale: Locale) -> str:
    return clean(format_date(day, "full", locale=locale))


@lru_cache(maxsize=1440)
def _time(at: time, locale: Locale) -> str:
    return clean(format_time(at, "short", locale=locale))


@lru_cache(maxsize=1024)
def _phone(number: str) -> tuple[str, str]:
    """Return the number as people read it and as it is dialled; both work from abroad."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return clean(number), _dialled(number)
    shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return shown, phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _dialled(number: str) -> str:
    return re.sub(r"[^0-9+*#]", "", number)


def _web_link(address: str | None) -> Link | None:
    return Link(address) if address and _WEB_ADDRESS.fullmatch(address) else None


def _first_name(name: str) -> str:
    """Return the first word, or the first after the comma of `Sample, Alex`."""
    _, comma, after = name.partition(",")
    words = (after if comma and after.strip() else name).split()
    return words[0].strip(",") if words else name
