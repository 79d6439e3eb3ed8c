"""From claimed messages to letters that have begun: decided, rendered, and on record before anything is called."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.content.templates import Texts
from scheduler.domain.decision import STATUS_AFTER, Kind
from scheduler.domain.reasons import planned_part
from scheduler.domain.states import Cause, Status
from scheduler.errors import TemplateError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.fallback import Fallback, add_fallbacks
from scheduler.services.judging import Judge, Verdict
from scheduler.services.letters import Letter, Writer
from scheduler.store.attempts import Start
from scheduler.store.claims import begin
from scheduler.store.database import Store
from scheduler.store.due import load_due
from scheduler.store.moves import Move
from scheduler.store.transitions import move_all

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What has begun and may be handed over, and the verdicts that were carried out instead."""

    letters: list[Letter]
    settled: list[Verdict]


@dataclass(frozen=True, slots=True)
class Preparer:
    """Prepares batches for one engine, which `owner` names."""

    store: Store
    configuration: Configuration
    texts: Texts
    owner: str

    def prepare(self, ids: Sequence[int], *, now: datetime, write_within: timedelta) -> Prepared:
        """Prepare what this owner claimed. Blocks; commits before it returns. Raises StoreError.

        A message that was cancelled, moved or taken over since the claim is in neither list.
        """
        with self.store.read() as tx:
            dues = load_due(tx, ids, now=now)
        verdicts = Judge(self.configuration).judge(dues, now=now)
        letters, others = self._write(verdicts, now, now + write_within)
        with self.store.write() as tx:
            moved = set(move_all(tx, [self._move(verdict) for verdict in others], now=now))
            settled = [verdict for verdict in others if verdict.due.message.id in moved]
            add_fallbacks(tx, [Fallback(it.due, it.decision.fallback) for it in settled], now=now, by=self.owner)
            begun = set(begin(tx, [_start(letter) for letter in letters], owner=self.owner, now=now))
        return Prepared([letter for letter in letters if letter.due.message.id in begun], settled)

    def _write(
        self, verdicts: Sequence[Verdict], now: datetime, deadline: datetime
    ) -> tuple[list[Letter], list[Verdict]]:
        """Render what goes out; what can't be rendered is decided once more, with that known."""
        writer = Writer(self.configuration, self.texts)
        letters: list[Letter] = []
        others = [verdict for verdict in verdicts if verdict.decision.kind is not Kind.SEND]
        for verdict in verdicts:
            if verdict.decision.kind is Kind.SEND:
                try:
                    letters.append(writer.write(verdict.due, now=now, deadline=deadline))
                except TemplateError as error:
                    log.warning("message.unrenderable", message=verdict.due.message.id, reason=str(error))
                    others.append(Judge(self.configuration).unrenderable(verdict.due, str(error), now=now))
        return letters, others

    def _move(self, verdict: Verdict) -> Move:
        message, decision = verdict.due.message, verdict.decision
        return Move(
            message.id,
            Status.CLAIMED,
            Cause.DECIDE,
            STATUS_AFTER[decision.kind],
            by=self.owner,
            reasons=(*planned_part(message.reasons), *decision.reasons),
            try_at=decision.at,
            owner=self.owner,
        )


def _start(letter: Letter) -> Start:
    return Start(
        message_id=letter.due.message.id,
        channel=letter.due.message.channel,
        token=letter.outgoing.attempt,
        address=letter.outgoing.to,
        body=letter.text,
        language=letter.language,
        template_digest=letter.template_digest,
        segments=letter.segments,
        header_id=letter.header_id,
    )
