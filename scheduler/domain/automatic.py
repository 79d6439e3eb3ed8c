"""Whether a machine wrote a text: an answer to it would be answered again. Pure rules, in three languages."""

import re
import unicodedata
from collections.abc import Iterable

from scheduler.domain.triage import Triage

_SAYS_SO = (
    # English
    r"(this is )?(an )?auto(matic|mated|matically generated)?[ -]?(reply|response|message|responder|answer)",
    r"((i am|im) )?(currently )?out of (the )?office",
    r"(this )?(number|inbox|mailbox|line) (is|are) (not|no longer) (monitored|in service)",
    r"(please )?do not reply to this",
    r"(delivery (has )?(failed|failure|status)|undeliverable|undelivered)",
    r"message blocking is active",
    # French
    r"(ceci est )?(une? )?(reponse|message) automatique",
    r"(je suis )?absente? du bureau",
    r"(merci de )?ne pas repondre a ce",
    # Spanish
    r"(esta es )?(una? )?(respuesta|mensaje) automatic[ao]",
    r"(estoy )?fuera de la oficina",
    r"(por favor )?no responda a este",
)
"""How a text begins that says that a machine wrote it."""
_WHOLE = (
    # English
    r"((i am|im) )?(currently )?driving( (right )?now| at the moment| with (do not disturb|focus).*)?( and will.*)?",
    r"(i am|im) not receiving notifications",
    r"(your |the |this )?(message|text|sms)( was| could| can)? not (be )?(sent|delivered)",
    # French
    r"(je conduis|(je suis )?au volant)( (actuellement|en ce moment|maintenant))?( et (je )?(vous|ne) .*)?",
    r"(votre |le |ce )?(message|sms|texto) non (distribue|remis|livre)",
    # Spanish
    r"estoy (conduciendo|manejando)( (ahora|en este momento|ahora mismo))?( y (le|te|no) .*)?",
    r"(su |el |este )?(mensaje|sms) no (se pudo entregar|entregado)",
)
"""What a machine's first sentence is as a whole: people write these words too, and go on."""
_BEGINS = re.compile(rf"(?:{'|'.join(_SAYS_SO)})\b")
_SENTENCE = re.compile(rf"(?:{'|'.join(_WHOLE)})")
_END = re.compile(r"[.!?;:,()\n]+")
_GRAVE = (Triage.URGENT, Triage.CONCERN)


def plain(text: str) -> str:
    """Return what makes a text the same as another: without case, accents, signs and double spaces."""
    spelled = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(char for char in spelled if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^\w\s-]", "", bare).split()) or " ".join(text.split())


def is_automatic(text: str, ours: Iterable[str], triage: Triage = Triage.UNKNOWN) -> bool:
    """Whether it says that a machine wrote it, or is one of `ours`, the texts that went to that number.

    `triage` is its class: what is urgent or a concern is a patient's, unless it is word for word our own text.
    """
    said = plain(text)
    if any(said == plain(it) for it in ours):
        return True
    first = next((words for part in _END.split(text) if (words := plain(part))), "")
    if _SENTENCE.fullmatch(first):
        return triage in (Triage.UNKNOWN, Triage.FINE)
    return triage not in _GRAVE and _BEGINS.match(first) is not None
