"""Secrets that we hand out: random bytes, of which we keep the SHA-256 only.

A password needs a slow hash because people choose it; nobody guesses 24 random bytes, however fast the hash.
"""

import hashlib
import secrets

LONGEST = 200
"""Characters of anything that claims to be such a secret; ours have 32 or 43, keys 60."""
IN_A_LINK = 24
"""Random bytes of a link: with them it still fits a line of a terminal, where a broken line breaks it."""


def new_token(size: int = 32) -> str:
    """Return a fresh secret of so many random bytes, fit for a cookie or an address."""
    return secrets.token_urlsafe(size)


def digest(token: str) -> bytes:
    """Return what is kept of a secret."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
