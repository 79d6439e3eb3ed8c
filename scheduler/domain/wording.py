"""A reply made plain, so that rules can be written as plain words: no case, no accents, no contractions."""

import re
import unicodedata
from dataclasses import dataclass

LONGEST = 3000
"""Characters of a reply that are read; an SMS has at most 1,600. Of a longer one the beginning and the end count."""
_LAST = 1000

_QUOTES = "'\u2019\u02bc`\u00b4"
_CONTRACTED = re.compile(rf"n[{_QUOTES}]t\b", re.IGNORECASE)
_IRREGULAR = re.compile(rf"\b(?:can|won|shan)(?=[{_QUOTES}]t\b)", re.IGNORECASE)
_WHOLE = {"can": "cann", "won": "willn", "shan": "shalln"}
_APOSTROPHES = re.compile(rf"[{_QUOTES}]")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010\u2011](?=[^\W\d_])")
_KEYCAP = re.compile(r"([0-9])\ufe0f?\u20e3")
_TOKENS = re.compile(r"\d+(?:[.,]\d+)?(?:/\d+)?|[^\W\d_]+|[.!?;:\n,…]+|[^\s\w]", re.UNICODE)
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_ENDS = frozenset(".!?;:\n…")

_MARKS = frozenset("#=°/()+-&%")
_ASKS = re.compile("[?\u00bf\uff1f]")

END, COMMA = ".", ","


@dataclass(frozen=True, slots=True)
class Plain:
    """A reply as tokens: words, numbers, emoji, `.` for the end of a clause and `,` for a comma.

    `spoken` are the same tokens as the patient wrote them. `asks`: there is a question mark. `cut`: there is more.
    """

    tokens: tuple[str, ...]
    spoken: tuple[str, ...]
    asks: bool
    cut: bool = False


def make_plain(original: str) -> Plain:
    """Return a reply as tokens. Takes any text, whatever is in it."""
    whole = unicodedata.normalize("NFKC", _shortened(original))
    text = "".join(map(_digit, _shortened(whole)))
    cut = len(text) < len(whole) or len(original) > LONGEST
    text = _KEYCAP.sub(r" \1 ", text)
    text = _HYPHEN.sub(" ", text)
    text = _IRREGULAR.sub(lambda found: _WHOLE[found[0].casefold()], text)
    text = _APOSTROPHES.sub(" ", _CONTRACTED.sub(" not", text))
    pairs = [(plain, spoken) for spoken in _TOKENS.findall(text) if (plain := _plain(spoken))]
    return Plain(tuple(it for it, _ in pairs), tuple(it for _, it in pairs), bool(_ASKS.search(text)), cut)


def _digit(char: str) -> str:
    """Return 0 to 9 for a digit of any script, whatever it stands in: ٣, ➂."""
    value = unicodedata.digit(char, None)
    return char if value is None else str(value)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - _LAST]}\n{text[-_LAST:]}"


def plain_word(word: str) -> str:
    """Return a word without case and accents, as the tokens are."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(char))
    return _STRETCHED.sub(r"\1", bare.replace("œ", "oe").replace("æ", "ae"))


def _plain(token: str) -> str:
    """Return a token made plain; "" for what says nothing: variation selectors, skin tones, brackets."""
    if set(token) <= _ENDS | {","}:
        return COMMA if set(token) == {","} else END
    if token[0].isdigit():
        return token.replace(",", ".")
    if token[0].isalpha():
        return plain_word(token)
    says = token in _MARKS or (len(token) == 1 and unicodedata.category(token) in ("So", "Sm"))
    return token if says else ""
