"""Windows-1252 or Mac Roman: which of the two makes words of the bytes beyond ASCII."""

import re
from collections import Counter
from dataclasses import dataclass, field

_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_MOST_WORDS = 5_000
_LETTERS = frozenset("àâäáãåæçéèêëíìîïñóòôöõøœúùûüÿßªº")
_CAPITALS = frozenset("ÀÂÄÁÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜŸ")
_BESIDE_WORDS = frozenset("«»¿¡“”\u2018\u2019\u2013—…€£©®™°·\u00a0")
_APOSTROPHE = "\u2019"
_ELISION = re.compile(
    r"^(?:[ldjmtnscoLDJMTNSCO]|[Qq]u|(?:[Jj]us|[Ll]ors|[Pp]uis)qu)\u2019\w|\w\u2019(?:s|t|d|m|re|ll|ve)$"
)
_UPON_EACH_OTHER = re.compile(r"[^\W\d_a-zA-Z]{3}")
_FEW = 10
"""Of so many words one may be odd."""
_SURE = 2
"""Points, and times as many as the other has, with which nobody needs to be asked."""


@dataclass(slots=True)
class Evidence:
    """Words with bytes beyond ASCII, and how lines end: a Mac's programs of old end them with a carriage return."""

    words: Counter[bytes] = field(default_factory=Counter)
    returns: int = 0
    pairs: int = 0

    def add(self, block: bytes) -> None:
        """Take note of a block."""
        self.returns += block.count(b"\r")
        self.pairs += block.count(b"\r\n")
        for word in _WORD.findall(block):
            if word in self.words or len(self.words) < _MOST_WORDS:
                self.words[word] += 1

    @property
    def is_mac(self) -> bool:
        """Whether Mac Roman makes more of it."""
        windows, mac = self._points()
        return mac > windows

    @property
    def is_sure(self) -> bool:
        """Whether the other one makes next to nothing of it, and this one makes words of nearly all."""
        less, more = sorted(self._points())
        return more - less >= _SURE and more >= _SURE * less and not self._is_foreign()

    def _is_foreign(self) -> bool:
        """Whether it is neither: letters of another alphabet become signs within words, or accents upon accents."""
        codec = "mac_roman" if self.is_mac else "cp1252"
        strange = sum(1 for word in self.words if _is_strange(word.decode(codec, errors="replace")))
        return strange * _FEW > len(self.words)

    def _points(self) -> tuple[int, int]:
        """Judge both."""
        has_returns = self.returns > 2 * self.pairs
        return self._of("cp1252") + (self.pairs > 0), self._of("mac_roman") + 2 * has_returns

    def _of(self, codec: str) -> int:
        """Judge each different word once: one name that comes back a thousand times proves no more than once."""
        points = 0
        for word in self.words:
            try:
                points += _points_of(word.decode(codec))
            except UnicodeDecodeError:  # a byte that has no meaning in it
                points -= 3
        return points


def _is_strange(word: str) -> bool:
    return _points_of(word) < 0 or _UPON_EACH_OTHER.search(word) is not None


def _points_of(word: str) -> int:
    """Judge a word by where its signs stand in it."""
    points = 0
    for place, sign in enumerate(word):
        if sign in _LETTERS:
            points += 2
        elif sign in _CAPITALS:
            points += 1 if not word[:place].strip(_APOSTROPHE) or word[:place].isupper() else -3
        elif sign == _APOSTROPHE and 0 < place < len(word) - 1:
            points += 2 if _ELISION.search(word) else -1
        elif not sign.isascii():
            points += 1 if sign in _BESIDE_WORDS and place in (0, len(word) - 1) else -3
    return points
