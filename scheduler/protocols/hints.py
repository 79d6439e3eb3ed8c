"""Suggestions: what a person probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

FEW, MOST_ALIKE = 14, 3


def nearest(wrong: str, allowed: Iterable[str]) -> str | None:
    """Return the allowed word that looks most like `wrong`, or None when none is close."""
    by_folded = {word.casefold(): word for word in allowed}
    starts = [word for folded, word in by_folded.items() if len(folded) > 1 and wrong.casefold().startswith(folded)]
    if len(starts) == 1:
        return starts[0]
    found = get_close_matches(wrong.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def suggest(wrong: str, allowed: Iterable[str]) -> str:
    """Return a hint: the nearest allowed word, else all of them when they are few, else nothing."""
    words = list(allowed)
    if near := nearest(wrong, words):
        return f"did you mean {near}?"
    return f"one of {', '.join(words)}" if 0 < len(words) <= FEW else ""


def suggest_few(wrong: str, allowed: Iterable[str]) -> str:
    """Return a hint short enough for a cell: the nearest allowed word, else all of very few, else the most alike."""
    words = sorted(set(allowed))
    if (near := nearest(wrong, words)) or len(words) <= MOST_ALIKE + 1:
        return f"did you mean {near}?" if near else suggest(wrong, words)
    by_folded = {word.casefold(): word for word in words}
    found = get_close_matches(wrong.casefold(), by_folded, n=MOST_ALIKE, cutoff=0)
    return f"such as {', '.join(by_folded[it] for it in found)}"


def shown(value: object) -> str:
    """Return a value as it may stand in one line: nothing that steers a terminal, not longer than a glance."""
    text = " ".join("".join(char if char.isprintable() else " " for char in str(value)).split())
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004  (a glance)
