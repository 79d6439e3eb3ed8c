"""Which of the messages that a provider has is ours: pure rules."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.channels.lookup import Found


@dataclass(frozen=True, slots=True)
class Match:
    """`found` is ours; without it, `doubt` says that some of the candidates may be, else none is."""

    found: Found | None
    doubt: bool = False


def match(candidates: Sequence[Found], body: str, *, rivals: bool) -> Match:
    """Find the message of one hand-over among `candidates`: those to its number, of its time, that nobody owns.

    A single one is ours whatever its body says, for Twilio may have altered it; unless there are `rivals`, other
    hand-overs to that number that it may belong to. Between several the body decides.
    """
    if not candidates:
        return Match(None)
    if len(candidates) == 1 and not rivals:
        return Match(candidates[0])
    same = [found for found in candidates if _plain(found.body) == _plain(body)]
    if len(same) == 1:
        return Match(same[0])
    return Match(None, doubt=True)


def match_far(candidates: Sequence[Found], body: str) -> Match:
    """Find it among messages of another time, when none is of its own: a clock was wrong. Only the text tells."""
    same = [found for found in candidates if _plain(found.body) == _plain(body)]
    return Match(same[0]) if len(same) == 1 else Match(None, doubt=bool(same))


def _plain(body: str) -> str:
    """Return the letters and digits: smart encoding changes quotes, dashes and spaces, never these."""
    spelled = unicodedata.normalize("NFKD", body).casefold()
    return "".join(letter for letter in spelled if letter.isalnum())
