"""What may be a password, and what is kept of it."""

import pytest
from argon2 import PasswordHasher

from scheduler.services import passwords as hashing
from scheduler.services.passwords import Passwords, Weakness, weakness
from tests.passwords import REAL

NAMES = ("anna", "Anna Berg-Müller", "lumiere", "Clinique Lumière")


@pytest.mark.parametrize(
    "password",
    [
        "nettle copper window seven",
        "837461920583",
        "vE9k2mQx7LpZ",
        "pluie tuile carotte bleue",
        "el gato come 3 nubes",
        "日本語のパスワードは長いです",
        "            x1y2z3",
        "a" + "nettle" * 40,
    ],
)
def test_what_is_long_and_nobodys_first_guess_is_taken_whatever_it_is_made_of(password: str) -> None:
    assert weakness(password, NAMES) is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", Weakness.TOO_SHORT),
        ("elevenchars", Weakness.TOO_SHORT),
        ("x7" * 200, Weakness.TOO_LONG),
        ("anna-anna-2026", Weakness.OWN_NAME),
        ("Clinique Lumière 24", Weakness.OWN_NAME),
        ("bergmuller1990", Weakness.OWN_NAME),
        ("lumierelumiere", Weakness.OWN_NAME),
        ("password12345", Weakness.COMMON),
        ("P@ssw0rd2026!", Weakness.COMMON),
        ("motdepasse123", Weakness.COMMON),
        ("contraseña2025", Weakness.COMMON),
        ("123456789012", Weakness.COMMON),
        ("abcdefghijkl", Weakness.COMMON),
        ("qwertyuiop123", Weakness.COMMON),
        ("1q2w3e4r5t6y", Weakness.COMMON),
        ("aaaaaaaaaaaa", Weakness.COMMON),
        ("abc123abc123", Weakness.COMMON),
        ("iloveyou2026", Weakness.COMMON),
        ("aftercare-admin", Weakness.COMMON),
        ("anna password 1", Weakness.COMMON),
        ("Summer2026!!", Weakness.COMMON),
    ],
)
def test_what_is_tried_first_is_refused_with_its_reason(password: str, why: Weakness) -> None:
    assert weakness(password, NAMES) is why


def test_a_password_is_the_same_however_a_keyboard_composes_it() -> None:
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    kept = passwords.make("caf\u00e9 nettle copper")
    assert passwords.check(kept, "cafe\u0301 nettle copper")
    assert not passwords.check(kept, "cafe nettle copper")
    assert not passwords.check(None, "caf\u00e9 nettle copper")
    assert not passwords.check("no hash", "caf\u00e9 nettle copper")


def test_what_is_kept_is_argon2id_with_at_least_what_owasp_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REAL.items():
        monkeypatch.setattr(hashing, name, value)
    passwords = Passwords()
    kept = passwords.make("nettle copper window")
    _, kind, _, parameters, _, _ = kept.split("$")
    values = dict(part.split("=") for part in parameters.split(","))
    assert kind == "argon2id"
    assert int(values["m"]) >= 19 * 1024
    assert int(values["t"]) >= 2
    assert kept != passwords.make("nettle copper window")
    assert not passwords.is_outdated(kept)
