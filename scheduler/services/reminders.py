"""Asks once more what nobody answered, where the protocol says so."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.domain.adjustment import Adjustments, Occasion, adjusted
from scheduler.domain.followup import Again
from scheduler.domain.protocol import Step
from scheduler.domain.timing import USEFUL_FOR
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.schedule import reach_of
from scheduler.services.versions import version_of
from scheduler.store.adjustments import in_force
from scheduler.store.appointments import hold_appointments
from scheduler.store.database import Store, Tx
from scheduler.store.due import DueMessage, load_due
from scheduler.store.plans import add_planned
from scheduler.store.unanswered import Unanswered, unanswered
from scheduler.store.versions import kept_versions

log = get_logger(__name__)

BETWEEN = timedelta(minutes=5)
AT_ONCE = 200
"""Reminders that are planned in one transaction."""


@dataclass(slots=True)
class Reminders:
    """Plans the reminders of what was asked lately, for one process."""

    _looked_at: datetime | None = field(default=None)

    def is_time(self, now: datetime) -> bool:
        """Whether the last look is long enough ago; a clock that was set back does not stop the looking."""
        return self._looked_at is None or abs(now - self._looked_at) >= BETWEEN

    def plan(self, store: Store, configuration: Configuration, *, now: datetime) -> int:
        """Plan a reminder for each question that has none yet; return how many. Blocks; commits. Raises StoreError.

        Whatever stopped it, the next look goes on: a reminder follows from what is in the store alone, and exists
        once. Who answers before it goes out takes it back.
        """
        self._looked_at = now
        with store.read() as tx:
            steps = _reminded(tx, configuration)
            found = _to_remind(tx, steps, now) if steps else []
        count = 0
        for start in range(0, len(found), AT_ONCE):
            with store.write() as tx:
                count += _plan(tx, configuration, steps, found[start : start + AT_ONCE], now)
        if count:
            log.info("reminders.planned", count=count)
        return count


def _plan(
    tx: Tx, configuration: Configuration, steps: Sequence[Step], found: Sequence[Unanswered], now: datetime
) -> int:
    visits = {it.appointment for it in found}
    hold_appointments(tx, visits)
    # Looked up again now that nobody else can answer or plan for these visits.
    still = {it.message: it for it in _to_remind(tx, steps, now, visits)}
    loaded, exceptions = load_due(tx, list(still), now=now), in_force(tx, visits)
    return sum(
        _remind(tx, configuration, due, still[due.message.id], exceptions.get(due.appointment.id, {}), now=now)
        for due in loaded.due
    )


def _remind(
    tx: Tx, configuration: Configuration, due: DueMessage, asked: Unanswered, wishes: Adjustments, *, now: datetime
) -> int:
    if asked.clinic not in configuration.clinics:
        return 0
    protocol = version_of(tx, configuration, due.appointment)
    step = protocol.step(asked.step) if protocol else None
    if protocol is None or step is None:
        return 0
    clinic, reach = configuration.clinic(asked.clinic), reach_of(due.patient)
    again = Again(step, clinic, reach, asked.occurrence + 1).reminder(asked.asked_at, now=now)
    planned = adjusted(again, wishes, Occasion(protocol, clinic, due.appointment.visit, reach), now=now)
    digest = due.appointment.pins.get(step.id, protocol.digest)
    return bool(add_planned(tx, due.appointment, planned, protocol_digest=digest, now=now))


def _to_remind(
    tx: Tx, steps: Sequence[Step], now: datetime, visits: Sequence[int] | set[int] = ()
) -> list[Unanswered]:
    """Return what was asked once, so lately that a reminder still helps."""
    since = now - max(_life(step) for step in steps)
    names = {step.id for step in steps}
    return [it for it in unanswered(tx, since=since, until=now, steps=names, visits=visits) if it.once]


def _life(step: Step) -> timedelta:
    """Return how long after its question a reminder may help, at the most; a day for hours that were kept free."""
    assert step.remind is not None
    useful = step.useful_for.elapsed if step.useful_for else USEFUL_FOR
    return step.remind.after.elapsed + 2 * useful + timedelta(days=1)


def _reminded(tx: Tx, configuration: Configuration) -> list[Step]:
    """Return every step that reminds, by the files or by what visits go by since before they were edited."""
    protocols = (*configuration.protocols.values(), *configuration.overridden.values(), *kept_versions(tx))
    return [step for protocol in protocols for step in protocol.steps if step.remind]
