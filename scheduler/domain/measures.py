"""What numbers and emoji of a reply say: a temperature, pain out of ten, a face."""

import re
from collections.abc import Container, Iterator, Sequence

from scheduler.domain.lexicon import Kind

FEVER, WARM = 38.0, 37.5
"""Degrees Celsius: fever, and not quite well."""
_LIVING = (34.0, 43.0)
"""What a body's temperature in degrees Celsius can be: other numbers are none."""
_SEVERE_PAIN = 7.0
"""Out of ten."""

GOOD_EMOJI = frozenset("👍👌🙂😊😀😃😄😁☺🥰😍🎉✅💯🆗")
BAD_EMOJI = frozenset("👎😢😭😞😟😖😣😩😫😡🤢🤮🤕😰😨😱🔥😔☹🙁🥵❌😕🫤😐😑😒😥😓😿🤧😷😵🥴🥺😠🤬💔")
GRAVE_EMOJI = frozenset("🤒🆘🚑🩸🚨")
_EMOJI = {
    **dict.fromkeys("🙏❤♥✨🙌🌸🌷🌹💐🌞☀💕💖💗💙💚💛💜🧡😘🤗💪👏😇🤩😎😌😉😅😆😂🤣🥳🤍🌟⭐💫🎊🙋", Kind.HARMLESS),
    **dict.fromkeys(GOOD_EMOJI, Kind.FINE),
    **dict.fromkeys(BAD_EMOJI, Kind.CONCERN),
    **dict.fromkeys(GRAVE_EMOJI, Kind.URGENT),
}
_OF_TEN = re.compile(r"(\d{1,2}(?:\.\d+)?)/10")
_TEMPERATURE = re.compile(r"\d{2,3}(?:\.\d+)?")


def is_mood(token: str) -> bool:
    """Whether a token is an emoji: it may be about us and not about the skin."""
    return token in _EMOJI


def measures(tokens: Sequence[str], counted: Container[str]) -> Iterator[tuple[int, Kind]]:
    """Yield which tokens say fine, concern, urgent or nothing (`HARMLESS`).

    Before a word of `counted`, or a percent sign, a number is no temperature.
    """
    for number, token in enumerate(tokens):
        after = tokens[number + 1] if number + 1 < len(tokens) else ""
        kind = _EMOJI.get(token)
        if pain := _OF_TEN.fullmatch(token):
            kind = Kind.URGENT if float(pain[1]) >= _SEVERE_PAIN else Kind.CONCERN
        elif token.isdigit() and (after in counted or after == "%"):
            kind = Kind.HARMLESS
        elif _TEMPERATURE.fullmatch(token):
            kind = _temperature(float(token))
        if kind:
            yield number, kind


def _temperature(value: float) -> Kind | None:
    """Read degrees, Celsius or Fahrenheit: the two have no number in common that a living body can have."""
    celsius = round(value if value <= _LIVING[1] else (value - 32) / 1.8, 2)
    if not _LIVING[0] <= celsius <= _LIVING[1]:
        return None
    if celsius < WARM:
        return Kind.HARMLESS
    return Kind.URGENT if celsius >= FEVER else Kind.CONCERN
