"""How the channels are, in a line: what a page can ask without calling a provider."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduler.domain.circuit import Circuit
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel
from scheduler.errors import StoreError
from scheduler.services.callbacks import PROVIDER
from scheduler.services.lookout import PAST_DUE_FOR
from scheduler.store.circuits import open_circuits
from scheduler.store.crew import look_at_crew
from scheduler.store.database import Store
from scheduler.store.files_in_use import files_in_use
from scheduler.store.health import count_untouched
from scheduler.store.refused_calls import refused_since_taken
from scheduler.store.today import last_call


class Mark(StrEnum):
    """How a part is; the words of the page have a sentence for each part and mark."""

    WELL = "well"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the installation: `name` and `mark` choose the sentence, the rest goes into it."""

    name: str
    mark: Mark
    since: datetime | None = None
    count: int = 0
    why: str = ""


def health(store: Store, *, now: datetime, live: bool, workers: bool) -> tuple[Part, ...]:
    """Return the parts in their order. `workers`: those of PostgreSQL are looked for too. Raises StoreError."""
    with store.read() as tx:
        circuits = open_circuits(tx)
        parts = [*(_channel(it, circuits) for it in PATIENT_CHANNELS)]
        refused, called = refused_since_taken(tx, PROVIDER), last_call(tx, PROVIDER)
        untouched = count_untouched(tx, before=now - PAST_DUE_FOR, now=now)
        notes = files_in_use(tx, now=now)
    if refused:
        parts.append(Part("calls", Mark.WRONG, refused.at))
    elif live:
        parts.append(Part("calls", Mark.WELL if called else Mark.WARNING, called))
    if untouched:
        parts.append(Part("engine", Mark.WRONG, count=untouched))
    else:
        parts.append(Part("engine", Mark.WELL))
    if workers:
        parts.append(_workers(store))
    unsound = [it for it in notes if it.digest is None or it.refused]
    differ = len({it.digest for it in notes}) > 1
    if unsound:
        parts.append(Part("files", Mark.WARNING, min(it.taken_at for it in unsound)))
    elif differ:
        parts.append(Part("files_differ", Mark.WARNING))
    else:
        parts.append(Part("files", Mark.WELL))
    return tuple(parts)


def _channel(channel: Channel, circuits: Collection[Circuit]) -> Part:
    mine = [it for it in circuits if it.channel is channel]
    if not mine:
        return Part(channel.value, Mark.WELL)
    whole = [it for it in mine if not it.sender]
    worst = min(whole or mine, key=lambda it: it.opened_at)
    return Part(channel.value, Mark.WRONG if whole else Mark.WARNING, worst.opened_at, len(mine), worst.error)


def _workers(store: Store) -> Part:
    try:
        with store.read() as tx:
            crew = look_at_crew(tx)
    except StoreError:
        return Part("workers", Mark.WARNING)
    wrong = crew.waiting and not crew.workers
    return Part("workers", Mark.WRONG if wrong else Mark.WELL, count=crew.workers)
