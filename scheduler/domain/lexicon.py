"""The words that triage goes by, one lexicon a language. What a phrase is made of is in domain/phrases.py."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from scheduler.domain.phrases import Phrase

_STEM = 4


class Kind(StrEnum):
    """What a phrase of a lexicon means; the keys of its file."""

    IGNORE = "ignore"
    """Manners: read as if they were not there."""
    ALARM = "alarm"
    """A person must see this at once, whatever else is said; it may hold a "not" itself."""
    URGENT = "urgent"
    """The same, unless it is taken back ("no fever") or part of a longer phrase that is less grave."""
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
    LIGHT = "light"
    """A small word: a "not" passes it on its way to a sign, and beside "fine" it says nothing."""
    HARMLESS = "harmless"
    """Says nothing of how it is: beside "fine" only such words may stand."""
    BODY = "body"
    """A part of the body, or a pain: what is said of it in words that stand nowhere here is for a person at once."""
    QUESTION = "question"
    STOP = "stop"
    START = "start"
    WRONG_NUMBER = "wrong_number"
    NOT = "not"
    """Takes back the sign that follows it over light words."""
    UNDO = "undo"
    """In one clause with a "not": the "not" takes nothing back ("never had fever like this")."""
    AFFIRM = "affirm"
    """Ends a clause: a "not" before it takes nothing back ("no fever before, now yes")."""
    PAST = "past"
    """A time that is over: a "not" of its clause takes nothing back, and "fine" is unsure ("good yesterday")."""
    GONE = "gone"
    """Takes back the sign before it, or after it, in the same clause."""
    BUT = "but"
    """Ends what a "not" reaches."""
    OR = "or"
    """Carries a "not" on from one sign to the next."""


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
        keywords = (text for group in (*self.alone.values(), *self.answers.values()) for text in group)
        return frozenset(word for text in keywords for word in text.split()).union(
            *(it.words for phrases in self.phrases.values() for it in phrases), self.known, self.counted
        )

    @cached_property
    def grave_words(self) -> frozenset[str]:
        """The words that a person must see at once: a misspelling is rather one of them than another."""
        return frozenset[str]().union(
            *(it.words for kind in (Kind.ALARM, Kind.URGENT) for it in self.phrases.get(kind, ()))
        )

    @cached_property
    def grave_stems(self) -> frozenset[str]:
        """The same for `word*`."""
        return frozenset[str]().union(
            *(it.stems for kind in (Kind.ALARM, Kind.URGENT) for it in self.phrases.get(kind, ()))
        )

    def beginning(self, token: str) -> Iterator[tuple[Kind, Phrase]]:
        """Yield the phrases that may begin with a token, so that a long reply is read in one pass."""
        yield from self._by_first_word.get(token, ())
        for length in range(1, min(len(token), self._longest_stem) + 1):
            yield from self._by_stem.get(token[:length], ())

    def knows(self, token: str) -> bool:
        """Whether a word stands in it, alone or as `word*`. A stem of few letters is no sign of knowing."""
        return token in self.words or any(token[:n] in self._stems for n in range(_STEM, len(token) + 1))

    @cached_property
    def _stems(self) -> frozenset[str]:
        return frozenset[str]().union(*(it.stems for phrases in self.phrases.values() for it in phrases))

    @cached_property
    def _by_first_word(self) -> Mapping[str, Sequence[tuple[Kind, Phrase]]]:
        return self._by("first_words")

    @cached_property
    def _by_stem(self) -> Mapping[str, Sequence[tuple[Kind, Phrase]]]:
        return self._by("first_stems")

    @cached_property
    def _longest_stem(self) -> int:
        return max(map(len, self._by_stem), default=0)

    def _by(self, first: str) -> Mapping[str, Sequence[tuple[Kind, Phrase]]]:
        found: dict[str, list[tuple[Kind, Phrase]]] = defaultdict(list)
        for kind, phrases in self.phrases.items():
            for phrase in phrases:
                for word in getattr(phrase, first):
                    found[word].append((kind, phrase))
        return found
