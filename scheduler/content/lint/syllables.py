"""How many syllables a word has, by the spelling rules of its language.

Spanish spelling says it exactly; French nearly, with its silent e; English is a set of habits, right for about nine
words in ten, and its errors cancel out over a text.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache

_ENGLISH = re.compile(r"[aeiouy]+")
# Silent: make, called, leaves. Not: little, settled, needed, washes.
_SILENT = re.compile(
    r"""(?:[^aeiouyl]|[aeiouyr]l)e$
    | (?:[^aeioutdl]|[aeiouyrl]l)ed$
    | (?:[^aeioucsxzgh]|[^cs]h)es$""",
    re.VERBOSE,
)
# Two vowels beside each other that are two syllables: ar-e-a, re-ac-tion, cre-ate, sci-ence, flu-id, be-ing, u-su-al.
_APART = re.compile(
    r"""[^st]ia(?!l) | [^tscxg]io | rea(?=c) | crea(?=t) | eas?$ | eo(?!p) | ie(?=nc|t) | ui(?=d$|ng) | [aeouy]ing
    | oa(?=ll) | su(?=al)""",
    re.VERBOSE,
)
_SWALLOWED = re.compile(r"ery(?=$|o|b|t)|(?<=v)era|(?<=ff)ere")  # every, several, different

_FRENCH = re.compile(r"[aeiouyœæ]+")
# At the end of a word: rouge, cloques, augmentent; not in traitement, souvent.
_MUTE = re.compile(r"(?<=[^aeiouyœæéèê])(?:es?$|(?<!m)(?<!souv)ent$)")
_HIATUS = re.compile(r"é[aouâ]|[aouée][ïüë]|[bcdfgptv][lr]i(?:er|ez|é)|[ao]y[aeèéio]")

_SPANISH = re.compile(r"[iuüy]?(?:[aeoáéó]|[íú])[iuy]?|[iuüy]+")


@lru_cache(maxsize=8192)
def english(word: str) -> int:
    """Return about how many syllables an English word has."""
    word = re.sub(r"[^a-z]", "", word.lower())
    count = len(_ENGLISH.findall(word)) + len(_APART.findall(word))
    count -= len(_SILENT.findall(word)) + len(_SWALLOWED.findall(word))
    return max(count, 1)


@lru_cache(maxsize=8192)
def french(word: str) -> int:
    """Return about how many syllables a French word has when it is spoken: a mute e at its end is none."""
    word = re.sub(r"(?<=[gq])u(?=[eéèêiîy])", "", unicodedata.normalize("NFC", word.lower()))
    apart = len(_HIATUS.findall(word))
    plain = "".join(unicodedata.normalize("NFD", letter)[0] for letter in _MUTE.sub("", word))
    return max(len(_FRENCH.findall(plain)) + apart, 1)


@lru_cache(maxsize=8192)
def spanish(word: str) -> int:
    """Return how many syllables a Spanish word has."""
    word = unicodedata.normalize("NFC", word.lower())
    word = re.sub(r"qu(?=[eiéí])|gu(?=[eiéí])", "k", word)
    word = re.sub(r"y(?=[aeiouáéíóú])", "j", word)
    return max(len(_SPANISH.findall(word)), 1)


COUNTERS: Mapping[str, Callable[[str], int]] = {"en": english, "es": spanish, "fr": french}
