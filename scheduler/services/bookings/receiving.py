"""Takes a call of a booking system in: is it theirs, then stored, so that the answer can go before the work."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from threading import Event, Lock

from scheduler.channels.bookings.signatures import MISSING, signature_fault
from scheduler.clock import Clock
from scheduler.domain.sources import CALLING, Acuity, Generic, Scheme, Source
from scheduler.errors import SettingsError, StoreError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.bookings.generic import event_id
from scheduler.services.bookings.sources import SecretOf, find_source, from_environment
from scheduler.services.bookings.working import BookingWorker
from scheduler.store.booking_events import add_booking_event
from scheduler.store.columns import instant_text
from scheduler.store.database import Store
from scheduler.store.refused_calls import RefusedCall, keep_refused

log = get_logger(__name__)

PATH = "/webhooks/bookings/{clinic}/{source}"
REFUSED = "bookings/{source}"
"""Under which name the last call is kept that a booking system ("clinic/id") did not sign as it should."""
_REFUSALS_APART = timedelta(minutes=1)


class Refused(Enum):
    """Why a call is not taken in."""

    UNKNOWN = auto()
    """No clinic has a booking system of that id that calls."""
    NOT_SET_UP = auto()
    """Its secret is missing here, so that nobody could tell whose call it is."""
    FORGED = auto()
    """It is not signed with the secret, or the time that was signed is too far from now. The log says more."""


@dataclass(frozen=True, slots=True)
class BookingCall:
    """One call that was checked, as it is stored: once under its id, which a doubled one shares."""

    unique_id: str
    clinic: str
    source: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BookingHooks:
    """The calls of booking systems. Its methods block. `secret_of` gives the secrets that the clinics' files name."""

    store: Store
    configuration: Configuration
    clock: Clock
    secret_of: SecretOf = from_environment
    _asked: Event = field(default_factory=Event, init=False, repr=False, compare=False)
    _turn: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)
    _refused_at: dict[str, datetime] = field(default_factory=dict, init=False, repr=False, compare=False)

    def check(self, clinic: str, source: str, headers: Mapping[str, str], body: bytes) -> BookingCall | Refused:
        """Check a call; what it returns is to be stored before it is answered. `headers` ignore case."""
        known = find_source(self.configuration, clinic, source)
        if not isinstance(known, CALLING):
            return Refused.UNKNOWN
        secret = self._secret(known)
        if not secret:
            log.warning("webhook.refused", why="its secret is not set", clinic=clinic, source=source)
            return Refused.NOT_SET_UP
        now = self.clock.now()
        if fault := signature_fault(known, headers, body, secret, now=now):
            log.warning("webhook.refused", why=fault, clinic=clinic, source=source)
            self._keep_refused(f"{clinic}/{source}", fault, now)
            return Refused.FORGED
        named = _name_of(known, headers, body, now)
        # Keyed: a plain hash of a body with a patient in it could be compared with guesses, also after an erasure.
        unique = f"{clinic}/{source}/{self.store.vault.lookup(named, of='booking_events.unique').hex()}"
        return BookingCall(unique, clinic, source, body)

    def keep(self, call: BookingCall) -> None:
        """Store a call; one that is there counts as stored. Commits. Raises StoreError."""
        with self.store.write() as tx:
            add_booking_event(
                tx,
                unique_id=call.unique_id,
                clinic=call.clinic,
                source=call.source,
                payload=call.body,
                now=self.clock.now(),
            )

    def work(self) -> int:
        """Work on what is stored; return how many calls that were. Raises StoreError: the engine does it later.

        One thread of the process does, for those that come meanwhile too: many that wait for each other would leave
        none to take calls in.
        """
        handled = 0
        self._asked.set()
        while self._asked.is_set() and self._turn.acquire(blocking=False):
            try:
                self._asked.clear()
                handled += BookingWorker(self.store, self.configuration, self.clock, self.secret_of).handle()
            finally:
                self._turn.release()
        return handled

    def _keep_refused(self, source: str, fault: str, now: datetime) -> None:
        """Have `aftercare doctor` tell of it: a secret that was changed on one side only refuses every booking.

        Not more than once a minute, whoever calls and however often.
        """
        if fault == MISSING or now - self._refused_at.get(source, now - _REFUSALS_APART) < _REFUSALS_APART:
            return
        self._refused_at[source] = now
        try:
            with self.store.write() as tx:
                keep_refused(tx, RefusedCall(REFUSED.format(source=source), now, fault, ""))
        except StoreError as error:
            log.warning("store.unavailable", reason=str(error))

    def _secret(self, source: Source) -> str | None:
        try:
            return self.secret_of(source.secret)
        except SettingsError:
            return None


def _name_of(source: Source, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Return what a doubled call has in common with the first: its body, with its id or a time in it.

    An id does not do alone: who gives that of the booking for it would lose all that is said of it later.
    A body without one comes again when a booking is moved back: then each call is one of its own, which does no
    harm, since the same word twice changes nothing.
    """
    digest = hashlib.sha256(body).hexdigest()
    if isinstance(source, Acuity):
        return f"{digest}/{instant_text(now)}"
    if isinstance(source, Generic):
        standard = source.signature.scheme is Scheme.STANDARD_WEBHOOKS
        name = event_id(source, body) or (headers.get("webhook-id", "") if standard else "")
        if name:
            return f"id/{name}/{digest}"
        return digest if source.as_of else f"{digest}/{instant_text(now)}"
    return digest
