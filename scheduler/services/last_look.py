"""The last look, in the transaction that begins a portion: what has been said since it was decided about."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.protocols.configuration import Configuration
from scheduler.services.braking import BrakeReader, Brakes
from scheduler.services.letters import Letter
from scheduler.store.database import Tx
from scheduler.store.names import address_hash
from scheduler.store.pauses import pauses_in_force
from scheduler.store.standing import Standing, standing_of


@dataclass(frozen=True, slots=True)
class LastLook:
    """Looks again, in a constant number of statements, however many letters a portion has."""

    configuration: Configuration

    def may_begin(self, tx: Tx, letters: Sequence[Letter], *, now: datetime) -> list[Letter]:
        """Return the letters that what is known now still lets go; the others are to be decided anew.

        Left out: what was paused or stopped, whose patient is reached elsewhere or said something about consent,
        whose visit moved or ended, and what is beyond the clinic's volume of this hour.
        """
        if not letters:
            return []
        standing = standing_of(tx, {letter.due.message.id for letter in letters})
        fresh = [it for it in letters if _is_as_decided(tx, it, standing.get(it.due.message.id))]
        brakes = Brakes(pauses_in_force(tx, {letter.due.message.patient_id for letter in fresh}))
        free = [it for it in fresh if it.channel not in (brakes.paused(it.due.message) or ())]
        over = set(self._over_volume(tx, free, now))
        return [it for it in free if it.due.message.id not in over]

    def _over_volume(self, tx: Tx, letters: Sequence[Letter], now: datetime) -> Iterator[int]:
        """Yield what other batches left no room for since this one was decided about."""
        volumes = BrakeReader(self.configuration).volumes(tx, first_tries(letters), now)
        if not volumes:
            return
        first = [it.due.message for it in letters if not it.due.message.tries]
        taken = Counter(message.clinic for message in first if message.released_at)
        for message in first:
            if message.clinic in volumes and not message.released_at:
                taken[message.clinic] += 1
                if taken[message.clinic] > volumes[message.clinic].room:
                    yield message.id


def first_tries(letters: Sequence[Letter]) -> Counter[str]:
    """Count letters by clinic for its volume; one that is tried again was counted when it was tried first."""
    return Counter(letter.due.message.clinic for letter in letters if not letter.due.message.tries)


def _is_as_decided(tx: Tx, letter: Letter, standing: Standing | None) -> bool:
    """Compare what is, not when it was written: the clocks of several machines differ."""
    if standing is None:
        return False
    due = letter.due
    return (
        not standing.stopped
        and standing.address_hash == address_hash(tx.vault, letter.channel, letter.outgoing.to)
        and (standing.starts_at, standing.status) == (due.appointment.starts_at, due.appointment.status)
        and standing.entries == sum(entry.purpose is due.message.purpose for entry in due.ledger)
    )
