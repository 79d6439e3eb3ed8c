"""Renders the letters of a batch, each once, and keeps in mind what can't be rendered, and what not together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.errors import TemplateError
from scheduler.logs import get_logger
from scheduler.services.approver import Approver
from scheduler.services.judging import Verdict
from scheduler.services.letters import Letter, Writer

log = get_logger(__name__)

_Key = tuple[int, ...]


@dataclass(slots=True)
class Bench:
    """The letters of one batch while it is decided. `faults` says why some have no text; `apart`: not together."""

    writer: Writer
    approver: Approver
    faults: dict[int, str] = field(default_factory=dict)
    apart: set[int] = field(default_factory=set)
    _letters: dict[_Key, Letter] = field(default_factory=dict)

    def render(self, verdicts: Sequence[Verdict], now: datetime) -> bool:
        """Render what is not yet; False where something new can't be: then all is decided again."""
        fine = True
        for verdict in verdicts:
            if _key(verdict) not in self._letters:
                fine &= self._render(verdict, now)
        return fine

    def letter(self, verdict: Verdict) -> Letter:
        """Return a verdict's letter; it was rendered."""
        return self._letters[_key(verdict)]

    def _render(self, verdict: Verdict, now: datetime) -> bool:
        due, passengers = verdict.due, verdict.passengers
        try:
            if passengers and self.approver.lacking_together((due, *passengers)):
                self.apart.update(_key(verdict))
                return False
            self._letters[_key(verdict)] = self.writer.write(due, now=now, passengers=passengers)
        except TemplateError as error:
            log.warning("message.unrenderable", message=due.message.id, merged=len(passengers), reason=str(error))
            if passengers:
                self.apart.update(_key(verdict))
            else:
                self.faults[due.message.id] = str(error)
            return False
        return True


def _key(verdict: Verdict) -> _Key:
    return verdict.due.message.id, *(it.message.id for it in verdict.passengers)
