"""Which rows of a file say the newest of a person: found in a first pass over it, before anything is entered.

A booking system may write into each row what it knew of the patient when that was booked. Only what the newest of a
person's rows says is followed then, in whatever order they stand. A row is newer by its `updated_at`, where that is
mapped, else by its appointment: that begins later.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Protocol

from scheduler.domain.appointment import CALLED_OFF
from scheduler.domain.consent import Answer
from scheduler.domain.word import WordAge
from scheduler.services.exports.ages import read_age
from scheduler.services.exports.dates import Dates
from scheduler.services.exports.table import Row
from scheduler.services.intake import Field
from scheduler.services.moments import NoInstantError
from scheduler.services.words import answer_of
from scheduler.store.names import plain_email, plain_name

CONSENTS = (Field.CONSENT_SMS, Field.CONSENT_EMAIL, Field.CONSENT_MARKETING)
_OFF = frozenset(it.value for it in CALLED_OFF)
_KEY = 8
_DIGITS = 9
"""The last digits of a number by which it is the same one, however it is written."""

Rank = tuple[float, float, bool, int]
"""How new a word is: when it was said, when the visit begins, whether it says no, and its line."""


class Reads(Protocol):
    """How the rows of a file are read."""

    @property
    def dates(self) -> Dates:
        """How its moments are written."""

    def fields(self, cells: Mapping[str, str]) -> dict[Field, str]:
        """Return what a row says, by field."""


@dataclass(frozen=True, slots=True)
class Newest:
    """What is known of a file after its first pass: some bytes for each person. Rows that call off say nothing."""

    columns: Reads
    _of: dict[int, Rank] = field(default_factory=dict)

    def look(self, rows: Iterable[Row]) -> None:
        """Take the first pass over the rows."""
        for row in rows:
            raw = {} if row.problem else self.columns.fields(row.cells)
            if rank := self._rank(row.line, raw):
                for person in _people(raw):
                    self._put(_key(person), rank)
                    for consent, answer in _answers(raw):
                        self._put(_key(person, consent), (*rank[:2], answer is Answer.NO, row.line))

    def newer_than(self, line: int, raw: Mapping[Field, str]) -> int:
        """Return the line that says newer things of the person than this one does, 0 where none does."""
        return self._beats(self._rank(line, raw), (_key(it) for it in _people(raw)))

    def superseded(self, line: int, raw: Mapping[Field, str]) -> Iterator[Field]:
        """Yield the consents that a newer line has another word on."""
        rank = self._rank(line, raw)
        for consent, answer in _answers(raw):
            own = (*rank[:2], answer is Answer.NO, line) if rank else None
            if self._beats(own, (_key(it, consent) for it in _people(raw))):
                yield consent

    def _put(self, key: int, rank: Rank) -> None:
        known = self._of.get(key)
        if known is None or known < rank:
            self._of[key] = rank

    def _beats(self, rank: Rank | None, keys: Iterator[int]) -> int:
        newest = max((self._of[key] for key in keys if key in self._of), default=None)
        return newest[-1] if rank and newest and newest > rank else 0

    def _rank(self, line: int, raw: Mapping[Field, str]) -> Rank | None:
        """Return how new a row is; None for one that says nothing of a person that is followed."""
        if not raw or raw.get(Field.STATUS) in _OFF:
            return None
        said, dates = 0.0, self.columns.dates
        with suppress(NoInstantError):
            if text := raw.get(Field.UPDATED_AT, ""):
                said = _seconds(read_age(dates, text))
            return said, dates.read(raw.get(Field.STARTS_AT, "")).timestamp(), False, line
        return None


def _seconds(age: WordAge) -> float:
    return age.earliest.timestamp()


def _people(raw: Mapping[Field, str]) -> Iterator[str]:
    """Yield what a row's person is known by: the clinic's own id, else the name with each address."""
    if ref := raw.get(Field.PATIENT_ID, ""):
        yield f"id {ref}"
        return
    name = plain_name(" ".join(raw.get(it, "") for it in (Field.NAME, Field.FIRST_NAME, Field.LAST_NAME)))
    digits = "".join(filter(str.isdecimal, raw.get(Field.PHONE, "")))[-_DIGITS:]
    email = plain_email(raw.get(Field.EMAIL, "").strip())
    yield from (f"{name} {address}" for address in (digits, email) if name and address)


def _answers(raw: Mapping[Field, str]) -> Iterator[tuple[Field, Answer]]:
    for consent in CONSENTS:
        answer = answer_of(raw.get(consent, ""))
        if answer in (Answer.YES, Answer.NO):
            yield consent, answer


def _key(person: str, about: str = "") -> int:
    return int.from_bytes(blake2b(f"{about}\0{person}".encode(errors="surrogatepass"), digest_size=_KEY).digest())
