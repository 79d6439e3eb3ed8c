"""Misspelled words of a reply, set right where one word of the rules is meant and no other."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from scheduler.domain.lexicon import Lexicon
from scheduler.domain.wording import Plain

SHORTEST = 5
"""Letters: shorter words have too many neighbours that mean something else."""
LONG = 7
"""Letters from which on a changed letter is a slip too: in shorter words it is most likely another word."""
_STEM = 6
"""Letters from which on a misspelled `word*` is told."""
_DOUBLED = re.compile(r"(.)\1")
_LONGEST = 20
"""Letters: what is longer is no misspelling of anything."""


class Speller:
    """Knows the words of all lexicons."""

    def __init__(self, lexicons: Sequence[Lexicon]) -> None:
        self._lexicons = lexicons
        self._words = [it.words for it in lexicons]
        self._stems = [it.grave_stems for it in lexicons]
        self._grave = [it.grave_words for it in lexicons]

    def corrected(self, plain: Plain) -> Plain:
        """Return the reply with words that are one slip away from a word of the rules set to that word.

        The first letter must be right.
        """
        return replace(plain, tokens=tuple(self._corrected(token) for token in plain.tokens))

    def _corrected(self, token: str) -> str:
        if not SHORTEST - 1 <= len(token) <= _LONGEST or not token.isalpha():
            return token
        if any(it.knows(token) for it in self._lexicons):
            return token
        meant = {word for words in self._words for word in _neighbours(token, words)}
        grave = {word for word in meant if any(word in words for words in self._grave)}
        return min(grave or set(self._begun(token)) or meant or self._undoubled(token), default=token)

    def _undoubled(self, token: str) -> set[str]:
        single = _DOUBLED.sub(r"\1", token)
        return {single} if any(it.knows(single) for it in self._lexicons) else set()

    def _begun(self, token: str) -> Iterator[str]:
        """Yield the token with a misspelled beginning set right, where that is one of a grave word."""
        for stems in self._stems:
            for length in range(_STEM - 1, len(token) + 1):
                for stem in _neighbours(token[:length], stems):
                    if len(stem) >= _STEM:
                        yield stem + token[length:]


def _neighbours(token: str, words: frozenset[str]) -> Iterator[str]:
    shorter = _by_shorter(words)
    near = {word for form in (token, *_without_one(token)) for word in shorter.get(form, ())}
    return (word for word in near if word[0] == token[0] and _one_slip(token, word))


@lru_cache(maxsize=64)
def _by_shorter(words: frozenset[str]) -> Mapping[str, Sequence[str]]:
    """Return the words under themselves and under all that they become when a letter is left out.

    Two words that are one slip apart meet under one of these, so that nobody has to compare them all.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if SHORTEST <= len(word) <= _LONGEST + 1:
            for form in {word, *_without_one(word)}:
                found[form].append(word)
    return found


def _one_slip(token: str, word: str) -> bool:
    """Whether one letter too many, too few, changed or swapped makes one word of the other."""
    if len(token) != len(word):
        return abs(len(token) - len(word)) == 1
    wrong = [n for n, (a, b) in enumerate(zip(token, word, strict=True)) if a != b]
    match wrong:
        case [_]:
            return len(word) >= LONG
        case [first, second] if second == first + 1:
            return token[first] == word[second] and token[second] == word[first]
        case _:
            return False


def _without_one(word: str) -> Iterable[str]:
    return {word[:n] + word[n + 1 :] for n in range(len(word))}
