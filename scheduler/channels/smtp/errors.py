"""What a mail server's replies mean for a message: tables of enhanced (RFC 3463, 7372) and plain codes (RFC 5321).

The same code says different things about the sender, the recipient and the content, so the stage counts too.
Nothing of a reply's text is kept: servers repeat the address in it.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from scheduler.channels.meaning import Meaning, of_channel, of_sender
from scheduler.errors import ChannelError, ErrorKind


class Stage(StrEnum):
    """What a reply answers."""

    CONNECT = "connecting"
    SENDER = "the sender"
    RECIPIENT = "the recipient"
    CONTENT = "the content"


_K = ErrorKind
_NO_MAILBOX = Meaning(_K.PERMANENT, "the mailbox does not exist")
_NO_DOMAIN = Meaning(_K.PERMANENT, "the address's domain takes no mail")
_FULL = Meaning(_K.TRANSIENT, "the mailbox is full", 3600.0)
_TOO_LARGE = Meaning(_K.CONTENT, "the mail is too large")
_LATER = Meaning(_K.TRANSIENT, "the mail server asks to try again later")
_LOGIN = of_channel("the mail server does not accept the login: check AFTERCARE_SMTP_URL")
_SENDER = of_sender("the mail server does not accept this sender")
_UNPROVEN = of_sender("the sender's domain fails SPF, DKIM, DMARC or reverse DNS")
_MAY_NOT_RELAY = of_channel("the mail server does not deliver for us: check AFTERCARE_SMTP_URL")
_PROTOCOL = of_channel("the mail server does not understand a command of ours")
_REFUSED_TEXT = Meaning(_K.CONTENT, "the mail server does not accept this text")
_UNEXPECTED = Meaning(_K.TRANSIENT, "the mail server gave a reply that makes no sense")

ENHANCED: Mapping[str, Meaning] = {
    "5.1.1": _NO_MAILBOX,
    "5.1.2": _NO_DOMAIN,
    "5.1.3": Meaning(_K.PERMANENT, "the address is not valid"),
    "5.1.6": Meaning(_K.PERMANENT, "the mailbox has moved"),
    "5.1.7": _SENDER,
    "5.1.8": _SENDER,
    "5.1.10": _NO_DOMAIN,
    "5.2.1": Meaning(_K.PERMANENT, "the mailbox is disabled"),
    "5.2.2": _FULL,
    "5.2.3": _TOO_LARGE,
    "5.3.4": _TOO_LARGE,
    "5.4.4": _NO_DOMAIN,
    "5.7.8": _LOGIN,
    "5.7.9": _LOGIN,
    "5.7.11": _LOGIN,
    **{f"5.7.{detail}": _UNPROVEN for detail in range(20, 28)},
    "5.7.60": _SENDER,
}

BY_SUBJECT: Mapping[str, Mapping[Stage, Meaning]] = {
    "5.5": dict.fromkeys(Stage, _PROTOCOL),
    "5.6": dict.fromkeys(Stage, _REFUSED_TEXT),
    "5.7": {
        Stage.CONNECT: _LOGIN,
        Stage.SENDER: _SENDER,
        Stage.RECIPIENT: _MAY_NOT_RELAY,
        Stage.CONTENT: _REFUSED_TEXT,
    },
}

BASIC: Mapping[int, Mapping[Stage, Meaning]] = {
    **{code: dict.fromkeys(Stage, _PROTOCOL) for code in (500, 501, 502, 503, 504, 555)},
    **{code: dict.fromkeys(Stage, _LOGIN) for code in (530, 534, 535, 538)},
    # RFC 5321, 4.5.3.1.10: after RCPT this old code for "too much" is to be read as 452.
    552: {Stage.SENDER: _TOO_LARGE, Stage.RECIPIENT: _FULL, Stage.CONTENT: _TOO_LARGE},
}

OTHERWISE: Mapping[Stage, Meaning] = {
    Stage.CONNECT: of_channel("the mail server does not serve us: check AFTERCARE_SMTP_URL"),
    Stage.SENDER: _SENDER,
    Stage.RECIPIENT: _NO_MAILBOX,
    Stage.CONTENT: _REFUSED_TEXT,
}

PROOF_OF_NO_MAILBOX = frozenset({"5.1.1", "5.1.6", "5.1.10"})
"""What a server says only of a mailbox that it does not have. A plain 550 may be a policy that passes."""

_ENHANCED_CODE = re.compile(r"(5\.\d{1,3})\.\d{1,3}(?!\d)")


def meaning_of(code: int, enhanced: str, stage: Stage) -> Meaning:
    """Return what a refusal means; `enhanced` is empty where the reply has none.

    The first digit of the plain code decides whether to try again; then a login asked for, the enhanced code,
    its subject, the plain code, the stage.
    """
    if code // 100 == 4:  # noqa: PLR2004  (4xx)
        return _LATER
    if code // 100 != 5:  # noqa: PLR2004  (5xx)
        return _UNEXPECTED
    if code in (530, 534, 535, 538):
        return _LOGIN
    subject = enhanced.rpartition(".")[0]
    return (
        ENHANCED.get(enhanced)
        or BY_SUBJECT.get(subject, {}).get(stage)
        or BASIC.get(code, {}).get(stage)
        or OTHERWISE[stage]
    )


def proves_no_mailbox(code: str) -> bool:
    """Whether the code of a refused hand-over ("550 5.1.1") proves that there is no such mailbox."""
    return code.rpartition(" ")[2] in PROOF_OF_NO_MAILBOX


def refused(code: int, text: str, stage: Stage) -> ChannelError:
    """Return the error for a reply that is no success. The server has not taken the mail."""
    found = _ENHANCED_CODE.match(text.lstrip())
    enhanced = found.group() if found and code // 100 == 5 else ""  # noqa: PLR2004  (5xx)
    meaning = meaning_of(code, enhanced, stage)
    shown = f"{code} {enhanced}".strip()
    return meaning.as_error(f"Email: {meaning.words} ({shown}, about {stage})", shown)


def returned(meaning: Meaning, code: str) -> ChannelError:
    """Return what a mail that came back with that code says, as a hand-over would have said it."""
    return meaning.as_error(f"Email: {meaning.words} ({code or 'no code'}, returned)", code)


def interrupted(error: Exception, stage: Stage) -> ChannelError:
    """Return the error for a line that broke, or was silent too long, before the content was sent."""
    code = "timeout" if isinstance(error, TimeoutError) else "connection-lost"
    return ChannelError(
        f"Email: no reply from the mail server ({code}, about {stage})", kind=ErrorKind.TRANSIENT, code=code
    )
