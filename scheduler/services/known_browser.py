"""Knows the browsers that signed somebody in before, so that strangers who guess passwords hold nobody up.

A browser keeps a random number and our signature over it and the login: it proves no identity, and opens nothing.
"""

import base64
import hmac
import secrets

from scheduler.store.vault import Vault

_OF = "known_browser"
_NUMBER = 16


def mark(vault: Vault, login: str) -> str:
    """Return what a browser keeps of a login that went well."""
    number = secrets.token_hex(_NUMBER)
    return f"{number}.{_signature(vault, login, number)}"


def is_known(vault: Vault, login: str, kept: str) -> bool:
    """Whether that is what a browser got at a login of the same user."""
    number, _, signature = kept.partition(".")
    return len(number) == 2 * _NUMBER and hmac.compare_digest(
        signature.encode(), _signature(vault, login, number).encode()
    )


def _signature(vault: Vault, login: str, number: str) -> str:
    signed = vault.sign(f"{login}/{number}".encode("utf-8", "replace"), of=_OF)
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")
