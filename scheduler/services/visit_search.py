"""Reads what somebody types into the search: it may be a name, a phone, an email, a number or an id of the clinic."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import phonenumbers

from scheduler.domain.access import Caller, Scope
from scheduler.domain.clinic import Clinic
from scheduler.errors import KeysError
from scheduler.protocols.configuration import Configuration
from scheduler.store.database import Tx
from scheduler.store.patient_search import Clues, find_by_name, find_by_traits, find_visits_named
from scheduler.store.sealed_text import sealed_text, unsealed_text
from scheduler.store.vault import Vault

LONGEST = 100
"""Characters of what is looked for."""
OPEN_FOR = timedelta(hours=8)
"""How long the address of a search works: a working day; whoever needs it later types again."""
_FEWEST_DIGITS = 5
_MOST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Found:
    """The patients and visits that fit; `more`: there are further patients, so that more letters help."""

    patients: tuple[int, ...]
    visits: tuple[int, ...]
    more: bool


def search(tx: Tx, configuration: Configuration, text: str, scope: Scope) -> Found:
    """Return what fits, of the clinics of the scope. What is typed is looked up as all that it may be, at once."""
    clinics = [it for name, it in configuration.clinics.items() if scope.holds(name)]
    names = [it.id for it in clinics]
    digits = sum(letter.isdigit() for letter in text)
    phones = phones_of(text, clinics) if digits >= _FEWEST_DIGITS else ()
    clues = Clues(text, phones, text if "@" in text else None, text, names)
    by_name = find_by_name(tx, text, scope)
    traits = find_by_traits(tx, clues, scope)
    number = text.strip().lstrip("#")
    visit = int(number) if number.isdecimal() and len(number) < len(str(_MOST_ID)) else None
    visits = find_visits_named(tx, visit, text, names, scope)
    return Found(tuple(dict.fromkeys((*traits, *by_name.ids))), tuple(visits), by_name.more)


@dataclass(frozen=True, slots=True)
class Searches:
    """Puts a search into an address and reads it back: sealed, for one caller, for a working day.

    So a page of what was found can be reloaded, gone back to and leafed through, and neither the address bar, nor a
    log, nor a proxy learns a patient's name.
    """

    vault: Vault = field(repr=False)

    def seal(self, text: str, caller: Caller, *, now: datetime) -> str:
        """Return the token of a search."""
        until = int((now + OPEN_FOR).timestamp())
        return sealed_text(self.vault, json.dumps([text, until]), of=_of(caller))

    def open(self, token: str, caller: Caller, *, now: datetime) -> str | None:
        """Return what is looked for; None for a token that is over, somebody else's or none."""
        try:
            text, until = json.loads(unsealed_text(self.vault, token, of=_of(caller)))
        except (KeysError, ValueError):
            return None
        return str(text) if now.timestamp() < until else None


def clean(text: str) -> str:
    """Return what was typed in one line, "" for nothing that can be looked for."""
    return " ".join("".join(it if it.isprintable() else " " for it in text).split())[:LONGEST]


def _of(caller: Caller) -> str:
    return f"search.{caller.kind}.{caller.id}"


def phones_of(text: str, clinics: Iterable[Clinic]) -> Collection[str]:
    """Return the numbers that a text may be, as dialled from the countries of these clinics."""
    found = set()
    for country in {it.country for it in clinics}:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        found.add(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return found
