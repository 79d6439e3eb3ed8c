"""The form of a registration: what was typed, kept as it was, and what it means."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from babel import Locale

from scheduler.domain.appointment import AppointmentStatus
from scheduler.errors import ConflictError
from scheduler.services.desk import Desk
from scheduler.services.intake import Field, Registration, Wrong, WrongFieldsError, read_registration
from scheduler.services.registering import Shown
from scheduler.store.patients import Patient
from scheduler.web.console.appointment_times import Odd, odd_time
from scheduler.web.console.posted import Posted

NAMES = (
    "name",
    "phone",
    "email",
    "language",
    "clinic",
    "treatment",
    "day",
    "time",
    "ends",
    "timezone",
    "patient_id",
    "external_id",
    "consent_sms",
    "consent_email",
    "consent_marketing",
)
"""The fields of the form, in its order."""
_WHERE = {Field.STARTS_AT: "day", Field.ENDS_AT: "ends"}
_CONSENTS = (Field.CONSENT_SMS, Field.CONSENT_EMAIL, Field.CONSENT_MARKETING)
_AS_THEY_ARE = (Field.NAME, Field.PHONE, Field.EMAIL, Field.LANGUAGE, Field.TIMEZONE, Field.PATIENT_ID)
_ABOUT = {
    "stranger": ("patient_id", "stranger"),
    "id_taken": ("external_id", "taken"),
    "other_treatment": ("external_id", "taken"),
}
_MOST_SHOWN = 20_000

Typed = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Read:
    """What a form says: a registration, or what is wrong with which field (field's id, code)."""

    typed: Typed = field(repr=False)
    registration: Registration | None
    wrong: tuple[tuple[str, str], ...] = ()
    odd: Odd | None = None


def typed_in(form: Posted) -> Typed:
    """Return what was typed, field by field."""
    return {name: form[name] for name in NAMES}


def blank(clinic: str | None, treatment: str = "") -> Typed:
    """Return an empty form."""
    return dict.fromkeys(NAMES, "") | {"clinic": clinic or "", "treatment": treatment}


def prefilled(patient: Patient, treatment: str = "") -> Typed:
    """Return the form of another visit of a patient."""
    known = {
        "name": patient.name,
        "phone": patient.phone,
        "email": patient.email,
        "language": patient.language,
        "timezone": patient.timezone,
        "patient_id": patient.ref,
    }
    return {**blank(patient.clinic, treatment), **{name: value or "" for name, value in known.items()}}


def read_form_of(typed: Typed, desk: Desk, clinics: Iterable[str]) -> Read:
    """Read a form; `clinics` are those where its sender may register."""
    clinic = desk.configuration.clinics.get(typed["clinic"])
    wrong = [] if clinic and clinic.id in clinics else [("clinic", "empty")]
    if typed["treatment"] not in desk.configuration.protocols:
        wrong.append(("treatment", "empty"))
    day, time, ends = (typed[name].strip() for name in ("day", "time", "ends"))
    wrong += [(name, "empty") for name, text in (("day", day), ("time", time)) if not text]
    if clinic is None:
        return Read(typed, None, tuple(wrong))
    raw = {key: typed[key.value] for key in (*_AS_THEY_ARE, *_CONSENTS, Field.EXTERNAL_ID)}
    raw[Field.STATUS] = AppointmentStatus.BOOKED.value
    raw[Field.STARTS_AT] = f"{day}T{time}" if day and time else "2000-01-01T00:00"
    raw[Field.ENDS_AT] = f"{day}T{ends}" if day and ends else ""
    try:
        registration = read_registration(raw, clinic, typed["treatment"])
    except WrongFieldsError as error:
        return Read(typed, None, (*wrong, *_told(error.wrong)))
    if wrong:
        return Read(typed, None, tuple(wrong))
    return Read(typed, registration, (), odd_time(raw[Field.STARTS_AT], registration.starts_at, clinic))


def conflict_of(error: ConflictError) -> tuple[str, str] | None:
    """Return which field a conflict is about, and the code of what is wrong; None where it is about none."""
    return _ABOUT.get(error.code)


def languages(desk: Desk, clinics: Iterable[str], speaking: str) -> list[tuple[str, str]]:
    """Return the languages that these clinics write to patients in, by their names in the reader's language."""
    known = {it for name in clinics for it in desk.configuration.clinics[name].languages}
    names = {it: Locale.parse(it, sep="-").get_display_name(speaking) or it for it in known}
    return sorted(names.items(), key=lambda it: it[1].casefold())


def dump_shown(shown: Shown) -> str:
    """Write a plan into a form."""
    return json.dumps(shown, separators=(",", ":"))


def load_shown(text: str) -> Shown | None:
    """Read it back; None for what is none: then whatever is found is taken for changed."""
    if len(text) > _MOST_SHOWN:
        return None
    try:
        return tuple(
            (str(step), str(channel), str(status), int(due)) for step, channel, status, due in json.loads(text)
        )
    except (ValueError, TypeError):
        return None


def _told(wrong: Iterable[Wrong]) -> Iterable[tuple[str, str]]:
    return [(_WHERE.get(it.field, it.field.value), it.code) for it in wrong if it.field is not Field.STATUS]
