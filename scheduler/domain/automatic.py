"""Whether a machine wrote a text: an answer to it would be answered again. Pure rules, in three languages."""

import re
import unicodedata
from collections.abc import Iterable

_PHRASES = (
    # English
    r"auto(matic|mated)?[ -]?(reply|response|message|responder|answer)",
    r"out of (the )?office",
    r"(i am|im|currently) driving",
    r"not receiving notifications",
    r"(number|inbox|mailbox|line) (is|are) (not|no longer) (monitored|in service)",
    r"do not reply to this",
    r"(message|text|sms) (was |could |can )?not (be )?(sent|delivered)",
    r"(delivery (has )?(failed|failure|status)|undeliverable|undelivered)",
    r"message blocking is active",
    # French
    r"(reponse|message) automatique",
    r"(je conduis|au volant)",
    r"absente? du bureau",
    r"ne pas repondre a ce",
    r"(message|sms|texto) non (distribue|remis|livre)",
    # Spanish
    r"(respuesta|mensaje) automatic[ao]",
    r"estoy (conduciendo|manejando)",
    r"fuera de la oficina",
    r"no responda a este",
    r"(mensaje|sms) no (se pudo entregar|entregado)",
)
_AUTOMATIC = re.compile(rf"\b(?:{'|'.join(_PHRASES)})\b")


def plain(text: str) -> str:
    """Return what makes a text the same as another: without case, accents, signs and double spaces."""
    spelled = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(char for char in spelled if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^\w\s-]", "", bare).split()) or " ".join(text.split())


def is_automatic(text: str, ours: Iterable[str]) -> bool:
    """Whether it says that a machine wrote it, or is one of `ours`, the texts that went to that number."""
    said = plain(text)
    return bool(said and _AUTOMATIC.search(said)) or any(said == plain(it) for it in ours)
