"""Takes a provider's call in: is it Twilio, then stored, so that the answer can go before the work."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from scheduler.channels.twilio.webhook import Secrets, read_form, read_status, signature_fault, unique_id
from scheduler.clock import Clock
from scheduler.logs import get_logger
from scheduler.services.receipts import KIND, Receipts, payload_of
from scheduler.store.database import Store
from scheduler.store.provider_events import add_provider_event

log = get_logger(__name__)

STATUS_PATH = "/webhooks/twilio/status"


class Refused(Enum):
    """Why a call is not taken in."""

    FORGED = auto()
    """Twilio did not sign it, or not for the address that is configured. The log says more."""
    UNREADABLE = auto()
    """It is no form."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of Twilio that was checked, as it is stored: once under its id, which a doubled one shares."""

    unique_id: str
    payload: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TwilioCallbacks:
    """Twilio's calls of this installation, whose public address is `public_url`."""

    store: Store
    clock: Clock
    public_url: str
    secrets: Secrets
    receipts: Receipts

    def check_status(self, query: str, headers: Mapping[str, str], body: bytes) -> Call | Refused:
        """Check a status callback; what it returns is to be stored before it is answered.

        `query` is the raw query of the call, without "?"; `headers` ignore case.
        """
        url = f"{self.public_url}{STATUS_PATH}{f'?{query}' if query else ''}"
        try:
            form = read_form(body)
        except ValueError:
            log.warning("webhook.refused", why="its body is no form", expected=url)
            return Refused.UNREADABLE
        fault = signature_fault(url, form, headers, self.secrets)
        if fault:
            log.warning("webhook.refused", why=fault, expected=url)
            return Refused.FORGED
        text = body.decode()
        callback = read_status(form)
        return Call(callback.unique_id if callback else unique_id(query, text), payload_of(query, text))

    def keep(self, calls: Iterable[Call]) -> None:
        """Store calls, all or none; one that is there counts as stored. Blocks; commits. Raises StoreError."""
        now = self.clock.now()
        # In one order for all: processes that store the same calls must not wait for each other in a circle.
        by_id = sorted({call.unique_id: call for call in calls}.items())
        with self.store.write() as tx:
            for unique, call in by_id:
                add_provider_event(tx, unique_id=unique, provider="twilio", kind=KIND, payload=call.payload, now=now)

    def work(self) -> None:
        """Handle what was stored. Blocks. Where the database is away, the engine does it in its next turn."""
        self.receipts.handle()
