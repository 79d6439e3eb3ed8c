"""How the inbox says things: reasons in the reader's language, who did something, what stands around an SMS."""

from collections.abc import Iterable

from scheduler.content.templates import Texts
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason
from scheduler.errors import TemplateError
from scheduler.services.desk_messages import Draft, preview
from scheduler.services.desk_ways import Way
from scheduler.web.console.reasons import Sayer

_STAND_IN = "Q7Q7Q7"


class Teller(Sayer):
    """Says reasons to one reader, instants as the clinic's wall clock."""

    def __call__(self, reasons: Iterable[Reason]) -> str:
        """Return the reasons as one sentence, "" for none."""
        return self.say(reasons)

    def who(self, label: str) -> str:
        """Return who did something, without what kind of account it is."""
        return label.removeprefix("user:").removeprefix("operator:")


def sms_frame(texts: Texts, way: Way) -> tuple[str, str]:
    """Return what stands before and after the words of a text that goes that way; nothing of an email is counted."""
    if way.channel is not Channel.SMS:
        return "", ""
    try:
        body = preview(texts, way, Draft("", _STAND_IN)).body  # type: ignore[union-attr]  # an SMS
    except TemplateError:
        return "", ""
    before, _, after = body.partition(_STAND_IN)
    return before, after
