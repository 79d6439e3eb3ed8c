"""What Twilio calls us with: whether it really was Twilio, and what it says of a message."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from twilio.request_validator import HMAC_SHA1, RequestValidator, get_signature_algorithm

from scheduler.domain.states import Status

SIGNATURE = "X-Twilio-Signature"
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"

SAID: Mapping[str, Status] = {
    "accepted": Status.ACCEPTED,
    "scheduled": Status.ACCEPTED,
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    # May be the last word: a carrier without receipts. It is no proof of arrival.
    "sent": Status.ACCEPTED,
    "delivered": Status.DELIVERED,
    "read": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "failed": Status.FAILED,
    "canceled": Status.FAILED,
}
"""Twilio's message statuses (https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks)
-> ours. What is not here is kept and changes nothing."""

Form = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class StatusCallback:
    """What a status callback says. `said` is None for a status that changes nothing, `error_code` "" without one."""

    sid: str
    status: str
    said: Status | None
    error_code: str

    @property
    def unique_id(self) -> str:
        """The same for a callback that comes twice: a hash of SID, status and error code."""
        text = f"{self.sid}\0{self.status}\0{self.error_code}"
        return f"twilio/status/{hashlib.sha256(text.encode()).hexdigest()}"


class _Values(dict[str, list[str]]):
    """A form's values by name, as the SDK's validator wants to be given names that come twice."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def read_form(body: bytes) -> Form:
    """Read a form body, blank values included: Twilio signs them too. Raises ValueError when it is none."""
    return parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=200)


def is_signed(
    url: str, form: Form, headers: Mapping[str, str], *, auth_token: str, shared_keys: Mapping[str, str]
) -> bool:
    """Whether Twilio signed this call of `url`: the address as Twilio has it, from the configured public base.

    Signed with the auth token (HMAC-SHA1), or with a shared key that the settings header names (HMAC-SHA256):
    its secret is looked up in `shared_keys`. A missing signature is none.
    """
    signature = headers.get(SIGNATURE)
    if not signature:
        return False
    settings = headers.get(SETTINGS, "")
    algorithm = get_signature_algorithm(settings)
    secret = auth_token if algorithm == HMAC_SHA1 else shared_keys.get(_key_id(settings))
    values = _Values()
    for name, value in form:
        values.setdefault(name, []).append(value)
    return bool(secret) and bool(RequestValidator(secret).validate(url, values, signature, algorithm))


def read_status(form: Form) -> StatusCallback | None:
    """Return what a status callback says, None when it names no message."""
    values = dict(form)
    sid, status = values.get("MessageSid") or values.get("SmsSid", ""), values.get("MessageStatus", "")
    if not sid or not status:
        return None
    return StatusCallback(sid, status, SAID.get(status.lower()), values.get("ErrorCode", ""))


def _key_id(settings: str) -> str:
    parts = dict(part.strip().partition("=")[::2] for part in settings.split(","))
    return parts.get("key", "")
