"""Passwords: hashed with argon2id, checked in constant work, refused where anybody would guess them.

Length is what counts (NIST SP 800-63B-4, 3.1.1.2): no rules about which characters, and nothing expires.
"""

import re
import secrets
import threading
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from scheduler.errors import RegistrationError

LEAST, MOST = 12, 256
"""Characters of a password."""
_PASSES, _KIBIBYTES = 2, 65_536
"""Three times the memory that OWASP asks for, in one lane: the machine sends messages beside it."""
_AT_ONCE = 4
"""How many are hashed beside each other: each takes 64 MiB, and a flood of logins must not take them all."""
_LEFT = 6
"""Characters that must remain once what everybody tries first is taken away."""
_COMMON = (
    "administrator administrador administrateur password passwort motdepasse contraseña contrasena passphrase "
    "aftercare iloveyou princess sunshine football baseball superman dragon monkey master shadow michael welcome "
    "bienvenue bienvenido bonjour hola hello letmein trustno changeme secret default temporary qwertyuiop asdfghjkl "
    "zxcvbnm qwertz azerty qwerty admin login user guest test demo abc clinic clinique clinica clínica reception "
    "doctor docteur jetaime tequiero loulou soleil chouchou summer winter spring autumn january february march april "
    "june july august september october november december"
)
_LOOKALIKES = str.maketrans({"@": "a", "$": "s", "0": "o", "3": "e", "5": "s", "!": "i"})
_YEAR = re.compile(r"(?:19|20)\d\d")
_RUNS = ("0123456789" * 3, "9876543210" * 3, "abcdefghijklmnopqrstuvwxyz" * 2, "1q2w3e4r5t6y7u8i9o0p")


class Weakness(StrEnum):
    """Why a password is refused."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    OWN_NAME = "own_name"
    """It is little more than the login, the person's or the clinic's name."""
    COMMON = "common"
    """It is little more than what everybody tries first."""


_SAID: dict[Weakness, str] = {
    Weakness.TOO_SHORT: f"is shorter than {LEAST} characters: four words make a good one",
    Weakness.TOO_LONG: f"is longer than {MOST} characters",
    Weakness.OWN_NAME: "is little more than a name that everybody here knows: choose other words",
    Weakness.COMMON: "is one of those that are tried first: choose other words",
}


class PasswordRefusedError(RegistrationError):
    """The password can't be taken."""

    def __init__(self, why: Weakness) -> None:
        super().__init__(f"the password {_SAID[why]}")
        self.why = why


class Passwords:
    """Makes and checks hashes. Safe to use from several threads; each call takes some 50 ms and 64 MiB."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=_PASSES, memory_cost=_KIBIBYTES, parallelism=1)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    def make(self, password: str) -> str:
        """Return what is kept of a password: argon2id with its parameters and a salt of its own."""
        with self._turns:
            return self._hasher.hash(_normal(password))

    def check(self, kept: str | None, password: str) -> bool:
        """Whether a password is the one that is kept. Without one to compare with it takes the same work."""
        with self._turns:
            decoy = self._decoy  # made by the first check of all, whomever it is of
            try:
                self._hasher.verify(kept or decoy, _normal(password[: MOST + 1]))
            except (VerificationError, InvalidHashError):
                return False
        return kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash was made with other parameters than are used now: make it anew at the next login."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())


def weakness(password: str, names: Iterable[str] = ()) -> Weakness | None:
    """Return why a password can't be taken, None where it can. `names` are those of the person and the clinics."""
    text = _normal(password)
    if len(text) < LEAST:
        return Weakness.TOO_SHORT
    if len(text) > MOST:
        return Weakness.TOO_LONG
    plain = _plain(text)
    if len(_without(plain, _parts(names))) < _LEFT:
        return Weakness.OWN_NAME
    return Weakness.COMMON if len(_uncommon(plain, _parts(names))) < _LEFT else None


def _normal(password: str) -> str:
    """Return the same for what looks the same, however a keyboard composes it. Lone surrogates can't be hashed."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()


def _plain(text: str) -> str:
    """Return the letters and digits only, in lower case and without accents."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in bare if char.isalnum() or char in "@$!")


def _parts(names: Iterable[str]) -> list[str]:
    """Return the words of names, longest first; short ones stand in too many others."""
    found = {part for name in names for part in [_plain(name), *map(_plain, re.split(r"[\W_]+", name))]}
    return sorted((part for part in found if len(part) > 2), key=len, reverse=True)  # noqa: PLR2004  (as said above)


def _uncommon(plain: str, parts: list[str]) -> str:
    """Return what is left without names, common words, years, runs and repetitions, the shortest way to read it."""
    words = sorted((*_COMMON.split(), *parts), key=len, reverse=True)
    readings = (_without(text, words) for text in {plain, plain.translate(_LOOKALIKES)})
    return min((_unrepeated(_without_runs(_YEAR.sub("", text))) for text in readings), key=len)


def _without(text: str, words: Iterable[str]) -> str:
    for word in words:
        text = text.replace(_plain(word), "")
    return text


def _without_runs(text: str) -> str:
    """Take away what follows each other on a keyboard or in the alphabet, from three characters on."""
    kept, at = "", 0
    while at < len(text):
        length = next((n for n in range(len(text) - at, 2, -1) if any(text[at : at + n] in run for run in _RUNS)), 0)
        kept, at = (kept, at + length) if length else (kept + text[at], at + 1)
    return kept


def _unrepeated(text: str) -> str:
    """Return the unit that a text repeats: abab is no longer than ab."""
    return re.sub(r"(.+?)\1+", r"\1", text)
