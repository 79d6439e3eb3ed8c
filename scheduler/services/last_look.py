"""The last look, in the transaction that begins a portion: what has been said since it was decided about."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.consent import Entry
from scheduler.domain.notice_decision import heeds
from scheduler.domain.protocol import Purpose
from scheduler.protocols.configuration import Configuration
from scheduler.services.braking import BrakeReader, Brakes
from scheduler.services.letters import Letter
from scheduler.store.alarmed import alarmed
from scheduler.store.consents import ledgers_of
from scheduler.store.database import Tx
from scheduler.store.merges import Word, spoken_for
from scheduler.store.names import address_hash
from scheduler.store.notices import DueNotice, moved_notices, rings_over, stopped_notices
from scheduler.store.pauses import pauses_in_force
from scheduler.store.standing import Standing, standing_of
from scheduler.store.wrote_since import overtaken


@dataclass(frozen=True, slots=True)
class LastLook:
    """Looks again, in a constant number of statements, however many letters a portion has."""

    configuration: Configuration

    def may_begin(self, tx: Tx, letters: Sequence[Letter], *, now: datetime) -> list[Letter]:
        """Return the letters that what is known now still lets go; the others are to be decided anew.

        Left out: what was paused or stopped, whose patient is reached elsewhere or said something about consent,
        whose visit moved or ended, what another message has spoken for since, what is no care where the patient's
        reply sounds bad, and what is beyond the clinic's volume of this hour.
        """
        if not letters:
            return []
        steps = [it for it in letters if it.step]
        standing = standing_of(tx, {letter.due.message.id for letter in steps})
        words = spoken_for(tx, standing.keys())
        fresh = [
            it for it in steps if _is_as_decided(tx, it, standing.get(it.due.message.id)) and _speaks_still(it, words)
        ]
        brakes = Brakes(pauses_in_force(tx, {letter.due.message.of_patient for letter in fresh}))
        free = [it for it in fresh if it.channel not in (brakes.paused(it.due.message) or ())]
        urgent = alarmed(tx, {it.due.message.of_patient for it in free if not _is_care(it)})
        free = [it for it in free if _is_care(it) or it.due.message.of_patient not in urgent]
        over = set(self._over_volume(tx, free, now))
        going = {it.due.message.id for it in free} - over
        going |= _going_notices(tx, [it.due for it in letters if isinstance(it.due, DueNotice)])
        return [it for it in letters if it.due.message.id in going]

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


def _going_notices(tx: Tx, notices: Sequence[DueNotice]) -> set[int]:
    """Return which notices still go: nobody stopped, paused, moved or wrote of a trouble, nobody took the alert."""
    if not notices:
        return set()
    stopped = stopped_notices(tx, [(it.message, it.to) for it in notices])
    over = rings_over(tx, {it.message.id for it in notices if it.message.alert_id}) | moved_notices(tx, notices)
    over |= overtaken(tx, [it.message.id for it in notices if it.written])
    brakes = Brakes(pauses_in_force(tx, {it.asked.patient_id for it in notices if it.asked}))
    addressed = {it.asked.patient_id for it in notices if it.asked and it.written}
    ledgers = ledgers_of(tx, addressed) if addressed else {}
    return {
        it.message.id
        for it in notices
        if (it.message.id in stopped) == it.stopped
        and it.message.id not in over
        and not _is_paused(brakes, it)
        and not _said_more(ledgers, it)
    }


def _is_paused(brakes: Brakes, notice: DueNotice) -> bool:
    message, answers = notice.message, notice.written is not None and notice.written.text.in_thread
    found = brakes.paused(message, notice.asked.patient_id if notice.asked else None) or {}
    pause = found.get(message.channel)
    return pause is not None and heeds(pause, message.kind, message.step, answers=answers)


def _said_more(ledgers: Mapping[int, Sequence[Entry]], notice: DueNotice) -> bool:
    """Whether a patient to whom a person wrote said something of consent since that was looked up."""
    if notice.written is None or notice.asked is None:
        return False
    return len(ledgers[notice.asked.patient_id]) != len(notice.written.ledger)


def _is_care(letter: Letter) -> bool:
    return letter.due.message.purpose is Purpose.CARE


def first_tries(letters: Sequence[Letter]) -> Counter[str]:
    """Count steps by clinic for its volume; one that is tried again was counted when it was tried first."""
    return Counter(letter.due.message.clinic for letter in letters if letter.step and not letter.due.message.tries)


def _speaks_still(letter: Letter, words: Mapping[int, Word]) -> bool:
    """Whether nothing spoke for it since. Another batch of the same engine may have, and have let it be claimed anew.

    The last word counts: one that was known when it was decided was no reason to keep it.
    """
    known = letter.step.word if letter.step else None
    return words.get(letter.due.message.id) in (None, known)


def _is_as_decided(tx: Tx, letter: Letter, standing: Standing | None) -> bool:
    """Compare what is, not when it was written: the clocks of several machines differ."""
    due = letter.step
    if standing is None or due is None:
        return False
    return (
        not standing.stopped
        and standing.address_hash == address_hash(tx.vault, letter.channel, letter.outgoing.to)
        and (standing.starts_at, standing.status) == (due.appointment.starts_at, due.appointment.status)
        and standing.entries == sum(entry.purpose is due.message.purpose for entry in due.ledger)
    )
