"""By which protocol a visit goes, looked up: its version with its pins, whatever the files say by now."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Protocol
from scheduler.domain.versions import in_force
from scheduler.protocols.configuration import Configuration
from scheduler.store.appointments import StoredAppointment
from scheduler.store.database import Tx
from scheduler.store.messages import Replan
from scheduler.store.versions import versions_of

_Plans = TypeVar("_Plans", PlannedMessage, Replan)


def version_of(tx: Tx, configuration: Configuration, appointment: StoredAppointment) -> Protocol | None:
    """Return the protocol that a visit goes by, pinned steps as they were; its digest is that of the version.

    Where the version is not kept (the visit is older than versions are), the file's; None where that is gone too.
    """
    kept = versions_of(tx, digests_of(appointment))
    return version_among(kept, configuration, appointment)


def version_among(
    kept: Mapping[str, Protocol], configuration: Configuration, appointment: StoredAppointment
) -> Protocol | None:
    """Return the same from versions that were looked up for several visits: `digests_of` says which are needed."""
    protocol = kept.get(appointment.protocol_digest or "") or _in_file(configuration, appointment)
    if protocol is None:
        return None
    return in_force(protocol, {step: kept[digest] for step, digest in appointment.pins.items() if digest in kept})


def digests_of(appointment: StoredAppointment) -> set[str]:
    """Return the versions that a visit goes by."""
    own = {appointment.protocol_digest} if appointment.protocol_digest else set()
    return own | set(appointment.pins.values())


def _in_file(configuration: Configuration, appointment: StoredAppointment) -> Protocol | None:
    if appointment.clinic not in configuration.clinics or appointment.treatment not in configuration.protocols:
        return None
    return configuration.protocol_for(appointment.clinic, appointment.treatment)


def by_version(
    appointment: StoredAppointment, protocol: Protocol, plans: Iterable[_Plans]
) -> Mapping[str, list[_Plans]]:
    """Group plans by the digest of the version that each is of: a pinned step's is not the rest's."""
    groups: dict[str, list[_Plans]] = {}
    for item in plans:
        groups.setdefault(appointment.pins.get(_step_of(item), protocol.digest), []).append(item)
    return groups


def _step_of(plan: PlannedMessage | Replan) -> str:
    return plan.planned.step if isinstance(plan, Replan) else plan.step
