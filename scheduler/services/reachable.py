"""Whether who is on call could be told lately: numbers that stopped our texts, and rings that failed."""

from collections.abc import Iterator

from scheduler.domain.on_call import Contact, rota_of
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel
from scheduler.protocols.configuration import Configuration
from scheduler.services.finding import Finding, Health
from scheduler.store.database import Store, Tx
from scheduler.store.rings import last_ring_failed, stopped_at


def hard_to_reach(store: Store, configuration: Configuration) -> Iterator[Finding]:
    """Warn of each way of a contact that is stopped, or whose last ring failed; without the address itself."""
    with store.read() as tx:
        for contact in _contacts(configuration):
            for channel, address in contact.ways.items():
                if channel in PATIENT_CHANNELS and (fault := _fault(tx, configuration, contact, channel, address)):
                    where = contact.clinic or "installation"
                    said = f"{where}: {contact.name} may not be reached by {channel}: {fault}"
                    yield Finding("on call", Health.WARNING, said, "correct `on_call`, or have them text START to it")


def _contacts(configuration: Configuration) -> Iterator[Contact]:
    """Yield whoever is on call at a clinic, or for the installation, once."""
    clinics, instance = configuration.clinics, configuration.instance
    every = [rota_of(None, clinics.values(), instance.on_call, instance.escalate_after)]
    every += [rota_of(it, clinics.values(), instance.on_call, instance.escalate_after) for it in clinics.values()]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for contact in (it for rota in every for it in rota.contacts):
        key = contact.name, tuple(contact.ways.values())
        if key not in seen:
            seen.add(key)
            yield contact


def _fault(tx: Tx, configuration: Configuration, contact: Contact, channel: Channel, address: str) -> str | None:
    senders = [contact.clinic] if contact.clinic else list(configuration.clinics)
    if stopped_at(tx, senders, channel, address):
        return "it asked for no more messages"
    return "the last alert to it failed" if last_ring_failed(tx, channel, address) else None
