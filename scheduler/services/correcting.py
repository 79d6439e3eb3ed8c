"""Corrects who a patient is: the name, the addresses, the language, the zone. What waits follows."""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.domain.protocol import PATIENT_CHANNELS, Channel
from scheduler.domain.states import Status
from scheduler.errors import ConflictError
from scheduler.protocols.configuration import Configuration
from scheduler.services.intake import Details
from scheduler.services.schedule import key_of, planned_of
from scheduler.services.versions import by_version, version_of
from scheduler.store.adjustments import in_force
from scheduler.store.appointments import get_appointment
from scheduler.store.consents import stop_source
from scheduler.store.database import Tx
from scheduler.store.messages import Replan, messages_of, replan
from scheduler.store.pages import revoke_pages
from scheduler.store.patient_file import visits_waiting
from scheduler.store.patients import Patient, described, get_patient, update_patient
from scheduler.store.vault import Vault

_DETAILS = ("name", "phone", "email", "language", "timezone")


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was changed. `moved` messages have other times, in another zone; `stopped`: these new addresses are."""

    patient: Patient
    changed: frozenset[str]
    moved: int
    stopped: frozenset[Channel]

    @property
    def of_address(self) -> bool:
        """Whether a phone or an email is another one now."""
        return not self.changed.isdisjoint({"phone", "email"})


class DetailsChangedError(ConflictError):
    """Somebody else has corrected the patient since the form was loaded: look at it again."""

    code = "details_changed"


def state_of(vault: Vault, patient: Patient) -> str:
    """Return what tells how a patient is described now from how they are later; it says nothing of the person."""
    said = [getattr(patient, name) for name in _DETAILS]
    return vault.sign(json.dumps(said).encode(), of="patient.details").hex()[:32]


def correct(
    tx: Tx,
    configuration: Configuration,
    patient_id: int,
    details: Details,
    *,
    now: datetime,
    by: str,
    seen: str | None = None,
) -> Corrected:
    """Store a patient as described. The caller commits.

    `seen` is the `state_of` the patient whom somebody looked at; None where nothing was looked at before.

    What is still to be sent goes to the new addresses, in the new language, since these are looked up at the send. In
    another zone what waits is planned at the wall clock there. Links that went to an address that was not theirs open
    nothing any more. Stops stay with their addresses. Raises NotFoundError; ConflictError where the data were erased,
    DetailsChangedError where they are not as they were seen.
    """
    known = get_patient(tx, patient_id)
    if known.is_erased:
        said = f"the data of patient {patient_id} were erased: register the person anew"
        raise ConflictError(said, code="erased_anew")
    if seen is not None and seen != state_of(tx.vault, known):
        raise DetailsChangedError("somebody else has changed these details meanwhile: look at them again")
    fields = {name: getattr(details, name) for name in _DETAILS}
    current = replace(known, **fields)
    changed = frozenset(name for name in fields if getattr(known, name) != getattr(current, name))
    if not changed:
        return Corrected(known, changed, 0, frozenset())
    update_patient(tx, described(tx.vault, current), now=now)
    if any(getattr(known, name) and name in changed for name in ("phone", "email")):
        revoke_pages(tx, patient_id, now=now)
    moved = _move_all(tx, configuration, current, now=now, by=by) if "timezone" in changed else 0
    return Corrected(current, changed, moved, _stopped(tx, current))


def _stopped(tx: Tx, patient: Patient) -> frozenset[Channel]:
    return frozenset(
        channel
        for channel in PATIENT_CHANNELS
        if (address := patient.address(channel)) and stop_source(tx, patient.clinic, channel, address)
    )


def _move_all(tx: Tx, configuration: Configuration, patient: Patient, *, now: datetime, by: str) -> int:
    """Plan what waits at the wall clock of the patient's zone; what is no longer planned is left as it is."""
    return sum(
        _move_visit(tx, configuration, patient, visit, now=now, by=by) for visit in visits_waiting(tx, patient.id)
    )


def _move_visit(tx: Tx, configuration: Configuration, patient: Patient, visit: int, *, now: datetime, by: str) -> int:
    appointment = get_appointment(tx, visit)
    protocol = version_of(tx, configuration, appointment)
    if protocol is None:
        return 0
    waiting = {key_of(it): it for it in messages_of(tx, visit, for_update=True) if it.status is Status.SCHEDULED}
    exceptions = in_force(tx, [visit]).get(visit, {})
    planned = planned_of(configuration, protocol, appointment, patient, exceptions, now=now)
    wishes = [
        Replan(waiting[key].id, Status.SCHEDULED, item)
        for item in planned
        if (key := key_of(item)) in waiting and item.status is Status.SCHEDULED and item.due_at != waiting[key].due_at
    ]
    moved = 0
    for digest, some in by_version(appointment, protocol, wishes).items():
        moved += len(replan(tx, some, protocol_digest=digest, now=now, by=by))
    return moved
