"""Reads the fields of one registration, one after the other, and notes all that is wrong with them."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Answer
from scheduler.domain.word import NEVER_CHANGED, WordAge
from scheduler.protocols.hints import shown
from scheduler.services.addressing import NoAddressError, read_email
from scheduler.services.fields import ID_LIMIT, NAME_LIMIT, Field, Wrong, WrongFieldsError
from scheduler.services.moments import NoInstantError
from scheduler.services.ways import Ways
from scheduler.services.words import answer_of, language_of, one_line, zone_names

_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+\d\d+", re.ASCII | re.IGNORECASE)
"""A whole number as spreadsheets show one that is too wide, always with the sign: 4E10 may be a booking's code."""
Read = TypeVar("Read")


class FieldReader:
    """Reads one field after the other; `wrong` is what is wrong with those that were read."""

    def __init__(self, raw: Mapping[Field, str], clinic: Clinic, ways: Ways) -> None:
        self._raw = {key: unicodedata.normalize("NFC", value.strip()) for key, value in raw.items()}
        self._clinic = clinic
        self._ways = ways
        self.wrong: list[str] = []
        self.codes: list[Wrong] = []

    def cross_check(self, starts_at: datetime, ends_at: datetime | None, *, must_reach: bool = True) -> None:
        """Check what concerns several fields, then raise if anything was wrong."""
        if must_reach:
            self.refuse_unreachable()
        if ends_at and ends_at <= starts_at and not self.wrong:
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
        """Return the name, in one column or two."""
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
        """Return the phone in E.164."""
        text = self._text(Field.PHONE)
        return self._read(Field.PHONE, lambda: self._ways.phone(text, self._clinic)) if text else None

    def email(self) -> str | None:
        """Return the email address."""
        text = self._raw.get(Field.EMAIL, "")
        return self._read(Field.EMAIL, lambda: read_email(text)) if text else None

    def language(self) -> str | None:
        """Return the language as a code."""
        text = self._raw.get(Field.LANGUAGE, "")
        if not text:
            return None
        language = language_of(text)
        if not language:
            self._say(Field.LANGUAGE, "no_language", "is not a language code such as en, fr or fr-CA")
        return language

    def timezone(self) -> str | None:
        """Return the patient's own time zone."""
        text = self._raw.get(Field.TIMEZONE, "")
        if text and text not in zone_names():
            self._say(Field.TIMEZONE, "no_timezone", "is not an IANA time zone such as Europe/Madrid")
            return None
        return str(ZoneInfo(text)) if text else None

    def identifier(self, key: Field) -> str | None:
        """Return an id, as its system writes it."""
        text = self._text(key)
        if len(text) > ID_LIMIT:
            self._say(key, "too_long", f"has more than {ID_LIMIT} characters")
        if _ROUNDED.fullmatch(text):  # many ids become the same: it would move or call off another's visit
            what = "was rounded by a spreadsheet (such as 1.4E+10): import the booking system's own file"
            self._say(key, "rounded", what)
        return text or None

    def instant(self, key: Field) -> datetime | None:
        """Return an instant, aware UTC."""
        text = self._raw.get(key, "")
        if not text and key is Field.STARTS_AT:
            self._say(key, "empty", "is empty")
        return self._read(key, lambda: self._ways.instant(text, self._clinic)) if text else None

    def age(self) -> WordAge | None:
        """Return how old this word is; a source that dates changes, and has no date for this, never changed it."""
        if Field.UPDATED_AT not in self._raw:
            return None
        text = self._raw[Field.UPDATED_AT]
        return self._read(Field.UPDATED_AT, lambda: self._ways.age(text, self._clinic)) if text else NEVER_CHANGED

    def status(self) -> AppointmentStatus | None:
        """Return the status; None where nothing was said of it."""
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
        """Return the answer to a consent."""
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
