"""What is wrong with a file, as one line that a person can act on. Every kind of problem is listed here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning"]

CODES: Mapping[str, str] = {
    # files
    "unreadable": "A file or folder is not there or can't be read.",
    "no-files": "A folder has no configuration in it, so there is nothing to do.",
    "ignored-file": "A file lies where nothing reads it (warning).",
    "file-name": "A file's name is an id, or repeats the one inside; this one can't be used.",
    "too-large": "A configuration file is larger or nested deeper than any real one.",
    "not-text": "A file is binary, or not saved as UTF-8.",
    # YAML
    "bad-yaml": "The file is not readable as YAML at this place.",
    "unsupported-yaml": "Anchors, aliases, merge keys, tags and several documents are not used here.",
    "duplicate-key": "The same key stands twice in one place; YAML would silently take one of them.",
    "empty-file": "The file has nothing in it but comments.",
    # shape
    "unknown-key": "No such key belongs here; it is likely misspelled or in the wrong place.",
    "missing-key": "A key is needed here.",
    "empty-value": "A key or list item has no value.",
    "wrong-shape": "A list, a block of keys or a single value is expected here.",
    "conflicting-keys": "These keys can't stand together.",
    # values
    "bad-text": "The text is empty, too long or has line breaks in it.",
    "bad-id": "An id is lower-case letters, digits and underscores, and begins with a letter.",
    "bad-phrase": "The value is no phrase of triage.",
    "bad-choice": "The value is none of those allowed here.",
    "bad-switch": "The value is neither true nor false.",
    "bad-number": "The value is not a whole number in the allowed range.",
    "bad-span": "The value is not a length of time that can be used here.",
    "bad-time": "The value is not a time of day.",
    "bad-date": "The value is not a date.",
    "bad-moment": "The value is not a date and a time of day.",
    "bad-zone": "The value is not an IANA time zone that names a place.",
    "bad-language": "The value is not a language code.",
    "bad-country": "The value is not a country code.",
    "bad-phone": "The value is not a phone number that exists.",
    "bad-email": "The value is not an email address.",
    "bad-url": "The value is not a web address.",
    "bad-sender": "The value can't be what an SMS or email comes from.",
    "bad-price": "The value is not an amount and a currency.",
    "bad-date-format": "The format can't read a date and a time of day from an export.",
    # what does not fit together
    "duplicate-step": "Two steps have the same id.",
    "duplicate-value": "The same value stands twice in a list.",
    "unknown-step": "A step is named that the protocol does not have.",
    "unknown-treatment": "A treatment is named that has no protocol.",
    "unreachable-step": "A step could never be sent.",
    "impossible-range": "A range ends before it begins, or leaves out what it should hold.",
    "unknown-tag": "A tag of advice is named that advice.yaml does not have.",
    "unknown-source": "An advice rests on a row that the sources do not have.",
    "missing-advice": "An advice in use has no text in a language that a clinic speaks.",
    "failed-expectation": "A test of a protocol expects something else than what happens.",
    "skipped-test": "A test is not played: its clinic or its treatment is not there (warning).",
    "bad-record": "A record of an approval can't be read.",
    "edited-record": "A record of an approval is not as it was written.",
    "unapproved": "A step or a text is not approved, so that it is not sent in live delivery (warning).",
    "missing-title": "A treatment has no title in a language that a clinic speaks.",
    "missing-sender": "A step uses a channel for which the clinic has no sender.",
    "missing-contact": "A step asks patients something, and the clinic has nobody who gets the answer.",
    "one-way-sender": "A step asks for a reply to an SMS whose sender nobody can answer.",
    "own-number": "Somebody on call would be told on a number that a clinic itself sends from.",
    "unlikely-emergency-number": "The emergency number is none that is known for the country (warning).",
    "unlikely-contact": "Somebody on call could not be told, or would be told on another's phone (warning).",
    "unlikely-quiet-hours": "The quiet hours are those of the day, or nearly all hours (warning).",
}
"""Each code with one sentence. Codes are stable: scripts and the docs rely on them."""

TEXT_CODES: Mapping[str, str] = {
    "missing-template": "A step has no text in a language that a clinic speaks.",
    "bad-template": "A text can't be read as a template: something is open, misplaced or missing.",
    "template-grammar": "A text uses what message templates do not have: loops, calls, arithmetic and the like.",
    "unknown-variable": "A text uses a value that does not exist.",
    "unwritable-text": "A text can't be written for a clinic: a value is missing, or it comes out empty or too long.",
    "named-treatment": "A text message names the treatment: only a step may, where the clinic allows it.",
    "unreachable-clinic": "A check or an answer does not carry the clinic's phone number or the emergency number.",
    "missing-link": "An alert does not carry the link under which it is seen and taken.",
    "no-way-to-stop": "The line under the first text to a number does not say how to stop.",
}
"""The codes of message templates, which `scheduler.content` checks; likewise."""

LINT_CODES: Mapping[str, str] = {
    # steps
    "same-moment": "Two steps of a protocol go out at the same moment on the same channel (warning).",
    "recall-before-care": "An invitation goes out before the last aftercare of the appointment (warning).",
    "recall-to-booked": "An invitation goes out to patients who have booked again already (warning).",
    "care-withheld": "Aftercare is kept from patients who have booked again (warning).",
    "collapsed-check": "A step that asks has `if_late: collapse`, which does nothing for it (warning).",
    "dropped-check": "A step that asks is left out when it is late (warning).",
    "late-reminder": "A reminder of a question goes out when a later step has asked already (warning).",
    "quiet-step": "A time of day lies in the clinic's quiet hours, so the step always waits (warning).",
    "always-expires": "A step always waits longer than it is useful, so it is never sent.",
    "may-expire": "For some appointments a step waits longer than it is useful, so it is not sent then (warning).",
    "contradicting-advice": "Two steps of a clinic give advice that can't both be followed (warning).",
    # texts
    "promotion": "A text for care or an invitation speaks of a price, a discount or an offer.",
    "unknown-link": "A text links to a domain that the clinic has not named.",
    "health-detail": "A text message names an illness or a procedure, and others may read it (warning).",
    "long-sms": "A text message takes more segments than `sms_segments` (warning).",
    "hard-to-read": "A text for patients needs a higher school grade than `reading_grade` (warning).",
}
"""The codes of what can be used as it is, but is hardly meant so: `protocols.lint` and `content.lint`; likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault and where it is. `line` and `column` count from 1; `key` is a dotted path, empty for a whole file.

    A code that is in none of `CODES`, `TEXT_CODES` and `LINT_CODES` is a programming error (KeyError).
    """

    file: Path
    line: int = 1
    column: int = 1
    code: str
    key: str = ""
    message: str
    hint: str = ""
    severity: Severity = "error"

    def __post_init__(self) -> None:
        if self.code not in CODES and self.code not in LINT_CODES:
            TEXT_CODES[self.code]

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.severity}: {key}{self.message}{hint}"


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return each problem once, by file, line and column."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda one: (str(one.file), one.line, one.column)))


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of them is more than a warning."""
    return any(problem.severity == "error" for problem in problems)
