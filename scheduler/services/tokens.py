"""Secrets that we hand out: 32 random bytes, of which we keep the SHA-256 only.

A password needs a slow hash because people choose it; nobody guesses 32 random bytes, however fast the hash.
"""

import hashlib
import secrets

LONGEST = 200
"""Characters of anything that claims to be such a secret; ours have 43, keys 60."""


def new_token() -> str:
    """Return a fresh secret, fit for a cookie or an address."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """Return what is kept of a secret."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
