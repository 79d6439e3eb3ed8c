"""What Twilio calls us with: whether it really was Twilio, and what it says of a message."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from twilio.request_validator import HMAC_SHA1, HMAC_SHA256, RequestValidator

from scheduler.channels.twilio.words import code_of, has_left, said_by
from scheduler.domain.states import Status

SIGNATURE = "X-Twilio-Signature"
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
MOST_FIELDS = 200

Form = Sequence[tuple[str, str]]

_NAME = re.compile(r"[!-~]{1,64}")
"""Any name that fits into the database: PostgreSQL takes no NUL."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What Twilio signs with: the account's auth token, and shared keys by the id that Twilio names them with."""

    auth_token: str = field(repr=False)
    shared_keys: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class StatusCallback:
    """What a status callback says. `said` is None for a status that changes nothing, `error_code` "" without one."""

    sid: str
    status: str
    said: Status | None
    error_code: str

    @property
    def left(self) -> bool:
        """Whether the message left Twilio."""
        return has_left(self.status)

    @property
    def unique_id(self) -> str:
        """The same for a callback that comes twice: a hash of SID, status and error code."""
        return unique_id(self.sid, self.status, self.error_code)


class _Values(dict[str, list[str]]):
    """A form's values by name, as the SDK's validator wants to be given names that come twice."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def read_form(body: bytes) -> Form:
    """Read a form body, blank values included: Twilio signs them too. Raises ValueError when it is none."""
    return parse_qsl(
        body.decode("utf-8"),
        keep_blank_values=True,
        strict_parsing=bool(body),
        max_num_fields=MOST_FIELDS,
        errors="strict",
    )


def signature_fault(url: str, form: Form, headers: Mapping[str, str], secrets: Secrets) -> str | None:
    """Return why this call of `url` is not Twilio's, in words for the operator; None when Twilio signed it.

    `url` is the address as Twilio has it, from the configured public base, with the query as received. `headers`
    are looked up by the names as Twilio writes them. A call is signed with the auth token (HMAC-SHA1), or with a
    shared key that the settings header names (HMAC-SHA256). Neither secret is taken for the other's scheme.
    """
    signature = headers.get(SIGNATURE)
    if not signature:
        return "it has no signature"
    named = _settings(headers.get(SETTINGS, ""))
    algorithm = named.get("algorithm", HMAC_SHA1)
    if algorithm == HMAC_SHA1:
        secret = secrets.auth_token
    elif algorithm == HMAC_SHA256:
        secret = secrets.shared_keys.get(named.get("key", ""), "")
    else:
        return "it is signed in a way that this version does not know"
    if not secret:
        return "it is signed with a key that TWILIO_SHARED_KEYS does not have"
    if not RequestValidator(secret).validate(url, _values(form), signature, algorithm):
        return "its signature is of another address or of another secret: compare AFTERCARE_PUBLIC_URL and the token"
    return None


def read_status(form: Form) -> StatusCallback | None:
    """Return what a status callback says, None when it names no message as Twilio does."""
    values = dict(form)
    sid, status = values.get("MessageSid") or values.get("SmsSid", ""), values.get("MessageStatus", "")
    if not _NAME.fullmatch(sid) or not status:
        return None
    return StatusCallback(sid, status, said_by(status), code_of(values.get("ErrorCode")))


def unique_id(*parts: str) -> str:
    """Return the id under which a status callback is kept once."""
    digest = hashlib.sha256("\0".join(parts).encode())
    return f"twilio/status/{digest.hexdigest()}"


def _values(form: Form) -> _Values:
    values = _Values()
    for name, value in form:
        values.setdefault(name, []).append(value)
    return values


def _settings(header: str) -> Mapping[str, str]:
    """Read the settings header: `key=<id>,algorithm=HMAC_SHA256`. The first of a name counts."""
    named: dict[str, str] = {}
    for part in header.split(","):
        name, _, value = (text.strip() for text in part.partition("="))
        if value:
            named.setdefault(name, value)
    return named
