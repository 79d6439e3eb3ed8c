"""The lists of words in words/<language>.toml, and finding them in a text whatever its case and accents."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "words"


@cache
def finder(language: str, topic: str) -> re.Pattern[str] | None:
    """Return what finds the words of a topic in folded text, None for a language without a list.

    A regional language has the words of its language: fr-CA those of fr.
    """
    file = _FOLDER / f"{language.partition('-')[0]}.toml"
    if not file.is_file():
        return None
    words: list[str] = tomllib.loads(file.read_text(encoding="utf-8"))[topic]
    return any_of(words)


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Return what finds one of these in folded text, as whole words: `word*` is any ending."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(_pattern(fold(word)) for word in words)})(?!\w)")


def _pattern(word: str) -> str:
    return r"\s+".join(re.escape(part).replace(r"\*", r"\w*") for part in word.split())


@lru_cache(maxsize=1024)
def fold(text: str) -> str:
    """Return a text without case and accents, each character at its place."""
    return "".join(map(_bare, text))


@cache
def _bare(character: str) -> str:
    return unicodedata.normalize("NFD", character)[0].casefold()[:1] or character
