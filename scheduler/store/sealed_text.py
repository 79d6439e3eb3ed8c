"""Short texts sealed so that they may stand in an address."""

import base64
import binascii

from scheduler.errors import KeysError
from scheduler.store.vault import Vault

LONGEST = 2_000


def sealed_text(vault: Vault, text: str, *, of: str) -> str:
    """Return a text that only this installation can read, as `of` only."""
    return base64.urlsafe_b64encode(vault.seal(text, of=of)).decode().rstrip("=")


def unsealed_text(vault: Vault, token: str, *, of: str) -> str:
    """Return what `sealed_text` sealed. Raises KeysError for anything else."""
    if len(token) > LONGEST:
        raise KeysError(f"{of}: this is too long to be ours")
    try:
        blob = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise KeysError(f"{of}: this was not sealed here") from None
    return vault.open(blob, of=of)
