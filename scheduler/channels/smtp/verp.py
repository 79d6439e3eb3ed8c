"""The envelope sender that says in a bounce which hand-over it is about: bounces+<token>@the mailbox's domain (VERP).

The token is the attempt's own, which nobody can guess and nobody but the mail servers on the way is told; so a bounce
that carries it comes from one of them. It is written in base32, since servers may change the case of addresses.
"""

import base64
import binascii
import re

_SEPARATOR = "+"
# An attempt's token has 22 characters, so 36 in base32; 64 may stand before the @ (RFC 5321, 4.5.3.1.1).
_TOKEN = re.compile(r"[a-z2-7]{36}")


def return_path(mailbox: str, attempt: str) -> str:
    """Return the envelope sender of one hand-over, for the mailbox that bounces go to."""
    local, _, domain = mailbox.rpartition("@")
    return f"{local}{_SEPARATOR}{_encoded(attempt)}@{domain}"


def attempt_of(address: str) -> str | None:
    """Return the token of the attempt that an address was made for; None for any other address."""
    local = address.strip().rpartition("@")[0]
    return _decoded(local.rpartition(_SEPARATOR)[2]) if _SEPARATOR in local else None


def _encoded(token: str) -> str:
    return base64.b32encode(token.encode("ascii")).decode().rstrip("=").lower()


def _decoded(text: str) -> str | None:
    lowered = text.lower()
    if not _TOKEN.fullmatch(lowered):
        return None
    try:
        token = base64.b32decode(lowered.upper() + "=" * (-len(lowered) % 8)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return token if token.isprintable() else None
