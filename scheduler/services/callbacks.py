"""Takes a provider's call in: is it Twilio, then stored, so that the answer can go before the work."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from scheduler.channels.twilio.inbound import read_inbound
from scheduler.channels.twilio.webhook import (
    SIGNATURE,
    Form,
    Secrets,
    read_form,
    read_status,
    signature_fault,
    unique_id,
)
from scheduler.clock import Clock
from scheduler.logs import get_logger
from scheduler.services import inbound
from scheduler.services.inbound import Replies
from scheduler.services.receipts import KIND, Receipts, payload_of
from scheduler.store.database import Store
from scheduler.store.provider_events import add_provider_event
from scheduler.store.refused_calls import RefusedCall, keep_refused

log = get_logger(__name__)

STATUS_PATH = "/webhooks/twilio/status"
INBOUND_PATH = "/webhooks/twilio/inbound"
PROVIDER = "twilio"
BETWEEN_REFUSALS = timedelta(minutes=1)


class Refused(Enum):
    """Why a call is not taken in."""

    FORGED = auto()
    """Twilio did not sign it, or not for the address that is configured. The log says more."""
    UNREADABLE = auto()
    """It is no form."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of Twilio that was checked, as it is stored: once under its id, which a doubled one shares.

    `kind` is what it is about: a report on a text of ours, or a text that came in.
    """

    unique_id: str
    kind: str
    payload: str = field(repr=False)


@dataclass(slots=True)
class Refusals:
    """The last call that was refused for its signature, until it is stored; whatever comes, that is once a minute."""

    _latest: RefusedCall | None = None
    _stored_at: datetime | None = None

    def put(self, call: RefusedCall) -> None:
        """Remember a call."""
        if self._stored_at is None or abs(call.at - self._stored_at) >= BETWEEN_REFUSALS:
            self._latest = call

    def take(self) -> RefusedCall | None:
        """Return what is to be stored now, once."""
        call, self._latest = self._latest, None
        if call:
            self._stored_at = call.at
        return call


@dataclass(frozen=True, slots=True)
class TwilioCallbacks:
    """Twilio's calls of this installation, whose public address is `public_url`.

    `wake` tells the engine that something may be due; it may be called from any thread.
    """

    store: Store
    clock: Clock
    public_url: str
    secrets: Secrets
    receipts: Receipts
    replies: Replies
    wake: Callable[[], None] = lambda: None
    refusals: Refusals = field(default_factory=Refusals)

    def check_status(self, query: str, headers: Mapping[str, str], body: bytes) -> Call | Refused:
        """Check a status callback; what it returns is to be stored before it is answered.

        `query` is the raw query of the call, without "?"; `headers` ignore case.
        """
        form = self._checked(STATUS_PATH, query, headers, body)
        if isinstance(form, Refused):
            return form
        text = body.decode()
        callback = read_status(form)
        return Call(callback.unique_id if callback else unique_id(query, text), KIND, payload_of(query, text))

    def check_inbound(self, query: str, headers: Mapping[str, str], body: bytes) -> Call | Refused:
        """Check a text that came in; the same in all else as `check_status`."""
        form = self._checked(INBOUND_PATH, query, headers, body)
        if isinstance(form, Refused):
            return form
        text = body.decode()
        sid = read_inbound(form).sid
        name = f"twilio/inbound/{sid}" if sid else unique_id(inbound.KIND, query, text)
        return Call(name, inbound.KIND, payload_of(query, text))

    def keep(self, calls: Iterable[Call]) -> None:
        """Store calls, all or none; one that is there counts as stored. Blocks; commits. Raises StoreError."""
        now = self.clock.now()
        # In one order for all: processes that store the same calls must not wait for each other in a circle.
        by_id = sorted({call.unique_id: call for call in calls}.items())
        with self.store.write() as tx:
            for unique, call in by_id:
                add_provider_event(
                    tx, unique_id=unique, provider=PROVIDER, kind=call.kind, payload=call.payload, now=now
                )

    def work(self) -> None:
        """Handle the reports that were stored. Blocks. Where the database is away, the engine does it later."""
        self.receipts.handle()

    def work_on_replies(self) -> None:
        """Handle the texts that were stored, and let the engine send what follows. Blocks, as `work` does."""
        if self.replies.handle():
            self.wake()

    def keep_refused(self) -> None:
        """Store that a call was refused, for `aftercare doctor`. Blocks; commits. Raises StoreError."""
        refused = self.refusals.take()
        if refused:
            with self.store.write() as tx:
                keep_refused(tx, refused)

    def _checked(self, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Form | Refused:
        """Return the form of a call of `path` that Twilio signed."""
        url = f"{self.public_url}{path}{f'?{query}' if query else ''}"
        try:
            form = read_form(body)
        except ValueError:
            log.warning("webhook.refused", why="its body is no form", expected=url)
            return Refused.UNREADABLE
        fault = signature_fault(url, form, headers, self.secrets)
        if fault:
            log.warning("webhook.refused", why=fault, expected=url)
            if headers.get(SIGNATURE):  # what has none is no call of Twilio's at a wrong address
                self.refusals.put(RefusedCall(PROVIDER, self.clock.now(), fault, f"{self.public_url}{path}"))
            return Refused.FORGED
        return form
