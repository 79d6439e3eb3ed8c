"""How the console writes values for one reader: instants in a clinic's zone, numbers, spans, telephone numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton, format_timedelta, get_timezone_gmt, get_timezone_name
from babel.numbers import format_currency, format_decimal, format_percent

from scheduler.content.formats import clean, locale_of, phone_of, time_of_day
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Protocol
from scheduler.web.console.words import words


@dataclass(frozen=True, slots=True)
class Formats:
    """Writes in one language at one instant; an unknown or missing clinic's instants are in UTC, and say so."""

    language: str
    now: datetime
    clinics: Mapping[str, Clinic] = field(repr=False)
    protocols: Mapping[str, Protocol] = field(default_factory=dict, repr=False)

    def local(self, instant: datetime, clinic: str | None = None) -> datetime:
        """Return the instant in the clinic's zone."""
        known = self.clinics.get(clinic or "")
        return instant.astimezone(known.timezone if known else UTC)

    def locale(self, clinic: str | None = None) -> Locale:
        """Return how the reader's language is written where the clinic is."""
        known = self.clinics.get(clinic or "")
        return locale_of(self.language, known.country if known else "")

    def moment(self, instant: datetime, clinic: str | None = None) -> str:
        """Return day and time of day; the year only where it is another one than now."""
        return f"{self.day(instant, clinic)}, {self.clock(instant, clinic)}"

    def day(self, when: datetime | date, clinic: str | None = None) -> str:
        """Return a short day with its weekday: of an instant, the one at the clinic."""
        day = self.local(when, clinic).date() if isinstance(when, datetime) else when
        skeleton = "MMMEd" if day.year == self.local(self.now, clinic).year else "yMMMEd"
        return short_day(skeleton, day, self.locale(clinic))

    def long_day(self, when: datetime | date, clinic: str | None = None) -> str:
        """Return a day as a heading has it."""
        day = self.local(when, clinic).date() if isinstance(when, datetime) else when
        return clean(format_date(day, "full", locale=self.locale(clinic)))

    def clock(self, instant: datetime, clinic: str | None = None) -> str:
        """Return the time of day at the clinic, without its zone."""
        return time_of_day(self.local(instant, clinic).time().replace(second=0, microsecond=0), self.locale(clinic))

    def zone(self, instant: datetime, clinic: str | None = None) -> str:
        """Return the short name of the clinic's zone at that instant: EDT, CEST; where it has none, UTC-3."""
        at = self.local(instant, clinic)
        for name in (str(get_timezone_name(at, width="short", locale=self.locale(clinic))), at.tzname() or ""):
            if name[:1].isalpha():
                return clean(name)
        return f"UTC{get_timezone_gmt(at, 'iso8601_short')}"

    def ago(self, instant: datetime) -> str:
        """Return how far it is from now, in words: in 2 hours, 3 days ago."""
        return clean(format_timedelta(instant - self.now, add_direction=True, locale=self.locale()))

    def span(self, length: timedelta) -> str:
        """Return a length of time in words."""
        return clean(format_timedelta(length, threshold=1.5, locale=self.locale()))

    def number(self, value: float | Decimal) -> str:
        """Return a number with the separators of the language."""
        if isinstance(value, int) and 0 <= value < 1000:  # noqa: PLR2004  (no separator there, and pages have hundreds)
            return str(value)
        return _separated(value, self.locale())

    def percent(self, share: float) -> str:
        """Return a share (0 to 1) as per cent; small ones with a digit, so that few is not none."""
        pattern = "#,##0.0 %" if 0 < share < 0.1 and self.language != "en" else "#,##0.0%"  # noqa: PLR2004  (a tenth)
        return format_percent(share, pattern if 0 < share < 0.1 else None, locale=self.locale())  # noqa: PLR2004  (a tenth)

    def money(self, amount: Decimal, currency: str) -> str:
        """Return an amount of money."""
        return format_currency(amount, currency, locale=self.locale())

    def phone(self, number: str) -> str:
        """Return a telephone number as people read it."""
        return phone_of(number)[0]

    def clinic(self, clinic: str | None) -> str:
        """Return the clinic's name; its id where no file says it any more, "" for none."""
        known = self.clinics.get(clinic or "")
        return clean(known.name) if known else clinic or ""

    def tongue(self, code: str) -> str:
        """Return a language's name in the reader's language."""
        return Locale.parse(code, sep="-").get_display_name(self.language) or code

    def step(self, step: str) -> str:
        """Return what a step is called, or a text without one (an answer, an alert).

        Those that we ship have a name in each language; a clinic's own is its id as people read it.
        """
        return str(words(self.language)["steps"].get(step) or _readable(step))

    def treatment(self, treatment: str) -> str:
        """Return what a treatment is called: its protocol's title, else its id as people read it."""
        known = self.protocols.get(treatment)
        title = known.title.get(self.language) or next(iter(known.title.values()), "") if known else ""
        return title or _readable(treatment)


@lru_cache(maxsize=1024)
def short_day(skeleton: str, day: date, locale: Locale) -> str:
    """Return a day as a skeleton has it (Unicode TR 35); a page of charts asks for hundreds."""
    return clean(format_skeleton(skeleton, day, locale=locale))


@lru_cache(maxsize=1024)
def _separated(value: float | Decimal, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


def _readable(name: str) -> str:
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]
