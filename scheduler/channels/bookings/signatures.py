"""Whether a call comes from the booking system that it says: each system's own signature, compared in constant time.

Sources: Cal.com https://cal.com/docs/developing/guides/automation/webhooks, Calendly
https://developer.calendly.com/api-docs/overview/webhooks/webhook-signatures, Acuity
https://developers.acuityscheduling.com/docs/webhooks, Standard Webhooks
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from scheduler.domain.sources import Acuity, Calcom, Calendly, Encoding, Generic, Scheme, Signature, Source

TOLERANCE = timedelta(minutes=3)
"""Calendly's own: its page on signatures compares the time of a call with three minutes."""
_STANDARD_TOLERANCE = timedelta(minutes=5)
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)
MISSING, WRONG, STALE = (
    "it has no signature",
    "its signature is wrong",
    "it was signed too long ago, or ahead of time",
)


def signature_fault(
    source: Source, headers: Mapping[str, str], body: bytes, secret: str, *, now: datetime
) -> str | None:
    """Return why a call is not that source's, in words for the log; None where it is. `headers` ignore case."""
    match source:
        case Calcom():
            return _plain(headers.get("x-cal-signature-256"), _hex(secret, body))
        case Acuity():
            return _plain(headers.get("x-acuity-signature"), _base64(_digest(secret.encode(), body)))
        case Calendly():
            return _calendly(headers.get("calendly-webhook-signature"), body, secret, now)
        case Generic(signature=signature):
            return _generic(signature, headers, body, secret, now)
        case _:
            return "it calls nobody"


def _calendly(header: str | None, body: bytes, secret: str, now: datetime) -> str | None:
    parts = [part.strip().partition("=") for part in (header or "").split(",")]
    at = next((value for name, _, value in parts if name == "t"), None)
    given = [value for name, _, value in parts if name == "v1"]
    if at is None or not given:
        return MISSING
    expected = _hex(secret, f"{at}.".encode() + body)
    if not _any_same(given, expected):
        return WRONG
    return _stale(at, now, TOLERANCE)


def _generic(signature: Signature, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> str | None:
    match signature.scheme:
        case Scheme.BEARER:
            return _plain(headers.get(signature.header), f"Bearer {secret}")
        case Scheme.STANDARD_WEBHOOKS:
            return _standard(headers, body, secret, now)
        case Scheme.HMAC_SHA256 | Scheme.HMAC_SHA1:
            return _hmac(signature, headers, body, secret, now)


def _hmac(signature: Signature, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> str | None:
    at = headers.get(signature.timestamp) if signature.timestamp else None
    if signature.timestamp and at is None:
        return MISSING
    signed = body if at is None else f"{at}.".encode("utf-8", "replace") + body
    algorithm = "sha1" if signature.scheme is Scheme.HMAC_SHA1 else "sha256"
    digest = hmac.digest(secret.encode(), signed, algorithm)
    expected = digest.hex() if signature.encoding is Encoding.HEX else _base64(digest)
    fault = _plain(headers.get(signature.header), signature.prefix + expected)
    return fault or (_stale(at, now, signature.tolerance) if at is not None else None)


def _standard(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> str | None:
    call, at, given = (headers.get(f"webhook-{name}") for name in ("id", "timestamp", "signature"))
    if not call or not at or not given:
        return MISSING
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = secret.encode()
    expected = _base64(_digest(key, f"{call}.{at}.".encode("utf-8", "replace") + body))
    versions = [it.removeprefix("v1,") for it in given.split(" ") if it.startswith("v1,")]
    return _stale(at, now, _STANDARD_TOLERANCE) if _any_same(versions, expected) else WRONG


def _stale(at: str, now: datetime, tolerance: timedelta) -> str | None:
    """Return that a signed time is too far from now; it stands in seconds since 1970."""
    if not _SECONDS.fullmatch(at) or abs(now.timestamp() - int(at)) > tolerance.total_seconds():
        return STALE
    return None


def _plain(given: str | None, expected: str) -> str | None:
    if not given:
        return MISSING
    return None if _same(given.strip(), expected) else WRONG


def _any_same(given: list[str], expected: str) -> bool:
    return any([_same(it.strip(), expected) for it in given])  # noqa: C419  (all are compared, whichever fits)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _digest(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _hex(secret: str, message: bytes) -> str:
    return _digest(secret.encode(), message).hex()


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
