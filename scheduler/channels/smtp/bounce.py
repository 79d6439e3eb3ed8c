"""Reads a mail that came back: which hand-over it is about, and what it says of the mailbox (RFC 3464, RFC 3463).

Mail from outside: nothing in it is believed but the token, which only servers on the way know, and the codes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.policy import Compat32
from enum import StrEnum

from scheduler.channels.meaning import Meaning
from scheduler.channels.smtp.errors import Stage, meaning_of
from scheduler.channels.smtp.verp import attempt_of
from scheduler.errors import ErrorKind

_RECIPIENT_HEADERS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
# Begins with the +, of which there are few: whatever a mail says, it is read in one go.
_ADDRESS = re.compile(r"\+[A-Za-z2-7]{36}@")
_NESTS = re.compile(rb"boundary|message/", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"^Message-ID:\s*(<[\x21-\x7e]{3,900}>)", re.IGNORECASE | re.MULTILINE)
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<!\d)(42[01]|45[0-2]|52[13]|55[0-46])[ -]")
_GENERIC = re.compile(r"[45]\.0\.0")
# What has to do with mail systems and routes, not with the mailbox. Exchange says 5.4.1 for one that is not there.
_NOT_THE_ADDRESS = ("5.3.", "5.4.")
_ADDRESS_AFTER_ALL = ("5.4.1", "5.4.4", "5.3.4")
_FAILED, _DELAYED = "failed", "delayed"
MOST_TEXT = 65_536
MOST_READ = 262_144
"""A report, and the beginning of the mail that it returns: what comes after it is not looked at."""
MOST_HEADER = 4096
"""Of a header this much is read: the standard library takes the square of its length to find its parameters."""
MOST_NESTS = 64
"""A report has two or three parts, and the mail in it no more: one of more is made to keep its reader busy."""


class Verdict(StrEnum):
    """What a bounce says of the mail and its address."""

    DEAD = "dead"
    """It was not delivered, and the address takes none: no mail is sent there again."""
    UNDELIVERED = "undelivered"
    """It was not delivered; the address may work (a full mailbox, a text that was refused, days of trying)."""
    DELAYED = "delayed"
    """It is still tried."""
    NOTHING = "nothing"
    """Nothing is said that counts: delivered, or an automatic answer."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a mail says. `attempt` is the token in it, `message_id` the Message-ID of the mail that is returned.

    `code` is the enhanced status ("5.1.1"), or the plain one, "" where there is none.
    """

    attempt: str | None
    message_id: str | None
    verdict: Verdict
    code: str
    meaning: Meaning | None = None


class _Short(Compat32):
    """Reads headers as the standard library does, but none to its end that is too long to be one of a report."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:MOST_HEADER]


_NOT_READ = Bounce(None, None, Verdict.NOTHING, "")


def read_bounce(raw: bytes) -> Bounce:
    """Read the first `MOST_READ` bytes of a mail. One that is no report of non-delivery is `NOTHING`; none raises."""
    raw = raw[:MOST_READ]
    if len(_NESTS.findall(raw)) > MOST_NESTS:
        return _NOT_READ
    mail = message_from_bytes(raw, policy=_Short())
    text = raw[:MOST_TEXT].decode("latin-1")
    reports = list(_reports(mail))
    action, code = _worst(reports) if reports else _from_text(mail, text)
    verdict, meaning = _judged(action, code)
    return Bounce(_attempt(mail, text), _original_id(mail), verdict, code, meaning)


def _reports(mail: Message) -> Iterator[tuple[str, str]]:
    """Yield action and code of each recipient that a delivery status is about."""
    for part in _parts(mail):
        if part.get_content_type() != "message/delivery-status":
            continue
        for block in _parts(part):
            action = _value(block, "Action").lower()
            if action:
                yield action, _code(_value(block, "Status"), _value(block, "Diagnostic-Code"))


def _code(status: str, diagnostic: str) -> str:
    """Return the code that says most: a server's own one where the report has only a general one."""
    found = _ENHANCED.search(status)
    code = found.group(1) if found else ""
    own = _ENHANCED.search(diagnostic)
    if own and (not code or _GENERIC.fullmatch(code)):
        return own.group(1)
    if code:
        return code
    plain = _REPLY.search(diagnostic)
    return plain.group(1) if plain else ""


def _worst(reports: list[tuple[str, str]]) -> tuple[str, str]:
    """Return the gravest; one of our mails has one recipient, whose alias may have several."""
    return max(reports, key=lambda it: (it[0] == _FAILED, it[0] == _DELAYED, it[1]))


def _from_text(mail: Message, text: str) -> tuple[str, str]:
    """Read what servers write that make no proper report: a code in the words of a mail without a sender.

    An automatic answer of a person's mailbox has a sender, or says what it is (RFC 3834).
    """
    if _answers(mail):
        return "", ""
    body = text.partition("\n\n" if "\r\n\r\n" not in text else "\r\n\r\n")[2]
    found = _ENHANCED.search(body) or _REPLY.search(body)
    if found is None:
        return "", ""
    code = found.group(1)
    return (_FAILED if code.startswith("5") else _DELAYED), code


def _answers(mail: Message) -> bool:
    kind = _value(mail, "Auto-Submitted").lower()
    sender = _value(mail, "From").lower()
    from_server = "mailer-daemon" in sender or "postmaster" in sender or _value(mail, "Return-Path") == "<>"
    return not from_server or (kind.startswith("auto-replied") and "mailer-daemon" not in sender)


def _judged(action: str, code: str) -> tuple[Verdict, Meaning | None]:
    if action == _DELAYED:
        return Verdict.DELAYED, None
    if action != _FAILED:
        return Verdict.NOTHING, None
    if not code.startswith("5"):
        return Verdict.UNDELIVERED, Meaning(ErrorKind.TRANSIENT, "it was tried for days, in vain")
    return _of_permanent(code)


def _of_permanent(code: str) -> tuple[Verdict, Meaning]:
    """Read a permanent failure as a refusal of the recipient is read; what concerns no address is its own."""
    plain, enhanced = (550, code) if "." in code else (int(code), "")
    meaning = meaning_of(plain, enhanced, Stage.RECIPIENT)
    if enhanced.startswith(_NOT_THE_ADDRESS) and enhanced not in _ADDRESS_AFTER_ALL:
        meaning = Meaning(ErrorKind.TRANSIENT, "a mail system on the way failed")
    if meaning.kind is ErrorKind.CONFIGURATION:
        # On the way, not at our own server: nothing of ours is stopped for it.
        meaning = Meaning(ErrorKind.CONTENT, "a mail server on the way refused it")
    return (Verdict.DEAD if meaning.kind is ErrorKind.PERMANENT else Verdict.UNDELIVERED), meaning


def _attempt(mail: Message, text: str) -> str | None:
    """Find the token: in where the mail went, else anywhere in it, as far as it is read."""
    headers = [str(value) for name in _RECIPIENT_HEADERS for value in mail.get_all(name, [])]
    found = (attempt_of(address) for place in [*headers, text] for address in _ADDRESS.findall(place))
    return next((token for token in found if token), None)


def _original_id(bounce: Message) -> str | None:
    """Return the Message-ID of the mail that came back, whole or only its headers."""
    for part in _parts(bounce):
        kind = part.get_content_type()
        if kind == "message/rfc822":
            return next((_value(mail, "Message-ID") for mail in _parts(part)), "") or None
        if kind in ("text/rfc822-headers", "message/rfc822-headers"):
            found = _MESSAGE_ID.search(str(part.get_payload()))
            return found.group(1) if found else None
    return None


def _parts(mail: Message) -> list[Message]:
    """Return the mail's own parts; not those of the mail that it returns."""
    payload = mail.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _value(part: Message, name: str) -> str:
    """Return a header on one line, "" where there is none or it can't be read."""
    try:
        return " ".join(str(part.get(name, "")).split())
    except (MessageError, ValueError):
        return ""
