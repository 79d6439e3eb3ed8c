"""Knows the browsers that signed somebody in before, so that strangers who guess passwords hold nobody up.

A browser keeps a random number for each of its last users, and our signature over it and the login: it proves no
identity, and opens nothing.
"""

import base64
import hmac
import secrets

from scheduler.store.vault import Vault

_OF = "known_browser"
_NUMBER = 16
_MOST = 5
"""How many people may share a browser."""


def mark(vault: Vault, login: str, kept: str = "") -> str:
    """Return what a browser keeps after a login that went well, with what it kept before."""
    number = secrets.token_hex(_NUMBER)
    others = [it for it in _marks(kept) if not _fits(vault, login, it)]
    return "~".join([f"{number}.{_signature(vault, login, number)}", *others][:_MOST])


def known_as(vault: Vault, login: str, kept: str) -> str | None:
    """Return the number that a browser got at a login of that user; None where it was never one of his or hers."""
    return next((it.partition(".")[0] for it in _marks(kept) if _fits(vault, login, it)), None)


def _marks(kept: str) -> list[str]:
    return [it for it in kept.split("~")[:_MOST] if it] if kept.isascii() else []


def _fits(vault: Vault, login: str, one: str) -> bool:
    number, _, signature = one.partition(".")
    return len(number) == 2 * _NUMBER and hmac.compare_digest(signature, _signature(vault, login, number))


def _signature(vault: Vault, login: str, number: str) -> str:
    signed = vault.sign(f"{login}/{number}".encode("utf-8", "replace"), of=_OF)
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")
