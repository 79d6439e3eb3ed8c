"""The second factor: codes of an authenticator app (RFC 6238), each of them good once, and recovery codes."""

import re
import secrets
from datetime import datetime
from io import BytesIO

import pyotp
import segno
from pyotp.exceptions import OTPVerificationError

from scheduler.errors import ConflictError
from scheduler.store.database import Tx
from scheduler.store.second_factor import (
    begin_factor,
    confirm_factor,
    factor_of,
    set_recovery_codes,
    use_recovery_code,
    use_step,
)

ISSUER = "Aftercare"
RECOVERY_CODES = 10
_DRIFT = 1
"""How many codes before and after the one of now count: clocks of phones are some seconds off (RFC 6238, 5.2)."""
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS, _GROUP = 3, 4


def begin(tx: Tx, user_id: int) -> None:
    """Make a secret that waits to be confirmed; one that waits already stays. The caller commits.

    Raises ConflictError where codes are asked for already.
    """
    known = factor_of(tx, user_id)
    if (known and known.since) or (known is None and not begin_factor(tx, user_id, pyotp.random_base32())):
        raise ConflictError("the second factor is on already: turn it off first", code="second_factor_on")


def waiting_secret(tx: Tx, user_id: int) -> str | None:
    """Return the secret that waits to be confirmed. One that is in force is never shown again."""
    known = factor_of(tx, user_id)
    return known.secret if known and known.since is None else None


def address(secret: str, login: str) -> str:
    """Return what an authenticator app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def picture(text: str) -> bytes:
    """Return a QR code as SVG, dark on white in either scheme: cameras need the contrast."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", scale=5, border=4, light="#fff", svgclass=None)
    return out.getvalue()


def confirm(tx: Tx, user_id: int, code: str, *, now: datetime) -> tuple[str, ...] | None:
    """Turn the second factor on where the code is right: return the recovery codes, to be shown once; else None.

    The caller commits, also where it is wrong.
    """
    known = factor_of(tx, user_id)
    if known is None or known.since or not _uses(tx, user_id, known.secret, code, now):
        return None
    if not confirm_factor(tx, user_id, now=now):
        return None
    return new_recovery_codes(tx, user_id)


def new_recovery_codes(tx: Tx, user_id: int) -> tuple[str, ...]:
    """Return new recovery codes in place of all that were, as people read them. The caller commits."""
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    set_recovery_codes(tx, user_id, [_read(code) for code in codes])
    return codes


def is_on(tx: Tx, user_id: int) -> bool:
    """Whether a user is asked for codes."""
    known = factor_of(tx, user_id)
    return known is not None and known.since is not None


def passes(tx: Tx, user_id: int, code: str, *, now: datetime) -> bool:
    """Whether that is a code of now, or a recovery code, not used before; it is used up. The caller commits."""
    known = factor_of(tx, user_id)
    if known is None or known.since is None:
        return False
    if re.fullmatch(r"\d{6}", _read(code)):
        return _uses(tx, user_id, known.secret, code, now)
    return use_recovery_code(tx, user_id, _read(code), now=now)


def _uses(tx: Tx, user_id: int, secret: str, code: str, now: datetime) -> bool:
    try:
        step = pyotp.TOTP(secret).verify_and_get_timecode(_read(code), for_time=now, valid_window=_DRIFT)
    except OTPVerificationError:
        return False
    return use_step(tx, user_id, step)


def _read(code: str) -> str:
    """Return a code as it counts: without what people type between its characters."""
    return re.sub(r"[^0-9a-z]", "", code.lower())[:40]


def _recovery_code() -> str:
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)
