"""Finds patients by what somebody types: parts of a name, a phone, an email, an id. Nothing typed is kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from scheduler.domain.access import Scope
from scheduler.errors import KeysError
from scheduler.store.database import Tx
from scheduler.store.name_tokens import SHORTEST, joined, kept_words, token_for, words_of
from scheduler.store.names import email_hash, phone_hash, ref_hash
from scheduler.store.scopes import within
from scheduler.store.search_tables import name_tokens
from scheduler.store.tables import appointments, patients

MOST = 100
"""Patients that are found by a name, at most: whoever gets as many types more letters."""
_LOOKED_AT = 5_000
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Clues:
    """What was typed, as what it may be. Phones are E.164; `clinics` are those whose own ids count."""

    name: str = field(repr=False)
    phones: Collection[str] = field(default=(), repr=False)
    email: str | None = field(default=None, repr=False)
    ref: str | None = field(default=None, repr=False)
    clinics: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class FoundByName:
    """The ids of patients, those whose words are the very ones first; `more`: there are further ones."""

    ids: tuple[int, ...]
    more: bool


def find_by_name(tx: Tx, name: str, scope: Scope) -> FoundByName:
    """Return the patients of whose names each word that was typed begins one.

    What stands around an apostrophe or a hyphen is taken as words of their own and as one. The latest patients are
    looked at first, 5,000 at most of those who share the rarest beginnings.
    """
    ways = dict.fromkeys(it for it in (words_of(name), words_of(joined(name))) if it)
    each = [_find_words(tx, words, scope) for words in ways]
    ids = tuple(dict.fromkeys(number for found in each for number in found.ids))
    return FoundByName(ids[:MOST], more=len(ids) > MOST or any(found.more for found in each))


def _find_words(tx: Tx, words: Sequence[str], scope: Scope) -> FoundByName:
    whole: list[int] = []
    partly: list[int] = []
    below: int | None = None
    for _ in range(_LOOKED_AT // _AT_ONCE):
        rows = _candidates(tx, words, scope, below)
        for number, sealed in rows:
            have = _words(tx, sealed)
            if all(any(it.startswith(word) for it in have) for word in words):
                (whole if set(words) <= set(have) else partly).append(number)
        if len(whole) + len(partly) > MOST or len(rows) < _AT_ONCE:
            found = (*whole, *partly)
            return FoundByName(found[:MOST], more=len(found) > MOST)
        below = rows[-1][0]
    return FoundByName((*whole, *partly)[:MOST], more=True)


def find_by_traits(tx: Tx, clues: Clues, scope: Scope) -> tuple[int, ...]:
    """Return the patients who have that phone, that email or that id of the clinic, the latest first."""
    meant: list[sa.ColumnElement[bool]] = []
    if clues.phones:
        meant.append(patients.c.phone_hash.in_([phone_hash(tx.vault, it) for it in clues.phones]))
    if clues.email:
        meant.append(patients.c.email_hash == email_hash(tx.vault, clues.email))
    if clues.ref:
        here = patients.c.clinic.in_(list(clues.clinics))
        meant.append(sa.and_(here, patients.c.ref_hash == ref_hash(tx.vault, clues.ref)))
    if not meant:
        return ()
    ids = sa.union(*(sa.select(patients.c.id).where(it, within(patients.c.clinic, scope)) for it in meant)).subquery()
    return tuple(tx.connection.execute(sa.select(ids.c.id).order_by(ids.c.id.desc()).limit(MOST)).scalars())


def find_visits_named(
    tx: Tx, number: int | None, external_id: str, clinics: Collection[str], scope: Scope
) -> list[int]:
    """Return the visits of that number, or that a booking system of these clinics calls so."""
    each = [sa.and_(appointments.c.clinic.in_(list(clinics)), appointments.c.external_id == external_id)]
    if number is not None:
        each.append(appointments.c.id == number)
    here = within(appointments.c.clinic, scope)
    ids = sa.union(*(sa.select(appointments.c.id).where(it, here) for it in each)).subquery()
    return list(tx.connection.execute(sa.select(ids.c.id).order_by(ids.c.id)).scalars())


def _candidates(tx: Tx, words: Sequence[str], scope: Scope, below: int | None) -> list[tuple[int, bytes]]:
    """Return patients, the latest first, who have a word that begins as each of these; maybe no more than that."""
    # The rest is looked at in the names; of short words alone, the last one is still being typed.
    telling = [word for word in words if len(word) >= SHORTEST] or words[:-1] or words
    tokens = sorted({token_for(tx.vault, word) for word in telling})
    first = name_tokens.alias("first")
    found = (
        sa.select(first.c.patient_id, patients.c.name_sealed)
        .join(patients, patients.c.id == first.c.patient_id)
        .where(first.c.token == tokens[0], within(first.c.clinic, scope))
    )
    for token in tokens[1:]:
        other = name_tokens.alias()
        found = found.where(
            sa.exists().where(
                other.c.token == token, other.c.clinic == first.c.clinic, other.c.patient_id == first.c.patient_id
            )
        )
    if below is not None:
        found = found.where(first.c.patient_id < below)
    rows = tx.connection.execute(found.order_by(first.c.patient_id.desc()).limit(_AT_ONCE))
    return [(number, sealed) for number, sealed in rows]


def _words(tx: Tx, sealed: bytes) -> tuple[str, ...]:
    try:
        return kept_words(tx.vault.open(sealed, of="patients.name"))
    except KeysError:
        return ()
