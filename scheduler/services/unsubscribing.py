"""Unsubscribing by the link of an email: whose it is, and the stop of the address that the email went to."""

from dataclasses import dataclass

from scheduler.clock import Clock
from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Source
from scheduler.domain.protocol import Channel
from scheduler.errors import NotFoundError
from scheduler.protocols.configuration import Configuration
from scheduler.services.consent import stop_address
from scheduler.services.links import Links
from scheduler.store.attempts import attempts_of
from scheduler.store.consents import is_stopped
from scheduler.store.database import Store, Tx
from scheduler.store.messages import Message, get_message

ONE_CLICK = "List-Unsubscribe=One-Click"
"""What a mail program sends, and the button of the page too (RFC 8058, 3.1): the words that go on record."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a link is about: the clinic, the language that the email was in, and whether its emails are stopped."""

    clinic: Clinic
    language: str
    stopped: bool


@dataclass(frozen=True, slots=True)
class Unsubscriber:
    """Looks and stops; both block and raise StoreError. `by` names who did it, for the record."""

    store: Store
    configuration: Configuration
    links: Links
    clock: Clock
    by: str = "mailbox"

    def look(self, token: str) -> Subscription | None:
        """Return what the link is about, changing nothing; None for a forged one. Raises KeysError, StoreError."""
        with self.store.read() as tx:
            return self._subscription(tx, token)

    def stop(self, token: str) -> Subscription | None:
        """Stop the clinic's emails to the address; None for a forged link. The same again changes nothing.

        Commits. Raises KeysError, StoreError.
        """
        with self.store.write() as tx:
            found = self._subscription(tx, token)
            message = self._message(tx, token)
            if found is None or message is None:
                return None
            for address in _addresses(tx, message):
                stop_address(
                    tx,
                    message.clinic,
                    Channel.EMAIL,
                    address,
                    source=Source.UNSUBSCRIBE,
                    by=self.by,
                    now=self.clock.now(),
                    wording=ONE_CLICK,
                    version=message.template_digest,
                )
            return self._subscription(tx, token)

    def _subscription(self, tx: Tx, token: str) -> Subscription | None:
        message = self._message(tx, token)
        clinic = self.configuration.clinics.get(message.clinic) if message else None
        if message is None or clinic is None:
            return None
        addresses = _addresses(tx, message)
        stopped = all(is_stopped(tx, clinic.id, Channel.EMAIL, address) for address in addresses)
        return Subscription(clinic, clinic.language_for(message.language), stopped and bool(addresses))

    def _message(self, tx: Tx, token: str) -> Message | None:
        message_id = self.links.read_unsubscribe(token)
        if message_id is None:
            return None
        try:
            message = get_message(tx, message_id)
        except NotFoundError:  # removed since
            return None
        return message if message.channel is Channel.EMAIL else None


def _addresses(tx: Tx, message: Message) -> frozenset[str]:
    """Return where the email went: there the link was, whatever the patient's address is today."""
    return frozenset(attempt.address for attempt in attempts_of(tx, message.id))
