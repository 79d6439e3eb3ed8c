"""Tokens by which a sealed name is found by its words' beginnings. What they give away is in ADR 36.

A word has a token for its first three letters, one for its first five, and one as it stands where it is shorter.
"""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from scheduler.store.batches import among
from scheduler.store.bulk import insert_rows
from scheduler.store.database import Tx
from scheduler.store.names import plain_name
from scheduler.store.search_tables import name_tokens
from scheduler.store.vault import Vault

TOKEN_BYTES = 16
_LENGTHS = (3, 5)
SHORTEST = _LENGTHS[0]
"""Letters from which on a beginning is found; a shorter word is found as a whole."""
_IDEOGRAPHS = "\u2e80"
"""From this letter on, one or two are a name already."""

Named = tuple[int, str, str]
"""A patient's id, clinic and name."""


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name, or of what somebody looks for, as they are compared."""
    return tuple(plain_name(name).split())


def joined(name: str) -> str:
    """Return a name in which what people write with an apostrophe, a hyphen or neither is one word: obrien."""
    return " ".join("".join(words_of(part)) for part in name.split())


def kept_words(name: str) -> tuple[str, ...]:
    """Return the words by which a name is found: "O'Brien" by o, brien and obrien."""
    return tuple(dict.fromkeys((*words_of(name), *words_of(joined(name)))))


def tokens_of(vault: Vault, name: str) -> set[bytes]:
    """Return the tokens under which a name is kept."""
    return {_token(vault, word[:length]) for word in kept_words(name) for length in _lengths(word)}


def token_for(vault: Vault, word: str) -> bytes:
    """Return the one token that every name has which has a word that begins so; others may have it too.

    Of fewer than three letters only whole words are found.
    """
    return _token(vault, word[: max(length for length in _lengths(word) if length <= len(word))])


def add_name_tokens(tx: Tx, named: Iterable[Named]) -> None:
    """Add the tokens of patients who have none yet. The caller commits."""
    rows = [(token, clinic, number) for number, clinic, name in named for token in tokens_of(tx.vault, name)]
    insert_rows(tx, "name_tokens", ("token", "clinic", "patient_id"), rows)


def renew_name_tokens(tx: Tx, named: Named) -> None:
    """Let a patient be found by the name given, and by no other. The caller commits."""
    number, _, name = named
    known = sa.select(name_tokens.c.token).where(name_tokens.c.patient_id == number)
    if set(tx.connection.execute(known).scalars()) != tokens_of(tx.vault, name):
        drop_name_tokens(tx, [number])
        add_name_tokens(tx, [named])


def drop_name_tokens(tx: Tx, patient_ids: Sequence[int]) -> None:
    """Let patients not be found by their names any more: before they are deleted, or erased. The caller commits."""
    tx.connection.execute(sa.delete(name_tokens).where(among(tx, name_tokens.c.patient_id, patient_ids)))


def _lengths(word: str) -> Iterable[int]:
    """Return how many letters of a word have tokens; more than it has is the whole of it."""
    if word >= _IDEOGRAPHS:
        return (1, 2, *_LENGTHS)
    return _LENGTHS if len(word) >= SHORTEST else (len(word),)


def _token(vault: Vault, beginning: str) -> bytes:
    return vault.lookup(beginning, of="name_word")[:TOKEN_BYTES]
