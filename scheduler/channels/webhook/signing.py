"""Standard Webhooks' signature: who gets a call can tell that it is ours, and that it is fresh."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime


def signed_headers(secret: str, call_id: str, payload: bytes, *, now: datetime) -> Mapping[str, str]:
    """Return the headers that sign a call made at `now` (aware).

    `secret` is base64, with or without whsec_ before it. HMAC-SHA256 over `id.seconds.payload`, as
    https://www.standardwebhooks.com says.
    """
    seconds = str(int(now.timestamp()))
    content = f"{call_id}.{seconds}.".encode() + payload
    signature = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), content, hashlib.sha256)
    return {
        "webhook-id": call_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
