"""One step of one visit, held for a change: its messages, and how they are brought in step with the plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.domain.adjustment import Adjustments, Occasion, adjusted
from scheduler.domain.clinic import Clinic
from scheduler.domain.followup import Again, reply_of
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import AfterReply, Protocol, Step
from scheduler.domain.reasons import Reason, planned_part
from scheduler.domain.states import IN_HAND, REPLANNABLE, UNSENT, Cause, Status
from scheduler.protocols.configuration import Configuration
from scheduler.services.erased import refuse_erased
from scheduler.services.schedule import (
    bring_in_step,
    planned_of,
    reach_of,
    standing_messages,
    still_to_come,
)
from scheduler.services.versions import by_version, version_of
from scheduler.store.adjustments import add_adjustment, adjustments_of, in_force, lift_adjustment
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.database import Tx
from scheduler.store.messages import Message, Replan, replan
from scheduler.store.moves import Move
from scheduler.store.patients import Patient, get_patient
from scheduler.store.plans import add_planned
from scheduler.store.transitions import move_all


@dataclass(frozen=True, slots=True)
class Case:
    """A step of a visit with its messages, held until the commit; `step` is None where the protocol has none."""

    tx: Tx
    configuration: Configuration
    appointment: StoredAppointment
    patient: Patient
    clinic: Clinic
    protocol: Protocol
    step: Step | None
    messages: Sequence[Message]
    now: datetime
    by: str

    @property
    def exceptions(self) -> Adjustments:
        """What is in force for the visit, with what this transaction changed."""
        return in_force(self.tx, [self.appointment.id]).get(self.appointment.id, {})

    def still_to_come(self) -> bool:
        """Whether the plan has something of the step that was not sent."""
        return bool(list(still_to_come(self._planned(), self.messages, self.protocol, self.appointment)))

    def bring_in_step(self, why: Reason) -> Sequence[PlannedMessage]:
        """Plan the step by the exceptions in force; return what it is to be. What is in hand stays.

        What it no longer has is cancelled because of `why`.
        """
        if self.step and isinstance(self.step.timing, AfterReply):
            return self._bring_again(self.step, why)
        planned = self._planned()
        bring_in_step(
            self.tx,
            self.appointment,
            self.protocol,
            planned,
            self.messages,
            why=why,
            now=self.now,
            by=self.by,
        )
        return planned

    def cancel_rest(self, why: Reason) -> None:
        """Cancel what of the step still waits beside the plan: what asks again."""
        waiting = [it for it in _of_step(self.tx, self.appointment.id, self._step_id) if it.status in UNSENT]
        self._cancel(waiting, why)

    def _planned(self) -> Sequence[PlannedMessage]:
        planned = planned_of(
            self.configuration, self.protocol, self.appointment, self.patient, self.exceptions, now=self.now
        )
        return [it for it in planned if it.step == self._step_id]

    @property
    def _step_id(self) -> str:
        return self.step.id if self.step else ""

    def _bring_again(self, step: Step, why: Reason) -> Sequence[PlannedMessage]:
        """Plan anew what a reply brought about, where it waits or was skipped: counted from that reply as before."""
        latest = max((it.occurrence for it in self.messages), default=0)
        stored = {it.channel: it for it in self.messages if it.occurrence == latest}
        reply = next((reply_of(it.reasons) for it in stored.values() if _waits_or_was_skipped(it)), None)
        if reply is None or any(it.status in IN_HAND for it in stored.values()):
            return []
        reach = reach_of(self.patient)
        occasion = Occasion(self.protocol, self.clinic, self.appointment.visit, reach)
        again = Again(step, self.clinic, reach, latest).after(reply, now=self.now)
        planned = adjusted(again, self.exceptions, occasion, now=self.now)
        self._write(planned, list(stored.values()))
        channels = {it.channel for it in planned}
        self._cancel([it for it in stored.values() if it.channel not in channels and it.status in UNSENT], why)
        return planned

    def _write(self, planned: Sequence[PlannedMessage], messages: Sequence[Message]) -> None:
        stored = {it.channel: it for it in messages}
        new = [it for it in planned if it.channel not in stored]
        for digest, some in by_version(self.appointment, self.protocol, new).items():
            add_planned(self.tx, self.appointment, some, protocol_digest=digest, now=self.now)
        there = [(stored[it.channel], it) for it in planned if it.channel in stored]
        again = [Replan(old.id, old.status, it) for old, it in there if old.status in REPLANNABLE]
        for digest, others in by_version(self.appointment, self.protocol, again).items():
            replan(self.tx, others, protocol_digest=digest, now=self.now, by=self.by)

    def _cancel(self, messages: Sequence[Message], why: Reason) -> None:
        moves = [
            Move(
                it.id,
                it.status,
                Cause.CANCEL,
                Status.CANCELLED,
                by=self.by,
                reasons=(*planned_part(it.reasons), why),
            )
            for it in messages
        ]
        move_all(self.tx, moves, now=self.now)


def open_case(
    tx: Tx, configuration: Configuration, appointment_id: int, step: str, *, now: datetime, by: str
) -> Case:
    """Hold a visit and its messages, to change how one of its steps goes. The caller commits.

    Raises NotFoundError, or ConfigError where its clinic or its treatment is no longer configured; ConflictError
    where the patient's data were erased.
    """
    appointment = get_appointment(tx, appointment_id)
    refuse_erased(tx, appointment.patient_id)
    protocol = version_of(tx, configuration, appointment)
    if protocol is None:
        protocol = configuration.protocol_for(appointment.clinic, appointment.treatment)
    return Case(
        tx=tx,
        configuration=configuration,
        appointment=appointment,
        patient=get_patient(tx, appointment.patient_id),
        clinic=configuration.clinic(appointment.clinic),
        protocol=protocol,
        step=protocol.step(step),
        messages=_of_step(tx, appointment_id, step),
        now=now,
        by=by,
    )


def keep_exceptions(tx: Tx, appointment_id: int, renamed: Mapping[str, str], *, now: datetime, by: str) -> None:
    """Let exceptions on the old names of steps hold for the new ones, as they were made. `renamed`: old by new name.

    The caller holds the visit, and commits.
    """
    known = (
        {it.adjustment.step: it for it in adjustments_of(tx, appointment_id) if not it.lifted_at} if renamed else {}
    )
    for new, old in renamed.items():
        if old in known and new not in known:
            made, wish = known[old], replace(known[old].adjustment, step=new)
            lift_adjustment(tx, appointment_id, old, by=by, now=now)
            add_adjustment(tx, appointment_id, wish, note_sealed=made.note_sealed, now=now)


def _of_step(tx: Tx, appointment_id: int, step: str) -> list[Message]:
    return [it for it in standing_messages(tx, appointment_id) if it.step == step]


def _waits_or_was_skipped(message: Message) -> bool:
    skipped = message.status is Status.CANCELLED and message.reasons[-1].code == "skipped"
    return message.status in UNSENT or skipped
