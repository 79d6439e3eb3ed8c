"""Seals what identifies a patient (AES-256-GCM) and hashes what it is looked up by (HMAC-SHA256).

A sealed value is: version (1 byte), key id (4), nonce (12), ciphertext with its tag. The key id is the start of
the key's SHA-256, so that a value says which key of the list opens it.
"""

import hashlib
import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from scheduler.errors import KeysError
from scheduler.store.keys import Keys

_VERSION: Final = b"\x01"
_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
PREFIX_BYTES: Final = len(_VERSION) + _ID_BYTES
_HEAD: Final = PREFIX_BYTES + _NONCE_BYTES


def prefix_of(key: bytes) -> bytes:
    """Return what every value sealed by `key` begins with."""
    return _VERSION + hashlib.sha256(key).digest()[:_ID_BYTES]


class Vault:
    """Seals with the first encryption key, opens with all of them.

    `of` names what a value is ("patients.name"). It is authenticated: a value sealed as one thing does not
    open as another, and hashes of equal texts differ between things.
    """

    def __init__(self, keys: Keys) -> None:
        self._ciphers = {prefix_of(key): AESGCM(key) for key in keys.encryption}
        self.prefix = prefix_of(keys.encryption[0])
        self._sealer = self._ciphers[self.prefix]
        self._lookup = keys.lookup
        self._secret = keys.secret
        self.sources = keys.sources

    def sign(self, data: bytes, *, of: str) -> bytes:
        """Return the HMAC-SHA256 under the secret key that proves these bytes to be ours, as `of` only."""
        return hmac.digest(self._secret, of.encode() + b"\0" + data, hashlib.sha256)

    def seal(self, text: str, *, of: str) -> bytes:
        """Encrypt a text under a fresh nonce; equal texts give different values."""
        return self.seal_bytes(text.encode(), of=of)

    def open(self, blob: bytes, *, of: str) -> str:
        """Decrypt what `seal` made under the same `of`. Raises KeysError when no key of the list opens it."""
        return self.open_bytes(blob, of=of).decode()

    def seal_bytes(self, data: bytes, *, of: str) -> bytes:
        """Encrypt bytes; see `seal`."""
        nonce = os.urandom(_NONCE_BYTES)
        return self.prefix + nonce + self._sealer.encrypt(nonce, data, of.encode())

    def open_bytes(self, blob: bytes, *, of: str) -> bytes:
        """Decrypt bytes; see `open`."""
        cipher = self._ciphers.get(blob[:PREFIX_BYTES])
        if cipher is None:
            key, source = blob[1:PREFIX_BYTES].hex(), self.sources["encryption"]
            raise KeysError(f"{of} was sealed with a key ({key}) that is not in {source}: add it")
        try:
            return cipher.decrypt(blob[PREFIX_BYTES:_HEAD], blob[_HEAD:], of.encode())
        except (InvalidTag, ValueError):  # ValueError: cut short
            raise KeysError(f"a sealed value of {of} was changed and can't be opened: restore a backup") from None

    def seal_or_none(self, text: str | None, *, of: str) -> bytes | None:
        """Seal a text that may be missing."""
        return None if text is None else self.seal(text, of=of)

    def open_or_none(self, blob: bytes | None, *, of: str) -> str | None:
        """Open a value that may be missing."""
        return None if blob is None else self.open(blob, of=of)

    def lookup(self, value: str, *, of: str) -> bytes:
        """Return the keyed hash by which a (normalised) value is found; it survives a change of encryption keys."""
        return hmac.digest(self._lookup, of.encode() + b"\0" + value.encode(), hashlib.sha256)
