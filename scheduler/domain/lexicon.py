"""The words that triage goes by, one lexicon a language. A phrase is plain words with a little grammar.

`word*` is any ending, `word?` may be missing, `(one|other)` is either, `(one|other)*` any number of these, and
`...` stands for up to three words between.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from scheduler.domain.wording import plain_word

_PART = re.compile(r"\.\.\.|\([^()|]+(?:\|[^()|]+)*\)[?*]?|[^\s()|?*]+\*?\??")
_GAP = r"(?:[^ .,]+ ){0,3}"


class Kind(StrEnum):
    """What a phrase of a lexicon means; the keys of its file."""

    IGNORE = "ignore"
    """Manners: read as if they were not there."""
    ALARM = "alarm"
    """A person must see this at once, whatever else is said; it may hold a "not" itself."""
    URGENT = "urgent"
    """The same, unless it is taken back ("no fever")."""
    SIGN = "sign"
    """Something of the skin or the body: a concern, urgent where it is strong."""
    STRONG = "strong"
    """Makes a sign beside it urgent."""
    CONCERN = "concern"
    """Not well, or no change."""
    FINE = "fine"
    """Well, or better."""
    UNSURE = "unsure"
    """Takes the certainty out of "fine"."""
    QUESTION = "question"
    STOP = "stop"
    START = "start"
    WRONG_NUMBER = "wrong_number"
    NOT = "not"
    """Takes back what follows in the same clause."""
    GONE = "gone"
    """Takes back the sign before it, or after it, in the same clause."""
    BUT = "but"
    """Ends what a "not" reaches."""
    OR = "or"
    """Carries a "not" on over a comma."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase as written, and what finds it in a reply's plain tokens joined by single spaces."""

    written: str
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Lexicon:
    """One language's words. `alone` are keywords that are a whole reply, `answers` what "1", "2", "3" are called.

    `counted`: what a number is no answer before (days, o'clock). `known`: real words, no misspelling of one here.
    """

    language: str
    phrases: Mapping[Kind, Sequence[Phrase]]
    alone: Mapping[str, frozenset[str]]
    answers: Mapping[str, frozenset[str]]
    counted: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word that stands in it as it is, for telling misspellings."""
        written = (phrase.written.replace("*", "") for phrases in self.phrases.values() for phrase in phrases)
        keywords = (word for group in (*self.alone.values(), *self.answers.values()) for word in group)
        return (
            frozenset(word for text in (*written, *keywords) for word in _plain_words(text))
            | self.known
            | self.counted
        )

    @cached_property
    def grave_words(self) -> frozenset[str]:
        """The words that a person must see at once: a misspelling is rather one of them than another."""
        return self._words_of(Kind.ALARM, Kind.URGENT)

    def _words_of(self, *kinds: Kind) -> frozenset[str]:
        written = (phrase.written.replace("*", "") for kind in kinds for phrase in self.phrases.get(kind, ()))
        return frozenset(word for text in written for word in _plain_words(text))


def phrase(written: str) -> Phrase:
    """Read a phrase. Raises ValueError, with what is wrong, for one that is not of the grammar."""
    parts = _PART.findall(written)
    if not parts or _bare("".join(parts)) != _bare(written):
        raise ValueError("is no phrase: plain words, word*, word?, (one|other) and ...")
    if parts[0] == "..." or parts[-1] == "..." or all(_may_be_missing(part) for part in parts):
        raise ValueError("is no phrase: a word must stand at its beginning and its end")
    return Phrase(written, re.compile("(?<= )" + "".join(_piece(part) for part in parts)))


def _bare(text: str) -> str:
    return "".join(text.split())


def _piece(part: str) -> str:
    if part == "...":
        return _GAP
    times = "?" if part.endswith("?") else "{0,6}" if part.endswith(")*") else ""
    part = part.removesuffix("?")
    options = part.rstrip("*")[1:-1].split("|") if part.startswith("(") else [part]
    either = "|".join(_option(option) for option in options)
    return f"(?:{either}){times}"


def _may_be_missing(part: str) -> bool:
    return part.endswith(("?", ")*")) or part == "..."


def _option(option: str) -> str:
    words = [_word(word) for word in option.split()]
    return "".join(f"{word} " for word in words)


def _word(word: str) -> str:
    plain = re.escape(plain_word(word.removesuffix("*")))
    return plain + r"[^ .,]*" if word.endswith("*") else plain


def _plain_words(text: str) -> Iterator[str]:
    for word in re.split(r"[\s()|?]+", text):
        if word and not word.endswith("*") and word != "...":
            yield plain_word(word)


def find(phrases: Iterable[Phrase], line: str) -> Iterator[tuple[int, int]]:
    """Yield where phrases stand in a line of tokens, as positions of characters: from, to."""
    for it in phrases:
        for match in it.pattern.finditer(line):
            yield match.start(), match.end()
