"""From what a person or a file wrote to a checked registration. Every wrong field is named, all at once."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus
from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Answer
from scheduler.errors import RegistrationError
from scheduler.protocols.hints import shown
from scheduler.services.addressing import NoAddressError, read_email
from scheduler.services.moments import NoInstantError
from scheduler.services.ways import AS_TYPED, Ways
from scheduler.services.words import answer_of, language_of, one_line, zone_names

NAME_LIMIT = 200
ID_LIMIT = 100
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+\d\d+", re.ASCII | re.IGNORECASE)
"""A whole number as spreadsheets show one that is too wide, always with the sign: 4E10 may be a booking's code."""
Read = TypeVar("Read")


class Field(StrEnum):
    """What a registration is made of; import mappings, options and errors use these names."""

    CLINIC = "clinic"
    TREATMENT = "treatment"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    PHONE = "phone"
    EMAIL = "email"
    LANGUAGE = "language"
    TIMEZONE = "timezone"
    EXTERNAL_ID = "external_id"
    PATIENT_ID = "patient_id"
    STARTS_AT = "starts_at"
    ENDS_AT = "ends_at"
    STATUS = "status"
    CONSENT_SMS = "consent_sms"
    CONSENT_EMAIL = "consent_email"
    CONSENT_MARKETING = "consent_marketing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One appointment as registered: addresses normalised, instants aware UTC. Its repr shows no patient data.

    `status` None: nothing was said about it.
    """

    clinic: str
    treatment: str
    name: str = field(repr=False)
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    language: str | None
    timezone: str | None
    external_id: str | None
    patient_ref: str | None = field(repr=False)
    starts_at: datetime
    ends_at: datetime | None
    status: AppointmentStatus | None
    consent_sms: Answer
    consent_email: Answer
    consent_marketing: Answer


class Wrong(NamedTuple):
    """What is wrong with a field, as a code that pages have words for."""

    field: Field
    code: str


class WrongFieldsError(RegistrationError):
    """Fields of a registration are wrong: `wrong` says which, and how."""

    def __init__(self, message: str, wrong: tuple[Wrong, ...]) -> None:
        super().__init__(message)
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class CallOff:
    """The booking system's word that a visit does not take place: its id there says which, nothing more is needed."""

    clinic: str
    external_id: str
    status: AppointmentStatus


@dataclass(frozen=True, slots=True)
class Details:
    """Who a patient is, as checked: the phone in E.164. Its repr shows no patient data."""

    name: str = field(repr=False)
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    language: str | None
    timezone: str | None


def read_details(raw: Mapping[Field, str], clinic: Clinic) -> Details:
    """Check who a patient is by the rules of a registration. Raises WrongFieldsError."""
    reader = _Reader(raw, clinic, AS_TYPED)
    details = Details(reader.name(), reader.phone(), reader.email(), reader.language(), reader.timezone())
    reader.refuse_unreachable()
    reader.refuse_wrong()
    return details


def read_call_off(raw: Mapping[Field, str], clinic: Clinic) -> CallOff | None:
    """Return what calls a visit off by its id, whatever else is said or missing; None where it does not."""
    reader = _Reader(raw, clinic, AS_TYPED)
    external_id, status = reader.identifier(Field.EXTERNAL_ID), reader.status()
    if external_id and status in CALLED_OFF and not reader.wrong:
        return CallOff(clinic.id, external_id, status)
    return None


def read_registration(
    raw: Mapping[Field, str], clinic: Clinic, treatment: str, *, ways: Ways = AS_TYPED
) -> Registration:
    """Check the fields of one appointment; an empty text is a field that was not given.

    Without `ways` of a file instants are ISO 8601, where a time without an offset is the clinic's wall clock.
    Raises WrongFieldsError with one line that names every wrong field.
    """
    reader = _Reader(raw, clinic, ways)
    registration = Registration(
        clinic=clinic.id,
        treatment=treatment,
        name=reader.name(),
        phone=reader.phone(),
        email=reader.email(),
        language=reader.language(),
        timezone=reader.timezone(),
        external_id=reader.identifier(Field.EXTERNAL_ID),
        patient_ref=reader.identifier(Field.PATIENT_ID),
        starts_at=reader.instant(Field.STARTS_AT) or datetime.max.replace(tzinfo=UTC),
        ends_at=reader.instant(Field.ENDS_AT),
        status=reader.status(),
        consent_sms=reader.answer(Field.CONSENT_SMS),
        consent_email=reader.answer(Field.CONSENT_EMAIL),
        consent_marketing=reader.answer(Field.CONSENT_MARKETING),
    )
    reader.cross_check(registration)
    return registration


class _Reader:
    """Reads one field after the other; `wrong` is what is wrong with those that were read."""

    def __init__(self, raw: Mapping[Field, str], clinic: Clinic, ways: Ways) -> None:
        self._raw = {key: unicodedata.normalize("NFC", value.strip()) for key, value in raw.items()}
        self._clinic = clinic
        self._ways = ways
        self.wrong: list[str] = []
        self.codes: list[Wrong] = []

    def cross_check(self, registration: Registration) -> None:
        """Check what concerns several fields, then raise if anything was wrong."""
        self.refuse_unreachable()
        if registration.ends_at and registration.ends_at <= registration.starts_at and not self.wrong:
            self.wrong.append("ends_at: is not after starts_at")
            self.codes.append(Wrong(Field.ENDS_AT, "too_early"))
        self.refuse_wrong()

    def refuse_unreachable(self) -> None:
        """Note where there is no address at all."""
        if not self._raw.get(Field.PHONE) and not self._raw.get(Field.EMAIL):
            self.wrong.append("phone, email: both are empty, so nothing could reach this patient")
            self.codes.append(Wrong(Field.PHONE, "no_address"))

    def refuse_wrong(self) -> None:
        """Raise WrongFieldsError if anything was wrong."""
        if self.wrong:
            raise WrongFieldsError("; ".join(self.wrong), tuple(self.codes))

    def name(self) -> str:
        parts = (self._text(key) for key in (Field.NAME, Field.FIRST_NAME, Field.LAST_NAME))
        text = " ".join(part for part in parts if part)
        if not text:
            self._say(Field.NAME, "empty", "is empty")
        elif len(text) > NAME_LIMIT:
            self._say(
                Field.NAME,
                "too_long",
                f"has {len(text):,} characters, more than the {NAME_LIMIT} that a name may have",
            )
        return text

    def phone(self) -> str | None:
        text = self._text(Field.PHONE)
        return self._read(Field.PHONE, lambda: self._ways.phone(text, self._clinic)) if text else None

    def email(self) -> str | None:
        text = self._raw.get(Field.EMAIL, "")
        return self._read(Field.EMAIL, lambda: read_email(text)) if text else None

    def language(self) -> str | None:
        text = self._raw.get(Field.LANGUAGE, "")
        if not text:
            return None
        language = language_of(text)
        if not language:
            self._say(Field.LANGUAGE, "no_language", "is not a language code such as en, fr or fr-CA")
        return language

    def timezone(self) -> str | None:
        text = self._raw.get(Field.TIMEZONE, "")
        if text and text not in zone_names():
            self._say(Field.TIMEZONE, "no_timezone", "is not an IANA time zone such as Europe/Madrid")
            return None
        return str(ZoneInfo(text)) if text else None

    def identifier(self, key: Field) -> str | None:
        text = self._text(key)
        if len(text) > ID_LIMIT:
            self._say(key, "too_long", f"has more than {ID_LIMIT} characters")
        if _ROUNDED.fullmatch(text):  # many ids become the same: it would move or call off another's visit
            what = "was rounded by a spreadsheet (such as 1.4E+10): import the booking system's own file"
            self._say(key, "rounded", what)
        return text or None

    def instant(self, key: Field) -> datetime | None:
        text = self._raw.get(key, "")
        if not text and key is Field.STARTS_AT:
            self._say(key, "empty", "is empty")
        return self._read(key, lambda: self._ways.instant(text, self._clinic)) if text else None

    def status(self) -> AppointmentStatus | None:
        text = self._raw.get(Field.STATUS, "")
        if not text:
            return None
        try:
            return AppointmentStatus(text.lower().replace("-", "_"))
        except ValueError:
            what = f"“{shown(text)}” is not booked, completed, cancelled or no_show: map it under import.statuses"
            self._say(Field.STATUS, "no_status", what)
            return None

    def answer(self, key: Field) -> Answer:
        answer = answer_of(self._raw.get(key, ""))
        if answer is None:
            self._say(key, "no_answer", "is not yes, no or unknown")
        return answer or Answer.UNKNOWN

    def _text(self, key: Field) -> str:
        """Return a text in one line and normal form: no control or direction characters, single spaces."""
        text, whole = one_line(self._raw.get(key, ""))
        if not whole:
            self._say(key, "no_text", "is not UTF-8 text: type it anew")
        return text

    def _read(self, key: Field, read: Callable[[], Read]) -> Read | None:
        try:
            return read()
        except (NoInstantError, NoAddressError) as error:
            self._say(key, error.code, str(error))
            return None

    def _say(self, key: Field, code: str, what: str) -> None:
        self.wrong.append(f"{key}: {what}")
        self.codes.append(Wrong(key, code))
