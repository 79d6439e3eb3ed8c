"""Records how the hand-overs of a batch ended, and what follows from it, in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.states import Status
from scheduler.errors import ChannelError, ErrorKind
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import situation_of
from scheduler.services.fallback import Fallback, add_fallbacks
from scheduler.services.letters import Letter
from scheduler.services.outcomes import Ended, Outcomes
from scheduler.store.consents import record_stop
from scheduler.store.database import Store, Tx
from scheduler.store.moves import Outcome
from scheduler.store.transitions import finish

log = get_logger(__name__)

NEVER_HERE = (Status.FAILED, Status.SUPPRESSED)
"""The channel won't take it: another of `first_of` may."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records for one engine."""

    store: Store
    configuration: Configuration
    outcomes: Outcomes

    def record(self, ended: Sequence[tuple[Letter, Ended]], *, now: datetime) -> list[Outcome]:
        """Store every outcome and return them in the order of `ended`. Blocks; commits. Raises StoreError."""
        letters = [letter for letter, _ in ended]
        known = [self.outcomes.of(letter, end, now=now) for letter, end in ended]
        with self.store.write() as tx:
            finish(tx, known, now=now)
            for letter, outcome in zip(letters, known, strict=True):
                if outcome.error_kind is ErrorKind.OPT_OUT:
                    self._stop(tx, letter, now)
            add_fallbacks(tx, self._fallbacks(letters, known), now=now, by=self.outcomes.owner)
        for letter, end in ended:
            if isinstance(end, ChannelError):
                message = letter.due.message
                log.warning(
                    "message.not_taken", message=message.id, channel=message.channel, kind=end.kind, code=end.code
                )
        return known

    def _stop(self, tx: Tx, letter: Letter, now: datetime) -> None:
        message = letter.due.message
        record_stop(
            tx,
            message.clinic,
            message.channel,
            letter.outgoing.to,
            source="provider",
            by=self.outcomes.owner,
            now=now,
        )

    def _fallbacks(self, letters: Sequence[Letter], known: Sequence[Outcome]) -> list[Fallback]:
        return [
            Fallback(
                letter.due, situation_of(letter.due, self.configuration).open_channel(letter.due.message.fallback)
            )
            for letter, outcome in zip(letters, known, strict=True)
            if outcome.move.to in NEVER_HERE and letter.due.message.fallback
        ]
