"""What comes back, or takes another's place, after an apply: its visit goes by another version than it does by now.

An apply leaves alone what a provider may have. Where that did not arrive, it must not go out by the old plan.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from scheduler.domain.appointment import CALLED_OFF
from scheduler.domain.protocol import Protocol
from scheduler.domain.states import UNSENT
from scheduler.protocols.configuration import Configuration
from scheduler.services.carrying import write_changes
from scheduler.services.changes import InFlight
from scheduler.services.comparing import changes_of
from scheduler.services.schedule import reach_of, standing_messages
from scheduler.services.switching import Switch, switch_of_step
from scheduler.services.versions import digests_of
from scheduler.store.adjustments import in_force
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.database import Tx
from scheduler.store.follow import behind, go_by
from scheduler.store.messages import Message
from scheduler.store.patients import get_patient
from scheduler.store.versions import versions_of


def catch_up(
    tx: Tx, configuration: Configuration, appointment_ids: Collection[int], *, now: datetime, by: str
) -> None:
    """Let all that waits for these visits go by the version that they go by; as an apply would have it.

    The caller holds the visits, and commits. Nothing is done for what was called off, or has no version.
    """
    for appointment_id in behind(tx, appointment_ids):
        appointment = get_appointment(tx, appointment_id)
        on = appointment.status not in CALLED_OFF and appointment.clinic in configuration.clinics
        if on and appointment.protocol_digest:
            _catch_up(tx, configuration, appointment, now=now, by=by)


def _catch_up(
    tx: Tx, configuration: Configuration, appointment: StoredAppointment, *, now: datetime, by: str
) -> None:
    messages = list(standing_messages(tx, appointment.id))
    old = {it.step: it.protocol_digest for it in messages if _is_behind(it, appointment)}
    kept = versions_of(tx, {*digests_of(appointment), *(it for it in old.values() if it)})
    for step, digest in old.items():
        mine = [it for it in messages if it.step == step]
        if switch := _switch(appointment, kept, step, digest or ""):
            visit = _in_flight(tx, appointment, mine)
            write_changes(tx, [changes_of(visit, switch, configuration, now=now)], now=now, by=by)
        if (own := _own_digest(appointment, step)) in kept:
            go_by(tx, [it.id for it in mine], protocol_digest=own)


def _is_behind(message: Message, appointment: StoredAppointment) -> bool:
    return message.status in UNSENT and message.protocol_digest != _own_digest(appointment, message.step)


def _own_digest(appointment: StoredAppointment, step: str) -> str:
    return appointment.pins.get(step, appointment.protocol_digest or "")


def _switch(appointment: StoredAppointment, kept: Mapping[str, Protocol], step: str, digest: str) -> Switch | None:
    before, after = kept.get(digest), kept.get(appointment.protocol_digest or "")
    if before is None or after is None:
        return None
    return switch_of_step(before, after, {one: kept[it] for one, it in appointment.pins.items() if it in kept}, step)


def _in_flight(tx: Tx, appointment: StoredAppointment, messages: Sequence[Message]) -> InFlight:
    return InFlight(
        appointment=appointment,
        reach=reach_of(get_patient(tx, appointment.patient_id)),
        language=None,
        messages=tuple(messages),
        adjustments=in_force(tx, [appointment.id]).get(appointment.id, {}),
        unsent=0,
        sent=0,
    )
