"""Twilio's signature on its calls, made as Twilio's documentation says and without its library."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode

SIGNATURE, SETTINGS = "X-Twilio-Signature", "X-Twilio-Webhooks-Signature-Settings"


def signature(url: str, form: Mapping[str, str], secret: str, *, digest: str = "sha1") -> str:
    text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), getattr(hashlib, digest)).digest()).decode()


def by_token(url: str, form: Mapping[str, str], token: str) -> dict[str, str]:
    """The headers of a call that is signed with the account's auth token."""
    return {SIGNATURE: signature(url, form, token)}


def by_key(url: str, form: Mapping[str, str], key: str, secret: str) -> dict[str, str]:
    """The headers of a call that is signed with a shared key."""
    signed = signature(url, form, secret, digest="sha256")
    return {SIGNATURE: signed, SETTINGS: f"key={key},algorithm=HMAC_SHA256"}


def encoded(form: Mapping[str, str]) -> bytes:
    return urlencode(form).encode()
