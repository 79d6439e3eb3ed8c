"""Takes a provider's call in: is it Twilio, then stored, so that the answer can go before the work."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from scheduler.channels.twilio.webhook import Secrets, read_form, read_status, signature_fault, unique_id
from scheduler.clock import Clock
from scheduler.logs import get_logger
from scheduler.services.receipts import KIND, Receipts, payload_of
from scheduler.store.database import Store
from scheduler.store.provider_events import add_provider_event

log = get_logger(__name__)

STATUS_PATH = "/webhooks/twilio/status"


class Taken(Enum):
    """What became of a call."""

    STORED = auto()
    """It is Twilio's, and it is in the database, now or already."""
    FORGED = auto()
    """Twilio did not sign it, or not for the address that is configured. The log says more."""
    UNREADABLE = auto()
    """It is no form."""


@dataclass(frozen=True, slots=True)
class TwilioCallbacks:
    """Twilio's calls of this installation, whose public address is `public_url`."""

    store: Store
    clock: Clock
    public_url: str
    secrets: Secrets
    receipts: Receipts

    def take_status(self, query: str, headers: Mapping[str, str], body: bytes) -> Taken:
        """Check and store a status callback. Blocks; commits. Raises StoreError.

        `query` is the raw query of the call, without "?"; `headers` ignore case.
        """
        url = f"{self.public_url}{STATUS_PATH}{f'?{query}' if query else ''}"
        try:
            form = read_form(body)
        except ValueError:
            log.warning("webhook.refused", why="its body is no form", expected=url)
            return Taken.UNREADABLE
        fault = signature_fault(url, form, headers, self.secrets)
        if fault:
            log.warning("webhook.refused", why=fault, expected=url)
            return Taken.FORGED
        text = body.decode()
        callback = read_status(form)
        with self.store.write() as tx:
            add_provider_event(
                tx,
                unique_id=callback.unique_id if callback else unique_id(query, text),
                provider="twilio",
                kind=KIND,
                payload=payload_of(query, text),
                now=self.clock.now(),
            )
        return Taken.STORED

    def work(self) -> None:
        """Handle what was stored. Blocks. Where the database is away, the engine does it in its next turn."""
        self.receipts.handle()
