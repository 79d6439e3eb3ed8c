"""The school grade that a text needs, by the published formula of its language.

English: Flesch-Kincaid (Kincaid and others, 1975), which gives a grade. French: Kandel and Moles (1958); Spanish:
Fernández Huerta (1959), as mended by Law (2011). Those two give Flesch's "reading ease" for their language; Flesch's
own table (1949) turns it into a grade.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scheduler.content.lint.syllables import COUNTERS

# Reading ease -> the grade at which most read it: 90 the 5th, 60 the end of the 8th, 30 the end of school's 12th.
_EASE = (0.0, 30.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0)
_GRADE = (17.0, 13.0, 10.0, 8.0, 7.0, 6.0, 5.0, 4.0)
_ENDS = re.compile(r"[.!?…]+(?=\s|$)|\n+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as its words; numbers and signs are left out."""

    words: tuple[str, ...]


def sentences_of(text: str) -> list[Sentence]:
    """Cut a text into sentences: at full stops, question and exclamation marks, and where a line ends."""
    parts = (tuple(_WORD.findall(part)) for part in _ENDS.split(text))
    return [Sentence(words) for words in parts if words]


def words_in(sentences: Sequence[Sentence]) -> int:
    """Return how many words there are."""
    return sum(len(sentence.words) for sentence in sentences)


def grade_of(sentences: Sequence[Sentence], language: str) -> float | None:
    """Return the grade, None for no words or a language without a formula. A regional one has its language's."""
    language = language.partition("-")[0]
    words = [word for sentence in sentences for word in sentence.words]
    if not words or language not in _FORMULAS:
        return None
    syllables = sum(map(COUNTERS[language], words))
    return _FORMULAS[language](len(words) / len(sentences), syllables / len(words))


def _english(length: float, syllables: float) -> float:
    return max(0.0, 0.39 * length + 11.8 * syllables - 15.59)


def _french(length: float, syllables: float) -> float:
    return _from_ease(207 - 1.015 * length - 73.6 * syllables)


def _spanish(length: float, syllables: float) -> float:
    return _from_ease(206.84 - 1.02 * length - 60 * syllables)


def _from_ease(ease: float) -> float:
    """Read the table, in a straight line between its rows."""
    if ease <= _EASE[0] or ease >= _EASE[-1]:
        return _GRADE[0] if ease <= _EASE[0] else _GRADE[-1]
    row = bisect_right(_EASE, ease) - 1
    share = (ease - _EASE[row]) / (_EASE[row + 1] - _EASE[row])
    return _GRADE[row] + share * (_GRADE[row + 1] - _GRADE[row])


# By words a sentence, and syllables a word.
_FORMULAS: Mapping[str, Callable[[float, float], float]] = {"en": _english, "es": _spanish, "fr": _french}
