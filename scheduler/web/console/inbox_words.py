"""How the inbox says things: reasons in the reader's language, who did something, what stands around an SMS."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scheduler.content.templates import Texts
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import CLAUSES, Reason
from scheduler.errors import TemplateError
from scheduler.services.desk_messages import Draft, preview
from scheduler.services.desk_ways import Way
from scheduler.web.console.formats import Formats
from scheduler.web.console.words import words

_STAND_IN = "Q7Q7Q7"


@dataclass(frozen=True, slots=True)
class Teller:
    """Says reasons to one reader, instants as the clinic's wall clock."""

    language: str
    formats: Formats
    clinic: str | None

    def __call__(self, reasons: Iterable[Reason]) -> str:
        """Return the reasons as one sentence, "" for none."""
        said = words(self.language)["reasons"]
        text = "; ".join(
            said.get(it.code, CLAUSES[it.code]).format(
                **{name: self._shown(name, value) for name, value in it.params}
            )
            for it in reasons
        )
        return f"{text[:1].upper()}{text[1:]}." if text else ""

    def who(self, label: str) -> str:
        """Return who did something, without what kind of account it is."""
        return label.removeprefix("user:").removeprefix("operator:")

    def _shown(self, name: str, value: str) -> str:
        if name == "at" or name.endswith("_at"):
            return self.formats.moment(datetime.fromisoformat(value), self.clinic)
        if name == "status":
            return str(words(self.language)["status"].get(value, value))
        return value


def sms_frame(texts: Texts, way: Way) -> tuple[str, str]:
    """Return what stands before and after the words of a text that goes that way; nothing of an email is counted."""
    if way.channel is not Channel.SMS:
        return "", ""
    try:
        body = preview(texts, way, Draft("", _STAND_IN)).body  # type: ignore[union-attr]
    except TemplateError:
        return "", ""
    before, _, after = body.partition(_STAND_IN)
    return before, after
