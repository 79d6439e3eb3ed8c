"""The aftercare sheet of a patient's page: the care steps' own emails, those that have come due and those to come."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from scheduler.content.article import Article, render_article
from scheduler.content.formats import Lines
from scheduler.content.templates import Texts
from scheduler.content.variables import Variables
from scheduler.domain.protocol import AfterReply, Before, Channel, Protocol, Purpose, Step
from scheduler.domain.timing import Visit, nominal
from scheduler.errors import TemplateError
from scheduler.logs import get_logger
from scheduler.store.messages import Message

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Advice:
    """One step's advice. `on` is the day, where the patient is, from which it holds; `asks`: it is of a check."""

    article: Article
    on: date
    asks: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """Advice in the order of its days: what holds already, and what comes later."""

    now: tuple[Advice, ...]
    later: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class SheetWriter:
    """Writes the sheet of one visit in one language. `advice_of` gives the lines of a step's advice."""

    texts: Texts
    protocol: Protocol
    language: str
    variables: Variables
    advice_of: Callable[[Step, Visit], Lines]

    def write(self, visit: Visit, messages: Sequence[Message], *, now: datetime) -> Sheet:
        """Return the sheet as it is at `now`; `messages` are the visit's.

        1. What prepares for a visit is shown until the visit begins.
        2. A check's advice is shown once the check is due: before, it would ask what nobody can answer yet.
        3. What follows a reply is shown once it is planned.
        """
        due, later = list[Advice](), list[Advice]()
        for step, at in sorted(self._timed(visit, messages), key=lambda it: it[1]):
            is_due = at <= now
            is_over = isinstance(step.timing, Before) and now >= visit.starts_at
            if is_over or (step.ask and not is_due):
                continue
            if advice := self._advice(step, at, visit):
                (due if is_due else later).append(advice)
        return Sheet(tuple(due), tuple(later))

    def _timed(self, visit: Visit, messages: Sequence[Message]) -> Iterator[tuple[Step, datetime]]:
        for step in self.protocol.steps:
            if step.purpose is not Purpose.CARE or Channel.EMAIL not in step.channels:
                continue
            if isinstance(step.timing, AfterReply):
                planned = [message.planned_at for message in messages if message.step == step.id]
                if planned:
                    yield step, max(planned)
            elif found := nominal(step, visit):
                yield step, found.planned_at

    def _advice(self, step: Step, at: datetime, visit: Visit) -> Advice | None:
        """Render a step. One whose text is broken is left out: the others still help, and `check` names it."""
        try:
            variables = self.variables.with_advice(self.advice_of(step, visit))
            article = render_article(self.texts, step.template, self.language, variables)
        except TemplateError as error:
            log.warning("page.advice_unreadable", step=step.id, reason=str(error))
            return None
        return Advice(article, at.astimezone(visit.zone).date(), step.ask is not None)
