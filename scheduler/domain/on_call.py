"""Who is told of an alert, when, and who is told next while nobody takes it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scheduler.domain.alert import AT_ONCE, AlertKind
from scheduler.domain.clinic import Clinic, OnCall
from scheduler.domain.hours import SendingHours
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel

ROUNDS = 3
"""How often the whole list is gone through; what is at once goes on after it, more slowly."""
LATER = timedelta(hours=1)
"""Between two rings after the last round."""
_A_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who can be told, by `ways`: the address of each channel. `clinic` is the one whose file names them."""

    name: str
    clinic: str | None
    ways: Mapping[Channel, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rota:
    """Who is on call for an alert, in this order, and how long each gets before the next is told.

    `hours` are those in which people may be told of what can wait: one that allows it is enough; without any it is
    always allowed.
    """

    contacts: tuple[Contact, ...]
    escalate_after: timedelta
    hours: tuple[SendingHours, ...] = field(default=(), repr=False)

    def allowed(self, kind: AlertKind, moment: datetime) -> datetime:
        """Return when people may be told of that kind, from `moment` (aware) on; of the urgent, day and night."""
        if kind in AT_ONCE or not self.hours:
            return moment
        return min(hours.defer(moment, moment + _A_WEEK)[0] for hours in self.hours)

    def contact(self, turns: int) -> Contact:
        """Return whose turn it is after so many turns. There is at least one contact."""
        return self.contacts[turns % len(self.contacts)]

    def named(self, name: str | None) -> Contact | None:
        """Return the contact of that name, None where nobody on call has it."""
        return next((it for it in self.contacts if it.name == name), None)

    def next_ring(self, kind: AlertKind, turns: int, now: datetime) -> datetime | None:
        """Return when the next is told, where nobody takes it, after so many turns; None: nobody is any more."""
        if turns < ROUNDS * len(self.contacts):
            return self.allowed(kind, now + self.escalate_after)
        return now + max(LATER, self.escalate_after) if kind in AT_ONCE else None


def rota_of(
    clinic: Clinic | None, clinics: Iterable[Clinic], installation: Sequence[OnCall], escalate_after: timedelta
) -> Rota:
    """Return who is on call for an alert of one clinic, or of the whole installation where `clinic` is None.

    A clinic that names nobody has the installation's contacts, an installation that names nobody those of all its
    clinics, each address once. `escalate_after` is the installation's. Whom nothing can be sent to is left out: a
    clinic's contacts are told by what the clinic sends from, the installation's by what any clinic does.
    """
    every = tuple(clinics)
    if clinic and clinic.on_call:
        contacts = [_contact(one, clinic.id) for one in clinic.on_call]
        return Rota(_reachable(contacts, [clinic]), clinic.escalate_after, (_hours(clinic),))
    contacts = [_contact(one, None) for one in installation]
    contacts = contacts or [_contact(one, it.id) for it in every for one in it.on_call]
    asleep = [clinic] if clinic else every
    return Rota(_reachable(contacts, every), escalate_after, tuple(_hours(it) for it in asleep))


def _contact(person: OnCall, clinic: str | None) -> Contact:
    ways = {Channel.SMS: person.sms, Channel.EMAIL: person.email, Channel.WEBHOOK: person.webhook}
    return Contact(person.name, clinic, {channel: address for channel, address in ways.items() if address})


def _hours(clinic: Clinic) -> SendingHours:
    return SendingHours(clinic.timezone, clinic.timezone, clinic.quiet_hours)


def _reachable(contacts: Iterable[Contact], senders: Sequence[Clinic]) -> tuple[Contact, ...]:
    """Return the contacts with what each can be told by, an address that several have with the first of them."""
    able = {Channel.WEBHOOK} | {it for it in PATIENT_CHANNELS if any(one.sender(it) for one in senders)}
    seen: set[str] = set()
    found: list[Contact] = []
    for contact in contacts:
        ways = {it: address for it, address in contact.ways.items() if it in able and address not in seen}
        seen.update(ways.values())
        if ways:
            found.append(replace(contact, ways=ways))
    return tuple(found)
