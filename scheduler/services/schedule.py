"""Keeps an appointment's messages in step with its plan: made, moved, dropped. What was sent stays."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.domain.appointment import Reach
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.planning import plan
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, because
from scheduler.domain.states import REPLANNABLE, UNSENT, Cause, Status
from scheduler.protocols.configuration import Configuration
from scheduler.store.appointments import StoredAppointment
from scheduler.store.database import Tx
from scheduler.store.messages import Message, Replan, add_planned, messages_of, replan
from scheduler.store.moves import Move
from scheduler.store.patients import Patient
from scheduler.store.transitions import move_all

_Key = tuple[str, Channel, int]


def plan_anew(
    tx: Tx, configuration: Configuration, appointment: StoredAppointment, patient: Patient, *, now: datetime, by: str
) -> None:
    """Plan an appointment that is new or was moved, and bring its messages in step. The caller commits.

    A message that a provider may have is left as it is; one that the plan no longer has is cancelled.
    """
    protocol = configuration.protocol_for(appointment.clinic, appointment.treatment)
    stored = {_key(item): item for item in messages_of(tx, appointment.id)}
    planned = _plan(configuration, appointment, patient, now)
    wanted = {_key(item): item for item in (_past_failure(item, stored) for item in planned)}
    add_planned(
        tx,
        appointment,
        [item for key, item in wanted.items() if key not in stored],
        protocol_digest=protocol.digest,
        now=now,
    )
    again = [
        Replan(stored[key].id, stored[key].status, item)
        for key, item in wanted.items()
        if key in stored and stored[key].status in REPLANNABLE
    ]
    replan(tx, again, protocol_digest=protocol.digest, now=now, by=by)
    gone = [item for key, item in stored.items() if key not in wanted]
    _cancel(tx, gone, because("rescheduled"), now=now, by=by)


def cancel_unsent(tx: Tx, appointment_id: int, reason: Reason, *, now: datetime, by: str) -> None:
    """Cancel what is still to come of an appointment. The caller commits."""
    _cancel(tx, messages_of(tx, appointment_id), reason, now=now, by=by)


def _plan(
    configuration: Configuration, appointment: StoredAppointment, patient: Patient, now: datetime
) -> tuple[PlannedMessage, ...]:
    return plan(
        configuration.protocol_for(appointment.clinic, appointment.treatment),
        configuration.clinic(appointment.clinic),
        appointment.visit,
        Reach(bool(patient.phone), bool(patient.email), ZoneInfo(patient.timezone) if patient.timezone else None),
        now=now,
        late_after=configuration.instance.late_after,
        late_spacing=configuration.instance.late_spacing,
    )


def _key(item: Message | PlannedMessage) -> _Key:
    return item.step, item.channel, item.occurrence


def _past_failure(item: PlannedMessage, stored: Mapping[_Key, Message]) -> PlannedMessage:
    """Where the first channel of `first_of` failed for good, plan the next one instead."""
    failed = _key(item) in stored and stored[_key(item)].status is Status.FAILED
    if not failed or not item.fallback:
        return item
    channel, *rest = item.fallback
    reasons = (*item.reasons, because("fallback", channel=item.channel.value))
    return replace(item, channel=channel, fallback=tuple(rest), reasons=reasons)


def _cancel(tx: Tx, messages: Iterable[Message], reason: Reason, *, now: datetime, by: str) -> None:
    move_all(
        tx,
        [
            Move(item.id, item.status, Cause.CANCEL, Status.CANCELLED, by=by, reasons=(reason,))
            for item in messages
            if item.status in UNSENT
        ],
        now=now,
    )
