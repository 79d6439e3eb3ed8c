"""The language that a reply was understood in, where its words leave no doubt."""

from collections.abc import Sequence

from scheduler.domain.lexicon import Lexicon
from scheduler.domain.triage import Triage, Verdict, triage
from scheduler.domain.wording import make_plain

_EVERYWHERE = frozenset({"stop", "start", "help", "info", "ok"})
"""English words that are written in every language."""


def understood_in(text: str, verdict: Verdict, lexicons: Sequence[Lexicon]) -> str | None:
    """Return the one language whose words alone lead to that verdict on a text, for the same words.

    None where several languages do, or none; a number that was ticked and a word like STOP are of no language.
    """
    words = _words(verdict)
    if verdict.triage is Triage.UNKNOWN or words <= _EVERYWHERE:
        return None
    found = [it for it in lexicons if _agrees(triage(text, [it]), verdict)]
    if len(found) > 1:  # each takes the words of the others for misspelled ones of its own
        found = [it for it in found if all(it.knows(token) for word in words for token in make_plain(word).tokens)]
    return found[0].language if len(found) == 1 else None


def _agrees(one: Verdict, other: Verdict) -> bool:
    return one.triage is other.triage and _words(one) == _words(other)


def _words(verdict: Verdict) -> frozenset[str]:
    """Return the words that decided, without numbers and marks."""
    return frozenset(it.lower() for it in verdict.because if any(char.isalpha() for char in it))
