"""What Twilio's error codes mean for a message: a table, so that a new code is a new line.

Read from the causes and solutions under https://www.twilio.com/docs/api/errors. Twilio warns that codes change:
what is not in the table is decided by the HTTP status.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from scheduler.channels.meaning import Meaning, of_channel, of_sender
from scheduler.channels.waiting import retry_after
from scheduler.errors import ChannelError, ErrorKind, Scope

_MINUTE, _HOUR = 60.0, 3600.0
_NOT_TWILIO = "it was not Twilio's API that answered: check AFTERCARE_TWILIO_API_URL"


_K = ErrorKind

CODES: Mapping[int, Meaning] = {
    10001: of_channel("the Twilio account is not active"),
    20003: of_channel("Twilio does not know these credentials: check TWILIO_ACCOUNT_SID and its token"),
    20404: of_channel("Twilio does not know this account: check TWILIO_ACCOUNT_SID"),
    20429: Meaning(_K.TRANSIENT, "too many requests at once", scope=Scope.SENDER),
    20500: Meaning(_K.UNKNOWN, "Twilio failed and may have taken the message"),
    21211: Meaning(_K.PERMANENT, "the phone number is not valid"),
    21212: of_sender("the sender is not valid"),
    # One country is closed, not the channel: the other channel of this patient still works.
    21408: Meaning(_K.PERMANENT, "SMS to this country are off: allow them in Twilio's Geo Permissions"),
    21606: of_sender("the sender can't send SMS from this account"),
    21608: of_channel("a trial account sends to verified numbers only: upgrade it"),
    21609: of_channel("Twilio can't call AFTERCARE_PUBLIC_URL back"),
    21610: Meaning(_K.OPT_OUT, "the patient stopped messages from this sender"),
    21611: Meaning(_K.TRANSIENT, "the sender's queue at Twilio is full", _HOUR, Scope.SENDER),
    21612: Meaning(_K.PERMANENT, "this number can't be reached from this sender"),
    21614: Meaning(_K.PERMANENT, "it is not a mobile number"),
    21617: Meaning(_K.CONTENT, "the text is longer than 1600 characters"),
    21635: Meaning(_K.PERMANENT, "it is a landline"),
    21659: of_sender("the sender is not a number of Twilio's, or not of this country"),
    21660: of_sender("the sender belongs to another account"),
    21703: of_sender("the messaging service has no sender for this message"),
    21705: of_sender("there is no such messaging service"),
    30001: Meaning(_K.TRANSIENT, "the queue at Twilio is full", _HOUR, Scope.SENDER),
    30002: of_channel("the Twilio account is suspended"),
    30003: Meaning(_K.TRANSIENT, "the phone is off or out of reach"),
    30004: Meaning(_K.PERMANENT, "the phone blocks this sender"),
    30005: Meaning(_K.PERMANENT, "the number does not exist"),
    30006: Meaning(_K.PERMANENT, "it is a landline, or its carrier takes no SMS"),
    30007: Meaning(_K.CONTENT, "the carrier filtered the text"),
    30008: Meaning(_K.TRANSIENT, "the carrier gave no reason"),
    30022: Meaning(_K.TRANSIENT, "the sender goes faster than its carrier allows", _MINUTE, Scope.SENDER),
    30023: Meaning(_K.TRANSIENT, "the sender's daily cap is reached (it resets at midnight, US Pacific)", _HOUR),
    30024: of_sender("the carrier does not know this sender yet"),
    30032: of_sender("the toll-free sender is not verified"),
    30034: of_sender("the sender is not registered for A2P 10DLC"),
    30036: Meaning(_K.TRANSIENT, "it waited at Twilio until it was no longer useful"),
    30410: Meaning(_K.TRANSIENT, "the carrier did not answer in time"),
    35114: of_channel("Twilio does not accept the time of sending"),
    35118: of_channel("Twilio can't schedule without a messaging service"),
    35125: of_channel("too many messages are scheduled at Twilio"),
    63038: Meaning(_K.TRANSIENT, "the account's daily cap is reached", _HOUR),
    90007: of_channel("Twilio does not accept the validity period"),
}


def meaning_of(code: int | None, status: int) -> Meaning:
    """Return what Twilio's `code` (None where the answer has none) under an HTTP `status` means.

    1. From 500 on, and after 408, the outcome is unknown, whatever the code says: a create is not idempotent
       (https://www.twilio.com/docs/api/errors/20500).
    2. After 429 nothing was processed (https://www.twilio.com/docs/api/errors/20429).
    3. A known code decides.
    4. An unknown code is about this one message as Twilio saw it: CONTENT, so that a person looks, no number is
       given up and no channel stops for it. Without a code it was not Twilio's API that answered: CONFIGURATION.
    """
    known = CODES.get(code) if code is not None else None
    if status >= 500 or status == 408:  # noqa: PLR2004  (RFC 9110 numbers)
        return CODES[20500]
    if status == 429:  # noqa: PLR2004  (the same RFC's)
        return known if known and known.kind is ErrorKind.TRANSIENT else CODES[20429]
    if known:
        return known
    if status in (401, 403):
        return of_channel("Twilio does not allow this account to send")
    if code is None or status in (404, 405, 410):
        return of_channel(_NOT_TWILIO)
    return Meaning(ErrorKind.CONTENT, "Twilio refused it: look the code up at twilio.com/docs/api/errors")


def meaning_of_report(code: str) -> Meaning:
    """Return what the code of a message that did not arrive means; "" when Twilio gave none.

    A code that is not in the table is this message's misfortune: no number is given up for it.
    """
    if not code:
        return Meaning(ErrorKind.TRANSIENT, "Twilio gave no reason")
    unknown = Meaning(ErrorKind.TRANSIENT, "look the code up at twilio.com/docs/api/errors")
    return CODES.get(int(code), unknown)


def refusal(status: int, body: str, headers: Mapping[str, str], now: datetime) -> ChannelError:
    """Return the error for an answer that is no success. Nothing of its body but the code is kept."""
    code = _code(body)
    meaning = meaning_of(code, status)
    words = f"SMS: {meaning.words} (HTTP {status}{f', Twilio {code}' if code else ''})"
    waited = retry_after(headers.get("Retry-After", ""), now)
    return meaning.as_error(words, str(code or f"http-{status}"), waited=waited)


def reported(meaning: Meaning, code: str) -> ChannelError:
    """Return what a report of that code says, as a hand-over would have said it."""
    return meaning.as_error(f"SMS: {meaning.words} (Twilio {code}, reported)", code)


def unreadable(method: str) -> ChannelError:
    """Return the error for a success that can't be read: a POST was most likely taken."""
    if method.upper() == "POST":
        return ChannelError(
            "SMS: Twilio's answer can't be read, it may have taken the message",
            kind=ErrorKind.UNKNOWN,
            code="unreadable",
        )
    return ChannelError(f"SMS: {_NOT_TWILIO}", kind=ErrorKind.CONFIGURATION, code="unreadable", scope=Scope.CHANNEL)


def not_active(status: str) -> ChannelError:
    """Return the error for an account that answers, and may not send: suspended or closed."""
    return ChannelError(
        f"SMS: the Twilio account is {status}", kind=ErrorKind.CONFIGURATION, code="10001", scope=Scope.CHANNEL
    )


def _code(body: str) -> int | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None
