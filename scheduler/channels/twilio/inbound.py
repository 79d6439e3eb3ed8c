"""What Twilio says of a text that came in: who wrote it, to which of our numbers, and what it answers by itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.channels.twilio.webhook import Form
from scheduler.domain.consequences import Keyword

ANSWERED: Mapping[str, Keyword] = {
    **dict.fromkeys(("STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "REVOKE", "OPTOUT", "CANCEL"), Keyword.STOP),
    **dict.fromkeys(("START", "YES", "UNSTOP"), Keyword.START),
    **dict.fromkeys(("HELP", "INFO"), Keyword.HELP),
}
"""The words that Twilio acts on and answers, where they are the whole text, unless a service has its own list
(https://www.twilio.com/docs/messaging/features/advanced-opt-out); then it says so in OptOutType."""

MOST_MEDIA = 99

_SID = re.compile(r"[!-~]{1,64}")
_ADDRESS = re.compile(r"[!-~]{1,100}")
"""Any number, short code or name that fits into the database: PostgreSQL takes no NUL."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One text to a number of ours. `sid` is "" where Twilio gave none that can be kept; so are the addresses.

    `service` is the messaging service that the number belongs to. `media`: how many files came with it; they stay at
    Twilio. `keyword`: Twilio answers it by itself.
    """

    sid: str
    sender: str = field(repr=False)
    receiver: str
    service: str
    body: str = field(repr=False)
    media: int
    keyword: Keyword | None


def read_inbound(form: Form) -> Inbound:
    """Return what the form of an incoming message says; the first of a name counts, what is missing is empty."""
    values: dict[str, str] = {}
    for name, value in form:
        values.setdefault(name, value)
    sid, body = values.get("MessageSid") or values.get("SmsSid", ""), values.get("Body", "")
    return Inbound(
        sid=sid if _SID.fullmatch(sid) else "",
        sender=_address(values.get("From", "")),
        receiver=_address(values.get("To", "")),
        service=_address(values.get("MessagingServiceSid", "")),
        body=body,
        media=_count(values.get("NumMedia", "")),
        keyword=_keyword(values.get("OptOutType", ""), body),
    )


def _keyword(said: str, body: str) -> Keyword | None:
    named = said.strip().lower()
    if named in set(Keyword):
        return Keyword(named)
    return ANSWERED.get(body.strip().upper())


def _address(text: str) -> str:
    """Return a number as it is written, "" for what is none."""
    bare = text.strip()
    return bare if _ADDRESS.fullmatch(bare) else ""


def _count(text: str) -> int:
    bare = text.strip()
    if not (bare.isascii() and bare.isdigit()):
        return 0
    return min(int(bare[:4]), MOST_MEDIA)
