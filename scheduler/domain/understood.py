"""The language that a reply was understood in, where its words leave no doubt."""

from collections.abc import Sequence

from scheduler.domain.lexicon import Lexicon
from scheduler.domain.triage import Triage, Verdict, triage
from scheduler.domain.wording import make_plain

_EVERYWHERE = frozenset({"stop", "start", "help", "info", "ok"})
"""English words that are written in every language."""


def understood_in(text: str, verdict: Verdict, lexicons: Sequence[Lexicon]) -> str | None:
    """Return the one language whose words alone lead to that verdict on a text, for the same words.

    Of several the one that knows most of the text; None for a tie. A number that was ticked and a word like STOP
    are of no language.
    """
    words = _words(verdict)
    if verdict.triage is Triage.UNKNOWN or words <= _EVERYWHERE:
        return None
    found = [it for it in lexicons if _agrees(triage(text, [it]), verdict)]
    if len(found) > 1:  # one takes the words of another for misspelled ones of its own: who knows the rest of it too?
        known = [sum(map(it.knows, make_plain(text).tokens)) for it in found]
        found = [it for it, count in zip(found, known, strict=True) if count == max(known)]
    return found[0].language if len(found) == 1 else None


def _agrees(one: Verdict, other: Verdict) -> bool:
    return one.triage is other.triage and _words(one) == _words(other)


def _words(verdict: Verdict) -> frozenset[str]:
    """Return the words that decided, without numbers and marks."""
    return frozenset(it.lower() for it in verdict.because if any(char.isalpha() for char in it))
