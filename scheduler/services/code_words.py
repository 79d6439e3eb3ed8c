"""What a provider's code of a hand-over means, in the words that its channel has for it."""

import re

from scheduler.channels.smtp.errors import Stage, meaning_of
from scheduler.channels.twilio.errors import CODES
from scheduler.domain.protocol import Channel

_REPLY = re.compile(r"([45]\d\d)?\s*(?:([45])(\.\d{1,3}\.\d{1,3}))?")


def code_words(channel: Channel, code: str) -> str:
    """Return the words, a sentence in English; "" for a code that the channel's table does not have."""
    if channel is Channel.SMS:
        known = CODES.get(int(code)) if code.isdecimal() else None
        return _sentence(known.words) if known else ""
    found = _REPLY.fullmatch(code) if channel is Channel.EMAIL and code else None
    if found is None:
        return ""
    plain, first, rest = found.groups()
    enhanced = f"{first}{rest}" if first else ""
    return _sentence(meaning_of(int(plain or f"{first}50"), enhanced, Stage.RECIPIENT).words)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
