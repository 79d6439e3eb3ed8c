"""Says why a message goes out, or does not, in the reader's language: the clauses of `domain/reasons.py`, translated.

What a provider or a person said stays in its language, and is marked as English for those who hear it read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.units import format_unit
from markupsafe import Markup, escape

from scheduler.domain.reasons import SPANS, Reason
from scheduler.domain.spans import Unit, parse_span
from scheduler.web.console.formats import Formats
from scheduler.web.console.words import words

_UNITS = {
    Unit.MINUTES: "duration-minute",
    Unit.HOURS: "duration-hour",
    Unit.DAYS: "duration-day",
    Unit.WEEKS: "duration-week",
    Unit.MONTHS: "duration-month",
}
_NAMED = frozenset({"address", "channel", "purpose", "triage", "status"})
"""Parameters whose words are in the section `named` of patients.toml."""
_FOREIGN = frozenset({"error", "what"})
"""Parameters that are written in English by others."""
_STEPS = frozenset({"step", "template"})


@dataclass(frozen=True, slots=True)
class Sayer:
    """Says reasons in one language, instants as wall-clock time at one clinic."""

    language: str
    formats: Formats
    clinic: str | None

    def say(self, reasons: Iterable[Reason]) -> Markup:
        """Return the reasons as one sentence, "" for none."""
        between = Markup(" ; ") if self.language == "fr" else Markup("; ")
        said = between.join(self._clause(it) for it in reasons)
        return _begun(said).rstrip(".") + "." if said else Markup("")

    def value(self, name: str, value: object) -> Any:
        """Return a value as it stands in a sentence: by its name, and an instant as the clinic's clock shows it."""
        if isinstance(value, datetime):
            return self.formats.moment(value, self.clinic)
        if name == "treatment":
            return self.formats.treatment(str(value))
        return self._shown(name, value) if isinstance(value, str) else value

    def _clause(self, reason: Reason) -> Markup:
        known = words(self.language)["reasons"].get(reason.code)
        clause = known or words("en")["reasons"].get(reason.code, reason.code)
        said = escape(clause).format(**{name: self._shown(name, value) for name, value in reason.params})
        return said if known else _english(said)

    def _shown(self, name: str, value: str) -> Any:
        if name == "at" or name.endswith("_at"):
            return self.formats.moment(datetime.fromisoformat(value), self.clinic)
        if name in SPANS:
            span = parse_span(value)
            return format_unit(span.amount, _UNITS[span.unit], locale=self.formats.locale(self.clinic))
        if name in _NAMED:
            return words(self.language)["patients"]["named"].get(value.replace(" ", "_"), value)
        if name in _STEPS:
            return self.formats.step(value)
        if name in _FOREIGN and self.language != "en":
            return _english(escape(value))
        return value


def _english(text: Markup) -> Markup:
    return Markup('<span lang="en">{}</span>').format(text)


def _begun(said: Markup) -> Markup:
    """Begin a sentence with a capital; one that begins with a tag stays as it is."""
    return said if said.startswith("<") else said[:1].upper() + said[1:]
