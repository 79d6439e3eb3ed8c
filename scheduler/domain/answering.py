"""The digits and words for 1, 2, 3 in a reply that stand as an answer: alone, first, or at the begin of a clause."""

from collections.abc import Iterator

from scheduler.domain.lexicon import Kind
from scheduler.domain.reading import BLANK, Reading
from scheduler.domain.wording import COMMA, END

_GRAVE_DIGITS = frozenset("23")
_OPENING = frozenset({END, COMMA, "#", "=", "(", BLANK, "-", "/"})
_CLOSING = frozenset({END, COMMA, ")", BLANK, "-", "="})
_UNITS = frozenset({"°", "/", "%"})
ANSWERS = (Kind.FINE, Kind.CONCERN, Kind.URGENT)


def answers(reading: Reading) -> Iterator[tuple[int, Kind]]:
    """Yield which tokens are answers, and which."""
    names = {kind: reading.named(kind.value) for kind in ANSWERS}
    for number, token in enumerate(reading.tokens):
        for kind in ANSWERS:
            if token in names[kind] and _is_answer(reading, number, kind):
                yield number, kind


def _is_answer(reading: Reading, number: int, kind: Kind) -> bool:
    """Whether a word stands as an answer. Of the digits 2 and 3 less is asked: in doubt it is the graver."""
    if "è" in reading.plain.spoken[number]:  # "très" is not the Spanish "tres".
        return False
    before, after = _beside(reading, number)
    if reading.tokens[number] in _GRAVE_DIGITS:
        return not {before, after} & reading.counted and after not in _UNITS
    if before == "-" and number == 1 and kind is Kind.FINE:  # "-1" is less than nothing.
        return False
    if reading.tokens[number].isdigit() and number == 0:
        return after not in reading.counted and after not in _UNITS
    follows = (Kind.BUT,) if kind is Kind.URGENT else (Kind.BUT, Kind.FINE, Kind.CONCERN)
    begins = before in _OPENING or before in reading.named("before")
    return begins and (_ends(after) or reading.any_at(number + 1, *follows))


def _beside(reading: Reading, number: int) -> tuple[str, str]:
    tokens = reading.tokens
    return (tokens[number - 1] if number else END, tokens[number + 1] if number + 1 < len(tokens) else END)


def _ends(after: str) -> bool:
    return after in _CLOSING or (not after[0].isalnum() and after not in _UNITS)
