"""The brakes in force, read once for a batch: pauses, and the figures from which on a person decides."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from scheduler.domain.brakes import Kept, Pause, Pauses, Volume, backlog, backlog_limit, pause_of, volume_limit
from scheduler.domain.circuit import Circuit
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel
from scheduler.domain.situation import Decision, Kind
from scheduler.protocols.configuration import Configuration
from scheduler.services.circuits import refusing
from scheduler.store.circuits import open_circuits
from scheduler.store.database import Tx
from scheduler.store.due import DueMessage
from scheduler.store.held import late_by_clinic
from scheduler.store.messages import Message
from scheduler.store.notices import DueNotice
from scheduler.store.pauses import pauses_in_force
from scheduler.store.volumes import counts_of_hour, hours_lately, largest_hours

Decided = tuple[DueMessage, Decision]


@dataclass(frozen=True, slots=True)
class Brakes:
    """What holds for one batch. `volumes` has the clinics that may come to their limit with it."""

    pauses: Pauses = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    backlogs: Mapping[str, Kept] = field(default_factory=dict)
    circuits: Sequence[Circuit] = ()

    def refusing(self, message: Message, clinic: Clinic) -> Mapping[Channel, str] | None:
        """Return what is said of the channels that a message of that clinic has to wait for, None where all work."""
        if not self.circuits:
            return None
        return refusing(self.circuits, {channel: clinic.sender(channel) for channel in PATIENT_CHANNELS}, message.id)

    def is_trial(self, message: Message) -> bool:
        """Whether a message goes out although its circuit is open, to see."""
        return any(circuit.trial == message.id for circuit in self.circuits)

    def paused(self, message: Message, patient: int | None = None) -> Mapping[Channel, Pause] | None:
        """Return the pauses of a message's patient by channel, None where nothing is paused.

        `patient` is whom a notice is about, where that is known.
        """
        if not self.pauses:
            return None
        whom = message.patient_id or patient
        found = {channel: pause_of(self.pauses, message.clinic, channel, whom) for channel in PATIENT_CHANNELS}
        return {channel: pause for channel, pause in found.items() if pause} or None

    def keep(
        self, decided: Sequence[Decided], *, late_before: datetime, known: Collection[int] = ()
    ) -> Mapping[int, Kept]:
        """Return of which messages that would go out a person decides, by id; each but once, so not of the `known`.

        Not of what a person let go on, nor of what something else keeps back already. What waits although it is
        known waits for something that comes before all brakes: a visit that has not begun.
        """
        if not self.volumes and not self.backlogs:
            return {}
        going = [
            (due.message, it.kind)
            for due, it in decided
            if it.kind in (Kind.SEND, Kind.WAIT) and not it.brake and due.message.id not in known
        ]
        late = dict(self._late(going, late_before))
        return late or dict(self._too_many([message for message, kind in going if kind is Kind.SEND]))

    def _late(self, going: Sequence[tuple[Message, Kind]], late_before: datetime) -> Iterator[tuple[int, Kept]]:
        for message, _ in going:
            kept = self.backlogs.get(message.clinic)
            if kept and is_untouched(message, late_before):
                yield message.id, kept

    def _too_many(self, sends: Sequence[Message]) -> Iterator[tuple[int, Kept]]:
        """Yield what is beyond the room that a clinic has in this hour; what a person let go on takes of it too."""
        taken = Counter(message.clinic for message in sends if message.released_at)
        for message in sends:
            volume = self.volumes.get(message.clinic)
            if volume is None or message.released_at:
                continue
            taken[message.clinic] += 1
            if taken[message.clinic] > volume.room:
                yield message.id, volume.kept


def is_untouched(message: Message, late_before: datetime) -> bool:
    """Whether a message was due before that instant and no engine has decided about it since."""
    return message.due_at <= late_before and message.try_at == message.due_at and message.released_at is None


def read_waits(tx: Tx, dues: Sequence[DueMessage], notices: Sequence[DueNotice] = ()) -> Brakes:
    """Return what lets messages wait now and ends without their doing: pauses and circuits."""
    people = {due.message.of_patient for due in dues} | {it.asked.patient_id for it in notices if it.asked}
    pauses = pauses_in_force(tx, people)
    return Brakes(pauses, circuits=open_circuits(tx))


@dataclass(frozen=True, slots=True)
class BrakeReader:
    """Reads the brakes for batches."""

    configuration: Configuration

    def read(self, tx: Tx, dues: Sequence[DueMessage], *, now: datetime, notices: Sequence[DueNotice] = ()) -> Brakes:
        """Return what holds now for these messages: two small queries, more only where figures are suspicious."""
        if not dues and not notices:
            return Brakes()
        return replace(
            read_waits(tx, dues, notices),
            volumes=self.volumes(tx, Counter(due.message.clinic for due in dues), now),
            backlogs=self._backlogs(tx, dues, now),
        )

    def volumes(self, tx: Tx, batch: Counter[str], now: datetime) -> dict[str, Volume]:
        """Return what clinics handed over and may, looking only at those who come above the floor with this batch."""
        if not batch:
            return {}
        instance = self.configuration.instance
        counts = counts_of_hour(tx, batch.keys(), now=now)
        high = {clinic for clinic, more in batch.items() if counts.get(clinic, 0) + more > instance.volume_floor}
        if not high:
            return {}
        largest = largest_hours(tx, high, now=now)
        return {
            clinic: Volume(
                counts.get(clinic, 0),
                volume_limit(largest.get(clinic, 0), times=instance.volume_times, floor=instance.volume_floor),
            )
            for clinic in high
        }

    def _backlogs(self, tx: Tx, dues: Sequence[DueMessage], now: datetime) -> dict[str, Kept]:
        """Count what is late, where anything of the batch is."""
        instance = self.configuration.instance
        before = now - instance.late_after
        here = {due.message.clinic for due in dues if is_untouched(due.message, before)}
        if not here:
            return {}
        late = late_by_clinic(tx, due_before=before, now=now)
        many = {clinic for clinic in here if late.get(clinic, 0) > instance.backlog_floor}
        limits = self._backlog_limits(tx, many & self.configuration.clinics.keys(), now)
        return {clinic: backlog(late[clinic]) for clinic, limit in limits.items() if late[clinic] > limit}

    def _backlog_limits(self, tx: Tx, clinics: Collection[str], now: datetime) -> dict[str, int]:
        if not clinics:
            return {}
        instance, hours = self.configuration.instance, hours_lately(tx, clinics, now=now)
        return {
            clinic: backlog_limit(
                hours.get(clinic, ()),
                self.configuration.clinic(clinic).timezone,
                percent=instance.backlog_percent,
                floor=instance.backlog_floor,
            )
            for clinic in clinics
        }
