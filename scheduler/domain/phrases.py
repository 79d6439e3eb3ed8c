"""A phrase of triage: plain words with a little grammar, for people who are no programmers.

`word*` is any ending, `word?` may be missing, `(one|other)` is either, `(one|other)*` any number of these, `<name>`
is any word of a group, `<name>` a capitalised word that stands nowhere in the rules, and `...` stands for up to
three words between.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from scheduler.domain.wording import plain_word

_PART = re.compile(r"\.\.\.|\([^()|]+(?:\|[^()|]+)*\)[?*]?|[^\s()|?*<>]+\*?\??")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_NAMED = re.compile(r"<([^<>]*)>")
_GAP = r"(?:[^ .,]+ ){0,3}"
NAME = "@"
"""Stands in a reply's line for what is perhaps a name."""


@dataclass(frozen=True)
class Phrase:
    """One phrase as written, and what finds it in a reply's plain tokens joined by single spaces.

    `words` stand in it as they are, `stems` with any ending. `first_words` and `first_stems`: how a place where it is
    found begins. `exact`: it has no gap, so that every word of such a place is one of the phrase.
    """

    written: str
    regex: str
    words: frozenset[str]
    stems: frozenset[str]
    first_words: frozenset[str]
    first_stems: frozenset[str]
    exact: bool

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What finds it. Made when it is asked for first: of a thousand phrases few begin like a reply's words."""
        return re.compile(self.regex)


def phrase(written: str, groups: Mapping[str, Sequence[str]] | None = None) -> Phrase:
    """Read a phrase. Raises ValueError, with what is wrong, for one that is not of the grammar."""
    return _read(written, _filled(written, groups or {}))


@lru_cache(maxsize=8192)
def _read(written: str, full: str) -> Phrase:
    """Read a phrase whose groups are written out: once, however often its file is checked again after an edit."""
    parts = _PART.findall(full)
    if not parts or _bare("".join(parts)) != _bare(full):
        raise ValueError("is no phrase: plain words, word*, word?, (one|other), <group> and ...")
    if parts[0] == "..." or parts[-1] == "..." or all(_may_be_missing(part) for part in parts):
        raise ValueError("is no phrase: a word must stand at its beginning and its end")
    words = {word for part in parts if part != "..." for option in _options(part) for word in option.split()}
    first = {option.split()[0] for option in _first_options(parts)}
    return Phrase(
        written,
        "".join(_piece(part) for part in parts),
        words=_whole(words),
        stems=_stems(words),
        first_words=_whole(first),
        first_stems=_stems(first),
        exact="..." not in parts,
    )


def _filled(written: str, groups: Mapping[str, Sequence[str]]) -> str:
    """Write out the groups: `(<lip>|eye)` and `<lip>` become `(lip|lips|eye)` and `(lip|lips)`."""

    def words_of(found: re.Match[str]) -> str:
        if found[1] == "name":
            return NAME
        if found[1] not in groups:
            raise ValueError(f"names a group <{found[1]}> that is not under words")
        return "|".join(groups[found[1]])

    inside = _IN_BRACKETS.sub(lambda bracket: _NAMED.sub(words_of, bracket[0]), written)
    return _NAMED.sub(lambda found: f"({words_of(found)})", inside)


def _whole(words: Iterable[str]) -> frozenset[str]:
    return frozenset(plain_word(word) for word in words if not word.endswith("*"))


def _stems(words: Iterable[str]) -> frozenset[str]:
    return frozenset(plain_word(word.removesuffix("*")) for word in words if word.endswith("*"))


def _bare(text: str) -> str:
    return "".join(text.split())


def _piece(part: str) -> str:
    if part == "...":
        return _GAP
    times = "?" if part.endswith("?") else "{0,6}" if part.endswith(")*") else ""
    either = "|".join("".join(f"{_word(word)} " for word in option.split()) for option in _options(part))
    return f"(?:{either}){times}"


def _options(part: str) -> list[str]:
    part = part.removesuffix("?")
    return part.rstrip("*")[1:-1].split("|") if part.startswith("(") else [part]


def _first_options(parts: Sequence[str]) -> Iterator[str]:
    """Yield what a phrase may begin with: its first part, and the next where that may be missing."""
    for part in parts:
        if part != "...":
            yield from _options(part)
        if not _may_be_missing(part):
            return


def _may_be_missing(part: str) -> bool:
    return part.endswith(("?", ")*")) or part == "..."


def _word(word: str) -> str:
    plain = re.escape(plain_word(word.removesuffix("*")))
    return plain + r"[^ .,]*" if word.endswith("*") else plain
