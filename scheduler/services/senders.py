"""From where the clinics send: their senders with what the provider says of them, and who is on call."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scheduler.domain.circuit import Circuit
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Channel
from scheduler.services.desk import Desk
from scheduler.store.circuits import open_circuits


@dataclass(frozen=True, slots=True)
class Sender:
    """What one channel of a clinic sends from; `circuit` is why nothing goes out just now, None: all is well."""

    channel: Channel
    key: str
    name: str
    circuit: Circuit | None


@dataclass(frozen=True, slots=True)
class ClinicSenders:
    """A clinic with what it sends from; a channel that it does not use is missing."""

    clinic: Clinic
    senders: Sequence[Sender]


def senders_of(desk: Desk, clinics: Iterable[Clinic]) -> Sequence[ClinicSenders]:
    """Return the senders of these clinics. One query. Raises StoreError."""
    with desk.store.read() as tx:
        circuits = open_circuits(tx)
    return [ClinicSenders(clinic, list(_senders(clinic, circuits))) for clinic in clinics]


def _senders(clinic: Clinic, circuits: Sequence[Circuit]) -> Iterable[Sender]:
    if clinic.sms:
        yield Sender(Channel.SMS, clinic.sms.key, "", _circuit(circuits, Channel.SMS, clinic.sms.key))
    if clinic.email:
        found = _circuit(circuits, Channel.EMAIL, clinic.email.key)
        yield Sender(Channel.EMAIL, clinic.email.key, clinic.email.name, found)


def _circuit(circuits: Sequence[Circuit], channel: Channel, sender: str) -> Circuit | None:
    """Return the circuit of the whole channel, else that of the sender."""
    return next((it for it in circuits if it.channel is channel and it.sender in ("", sender)), None)
