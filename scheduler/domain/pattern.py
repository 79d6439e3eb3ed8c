"""Patterns such as `{treatment} - {name}`: what stands where in a line that is written alike each time."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

_PLACE = re.compile(r"\{([a-z_]*)\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Texts with places between them: `texts` has one more than `places`; a place "" is read past."""

    texts: tuple[str, ...]
    places: tuple[str, ...]

    def read(self, line: str) -> Mapping[str, str] | None:
        """Return what stands at each place of a line, None for another line. Case and spacing do not count.

        Each text is found at the first place after the one before, the last at the end: nothing is tried twice, so
        that no line takes long.
        """
        line = " ".join(line.split())
        start = _skip(self.texts[0], line)
        if start is None:
            return None
        found: dict[str, str] = {}
        for place, text in zip(self.places, self.texts[1:-1], strict=False):
            here = _find(text, line, start)
            if here is None:
                return None
            found[place] = line[start : here[0]].strip()
            start = here[1]
        end = _end(self.texts[-1], line, start)
        if end is None:
            return None
        found[self.places[-1]] = line[start:end].strip()
        found.pop("", None)
        return found if all(found.values()) else None


@lru_cache(maxsize=256)
def read_pattern(text: str) -> Pattern:
    """Read a pattern. Raises ValueError with what is wrong: no place, or two without a text between them."""
    pieces = _PLACE.split(" ".join(text.split()))
    pattern = Pattern(tuple(pieces[::2]), tuple(pieces[1::2]))
    if not any(pattern.places):
        raise ValueError("has no place in it: write one as {name}")
    if any("{" in it or "}" in it for it in pattern.texts):
        raise ValueError("has a brace that is no place: write one as {name}, or {} for what is read past")
    if not all(it.strip() for it in pattern.texts[1:-1]):
        raise ValueError("has two places with nothing between them, so that nobody knows where one ends")
    if twice := sorted({it for it in pattern.places if it and pattern.places.count(it) > 1}):
        raise ValueError(f"has the place {{{twice[0]}}} twice")
    return pattern


def _skip(text: str, line: str) -> int | None:
    """Return where what a line begins with ends; a blank at its end, as after `Phone:`, may be missing."""
    found = _compiled(text.rstrip()).match(line)
    if not found:
        return None
    return found.end() + line.startswith(" ", found.end())


def _find(text: str, line: str, start: int) -> tuple[int, int] | None:
    found = _compiled(text).search(line, start + 1)
    return (found.start(), found.end()) if found else None


def _end(text: str, line: str, start: int) -> int | None:
    """Return where the last place ends: before the text with which the line ends."""
    end = len(line) - len(text)
    return end if end >= start and _compiled(text).fullmatch(line, end) else None


@lru_cache(maxsize=256)
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text), re.IGNORECASE)


def places_of(text: str) -> Iterator[str]:
    """Yield the names at the places of a pattern."""
    yield from (it for it in read_pattern(text).places if it)
