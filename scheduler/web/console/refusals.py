"""Says a refusal in the reader's language: the sentence of its code in `words/console/<language>/refusals.toml`.

What has no code is English, for operators and programs, and marked as such for those who hear it read.
"""

from collections.abc import Sequence

from markupsafe import Markup, escape

from scheduler.domain.reasons import Reason
from scheduler.domain.why import Why
from scheduler.errors import AftercareError, RefusedError, RegistrationError
from scheduler.services.finding import Finding
from scheduler.services.uploading import Row
from scheduler.services.whys import OF_A_FIELD
from scheduler.web.console.reasons import Sayer
from scheduler.web.console.words import fill, said, words

TABLES = {
    "permission": "setup.may",
    "bar": "patients.bar",
    "obstacle": "patients.obstacle",
    "field": "appointments.fields",
}
"""Where the words of a value stand that is itself a code, by the value's name."""
UNREADABLE = "row_unreadable"
"""What says in general words why a row can't be read; the message says what in it."""


def told(error: AftercareError, sayer: Sayer) -> Markup:
    """Return the sentence of an error. `sayer` has the reader's language, and whose clock instants show."""
    code = error.code if isinstance(error, RefusedError) else ""
    if not isinstance(error, RefusedError) or code not in words(sayer.language)["refusals"]:
        return in_english(str(error))
    values = {name: _shown(sayer, name, value) for name, value in error.values.items()}
    return fill(said(sayer.language, f"refusals.{code}"), **values)


def told_of_file(sayer: Sayer, error: RegistrationError) -> Markup:
    """Return why a file can't be taken; readers of English get the message, which says more exactly what it is."""
    return escape(str(error)) if sayer.language == "en" else told(error, sayer)


def why_of_row(sayer: Sayer, row: Row) -> Markup:
    """Return why a row of a file came out as it did; readers of English get the message, which names columns too."""
    if sayer.language == "en":
        return escape(row.reason)
    clauses = [_clause(sayer, it) for it in row.why]
    if not clauses or None in clauses:
        return in_english(row.reason) if row.reason else Markup()
    if any(it.code == UNREADABLE for it in row.why):
        clauses.append(in_english(row.reason))
    return Markup(" ").join(filter(None, clauses))


def why_of_booking(sayer: Sayer, reason: str, why: Sequence[Why]) -> Markup:
    """Return why a booking system's word was not taken; readers of English get the message, which says more exactly.

    One whose codes have no words is in English for everybody, and marked as such.
    """
    clauses = [] if sayer.language == "en" else [_clause(sayer, it) for it in why]
    if not clauses or None in clauses:
        return in_english(reason) if reason else Markup()
    return Markup(" ").join(filter(None, clauses))


def _clause(sayer: Sayer, why: Why) -> Markup | None:
    known = words(sayer.language)
    noun = known["appointments"]
    if why.code == OF_A_FIELD:
        field, what = noun["fields"].get(why.values["field"]), noun["wrong"].get(why.values["wrong"])
        return escape(f"{field}{known['common']['colon']} {what}.") if field and what else None
    of_booking = known["bookings"]["why_not"].get(why.code)
    text = noun["rows"].get(why.code) or of_booking or known["refusals"].get(why.code)
    values = {name: sayer.value(name, it) if name == "at" else it for name, it in why.values.items()}
    return fill(text, **values) if text else None


def finding_told(sayer: Sayer, finding: Finding) -> tuple[str, Markup, Markup]:
    """Return the part that was looked at, how it is, and what mends it; what has no words is marked as English."""
    known = words(sayer.language)["findings"]
    part = known["parts"].get(finding.part.replace(" ", "_")) or finding.part.capitalize()
    if finding.why is None or sayer.language == "en":
        return part, in_english(finding.message), in_english(finding.remedy) if finding.remedy else Markup()
    text = known[finding.why.code]
    values = {name: _of_finding(sayer, name, value) for name, value in finding.why.values.items()}
    return part, fill(text["says"], **values), fill(text["mend"], **values)


def _of_finding(sayer: Sayer, name: str, value: str) -> object:
    return sayer.formats.number(int(value)) if value.isdecimal() else sayer.value(name, value)


def in_english(text: str) -> Markup:
    """Return a sentence that there is in English only, marked as such."""
    return Markup('<span lang="en">{}</span>').format(f"{text[:1].upper()}{text[1:].removesuffix('.')}.")


def _shown(sayer: Sayer, name: str, value: object) -> object:
    if name in TABLES:
        return said(sayer.language, f"{TABLES[name]}.{value}")
    return sayer.say([value]) if isinstance(value, Reason) else sayer.value(name, value)
