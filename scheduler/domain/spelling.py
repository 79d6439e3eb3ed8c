"""Misspelled words of a reply, set right where one word of the rules is meant and no other."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from scheduler.domain.lexicon import Lexicon
from scheduler.domain.wording import Plain

SHORTEST = 5
"""Letters: shorter words have too many neighbours that mean something else."""
LONG = 7
"""Letters from which on a changed letter is a slip too: in shorter words it is most likely another word."""


class Speller:
    """Knows the words of all lexicons."""

    def __init__(self, lexicons: Sequence[Lexicon]) -> None:
        self._words = frozenset[str]().union(*(it.words for it in lexicons))
        self._grave = frozenset[str]().union(*(it.grave_words for it in lexicons))

    def corrected(self, plain: Plain) -> Plain:
        """Return the reply with words that are one slip away from a word of the rules set to that word.

        The first letter must be right.
        """
        return replace(plain, tokens=tuple(self._corrected(token) for token in plain.tokens))

    def _corrected(self, token: str) -> str:
        if len(token) < SHORTEST - 1 or not token.isalpha() or token in self._words:
            return token
        meant = _neighbours(token, self._words)
        return min(meant, key=lambda word: (word not in self._grave, word), default=token)


@lru_cache(maxsize=4096)
def _neighbours(token: str, words: frozenset[str]) -> tuple[str, ...]:
    return tuple(
        sorted(word for word in words if len(word) >= SHORTEST and word[0] == token[0] and _one_slip(token, word))
    )


def _one_slip(token: str, word: str) -> bool:
    """Whether one letter too many, too few, changed or swapped makes one word of the other."""
    if abs(len(token) - len(word)) > 1:
        return False
    return (
        _changed(token, word) or _swapped(token, word) or word in _without_one(token) or token in _without_one(word)
    )


def _changed(token: str, word: str) -> bool:
    same = len(token) == len(word) >= LONG
    return same and sum(a != b for a, b in zip(token, word, strict=True)) == 1


def _swapped(token: str, word: str) -> bool:
    if len(token) != len(word):
        return False
    wrong = [n for n, (a, b) in enumerate(zip(token, word, strict=True)) if a != b]
    match wrong:
        case [first, second] if second == first + 1:
            return token[first] == word[second] and token[second] == word[first]
        case _:
            return False


def _without_one(word: str) -> Iterable[str]:
    return {word[:n] + word[n + 1 :] for n in range(len(word))}
