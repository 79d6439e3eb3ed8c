"""Keeps an appointment's messages in step with its plan: made, moved, dropped. What was sent stays."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from types import MappingProxyType
from zoneinfo import ZoneInfo

from scheduler.domain.adjustment import Adjustments, Occasion, plan_adjusted
from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus, Reach
from scheduler.domain.followup import is_beside_plan, is_reminder
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Before, Channel, Protocol, Step
from scheduler.domain.reasons import Reason, because, planned_part
from scheduler.domain.states import IN_HAND, REPLANNABLE, UNSENT, Cause, Status
from scheduler.protocols.configuration import Configuration
from scheduler.services.versions import by_version, version_of
from scheduler.store.adjustments import in_force
from scheduler.store.appointments import StoredAppointment
from scheduler.store.database import Tx
from scheduler.store.messages import Message, Replan, in_doubt, messages_of, replan
from scheduler.store.moves import Move
from scheduler.store.patients import Patient
from scheduler.store.plans import Plan, add_planned
from scheduler.store.transitions import move_all

_WHY = {
    AppointmentStatus.CANCELLED: "appointment_cancelled",
    AppointmentStatus.NO_SHOW: "no_show",
}

_GOES_OUT = frozenset({Status.SCHEDULED, Status.CLAIMED})
_WITHIN_ANOTHER = frozenset({"merged", "renamed"})
Key = tuple[str, Channel, int]
_AS_PROTOCOL: Adjustments = MappingProxyType({})


def first_plan(
    configuration: Configuration, appointment: StoredAppointment, patient: Patient, *, now: datetime
) -> Plan:
    """Plan an appointment that is new, of which nothing was sent."""
    protocol = configuration.protocol_for(appointment.clinic, appointment.treatment)
    return Plan(appointment, planned_of(configuration, protocol, appointment, patient, now=now), protocol.digest)


def plan_anew(
    tx: Tx, configuration: Configuration, appointment: StoredAppointment, patient: Patient, *, now: datetime, by: str
) -> None:
    """Plan an appointment that was moved, or booked again, and bring its messages in step. The caller commits.

    A message that a provider may have is left as it is; an unsent one of a planned step is cancelled where the plan
    no longer has it. What only a reply brings about is not of the plan: it stays, and comes back where it was
    cancelled with the visit; so does the reminder of a question that stays asked. Nothing is planned for an
    appointment that was called off.
    """
    if appointment.status in CALLED_OFF:
        cancel_unsent(tx, appointment.id, appointment.status, now=now, by=by)
        return
    protocol = version_of(tx, configuration, appointment)
    if protocol is None:
        protocol = configuration.protocol_for(appointment.clinic, appointment.treatment)
    stored = tuple(standing_messages(tx, appointment.id))
    exceptions = in_force(tx, [appointment.id]).get(appointment.id, _AS_PROTOCOL)
    planned = planned_of(configuration, protocol, appointment, patient, exceptions, now=now)
    bring_in_step(tx, appointment, protocol, planned, stored, why=because("rescheduled"), now=now, by=by)
    back = [Replan(it.id, it.status, _as_planned(it)) for it in stored if _comes_back(it, now)]
    for digest, some in by_version(appointment, protocol, back).items():
        replan(tx, some, protocol_digest=digest, now=now, by=by)


def bring_in_step(
    tx: Tx,
    appointment: StoredAppointment,
    protocol: Protocol,
    planned: Sequence[PlannedMessage],
    messages: Sequence[Message],
    *,
    why: Reason,
    now: datetime,
    by: str,
) -> None:
    """Bring messages of a visit, held by the caller, in step with their plan by that protocol. The caller commits.

    A message that a provider may have is left as it is; an unsent one of a planned step is cancelled because of
    `why` where the plan no longer has it. What only a reply brings about stays.
    """
    stored = {key_of(item): item for item in messages}
    wanted = {key_of(item): item for item in still_to_come(planned, messages, protocol, appointment)}
    fresh = [item for key, item in wanted.items() if key not in stored]
    for digest, new in by_version(appointment, protocol, fresh).items():
        add_planned(tx, appointment, new, protocol_digest=digest, now=now)
    there = [Replan(stored[key].id, stored[key].status, item) for key, item in wanted.items() if key in stored]
    for digest, again in by_version(appointment, protocol, there).items():
        replan(tx, again, protocol_digest=digest, now=now, by=by)
    rest = [item for key, item in stored.items() if key not in wanted]
    steps, anew = {item.step for item in planned}, {step for step, _, _ in wanted}
    gone = [it for it in rest if it.step in steps and (it.step in anew or not is_reminder(it.reasons))]
    cancel(tx, gone, why, now=now, by=by)


def cancel_unsent(tx: Tx, appointment_id: int, status: AppointmentStatus, *, now: datetime, by: str) -> None:
    """Cancel what is still to come of an appointment that was called off, as `status` says. The caller commits."""
    cancel(tx, messages_of(tx, appointment_id, for_update=True), because(_WHY[status]), now=now, by=by)


def standing_messages(tx: Tx, appointment_id: int) -> Iterator[Message]:
    """Yield a visit's messages, held until the commit.

    One that the patient may have and that waits no more counts as unknown.
    """
    messages = messages_of(tx, appointment_id, for_update=True)
    doubted = in_doubt(tx, appointment_id)
    for message in messages:
        yield as_it_stands(message, doubted=message.id in doubted)


def as_it_stands(message: Message, *, doubted: bool, spoken_for: bool = False) -> Message:
    """Return a message as planning sees it: one that the patient may have, or was told within another, is unknown.

    `doubted`: nobody knows how its last hand-over ended. `spoken_for`: another has told it, and its own turn comes.
    """
    in_limbo = doubted and message.status in REPLANNABLE - _GOES_OUT
    told = message.status is Status.SUPPRESSED and message.reasons[-1].code in _WITHIN_ANOTHER
    return replace(message, status=Status.UNKNOWN) if in_limbo or told or spoken_for else message


def planned_of(
    configuration: Configuration,
    protocol: Protocol,
    appointment: StoredAppointment,
    patient: Patient,
    exceptions: Adjustments = _AS_PROTOCOL,
    *,
    now: datetime,
) -> tuple[PlannedMessage, ...]:
    """Return the plan of a visit by that protocol, with the exceptions that people made for it."""
    clinic = configuration.clinic(appointment.clinic)
    return plan_adjusted(
        Occasion(protocol, clinic, appointment.visit, reach_of(patient)),
        exceptions,
        now=now,
        late_after=configuration.instance.late_after,
        late_spacing=configuration.instance.late_spacing,
    )


def reach_of(patient: Patient) -> Reach:
    """Return how a patient can be reached, as planning needs it."""
    zone = ZoneInfo(patient.timezone) if patient.timezone else None
    return Reach(bool(patient.phone), bool(patient.email), zone)


def still_to_come(
    planned: Iterable[PlannedMessage], stored: Sequence[Message], protocol: Protocol, appointment: StoredAppointment
) -> Iterator[PlannedMessage]:
    """Yield what of a plan is not sent yet, each as the occurrence and on the channel that it now has."""
    for item in planned:
        step = protocol.step(item.step)
        assert step is not None
        rivals = [it for it in stored if it.step == step.id and (step.first_of or it.channel is item.channel)]
        if left := what_is_left(item, rivals, _occurrence(step, rivals, appointment.starts_at)):
            yield left


def what_is_left(item: PlannedMessage, rivals: Iterable[Message], occurrence: int) -> PlannedMessage | None:
    """Return an item as that occurrence, on the first channel on which no rival was handed over; None without any.

    `rivals` are the step's stored messages on the channels that can stand in for each other.
    """
    handed = {it.channel: it.status for it in rivals if it.occurrence == occurrence and _was_handed_over(it)}
    left = [channel for channel in (item.channel, *item.fallback) if channel not in handed]
    return _placed(item, occurrence, left) if left and IN_HAND.isdisjoint(handed.values()) else None


def _occurrence(step: Step, rivals: Iterable[Message], starts_at: datetime) -> int:
    """Return the first occurrence that did not go out before this start, when it was about nothing (ADR 13).

    What comes before a visit is said once, however often the visit is moved.
    """
    if isinstance(step.timing, Before):
        return 1
    of_earlier_visits = {it.occurrence for it in rivals if _was_handed_over(it) and it.due_at < starts_at}
    return next(number for number in count(1) if number not in of_earlier_visits)


def _was_handed_over(message: Message) -> bool:
    return message.status not in REPLANNABLE


def _placed(item: PlannedMessage, occurrence: int, channels: Sequence[Channel]) -> PlannedMessage:
    """Put a message on the first of the channels; what did not work on the planned one is not tried there again."""
    channel, *rest = channels
    if (channel, tuple(rest), occurrence) == (item.channel, item.fallback, item.occurrence):
        return item
    instead = () if channel is item.channel else (because("fallback", channel=item.channel.value),)
    return replace(
        item, occurrence=occurrence, channel=channel, fallback=tuple(rest), reasons=(*item.reasons, *instead)
    )


def _kept(item: Message) -> tuple[Reason, ...]:
    """Return why a message was planned that no plan would bring back."""
    return planned_part(item.reasons) if is_beside_plan(item.reasons) else ()


def _comes_back(item: Message, now: datetime) -> bool:
    """Whether it was cancelled only because its visit was called off, and no plan brings it back."""
    off = item.status is Status.CANCELLED and item.reasons[-1].code in _WHY.values()
    return off and is_beside_plan(item.reasons) and now < item.useful_until


def _as_planned(item: Message) -> PlannedMessage:
    return PlannedMessage(
        step=item.step,
        channel=item.channel,
        occurrence=item.occurrence,
        purpose=item.purpose,
        planned_at=item.planned_at,
        due_at=item.due_at,
        useful_until=item.useful_until,
        if_late=item.if_late,
        ask=item.ask,
        fallback=item.fallback,
        status=Status.SCHEDULED,
        reasons=planned_part(item.reasons),
    )


def key_of(item: Message | PlannedMessage) -> Key:
    """Return what tells the messages of one visit apart."""
    return item.step, item.channel, item.occurrence


def cancel(tx: Tx, messages: Iterable[Message], reason: Reason, *, now: datetime, by: str) -> None:
    """Cancel those of some messages that are still to come, because of `reason`. The caller commits."""
    moves = [
        Move(item.id, item.status, Cause.CANCEL, Status.CANCELLED, by=by, reasons=(*_kept(item), reason))
        for item in messages
        if item.status in UNSENT
    ]
    move_all(tx, moves, now=now)
