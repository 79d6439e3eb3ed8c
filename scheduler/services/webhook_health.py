"""Whether Twilio can call this service: the addresses to enter there, and the last call that was refused."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from scheduler.channels.loopback import is_loopback
from scheduler.domain.why import Why
from scheduler.services.callbacks import INBOUND_PATH, PROVIDER, STATUS_PATH
from scheduler.services.finding import Finding, Health
from scheduler.settings import Delivery, Settings
from scheduler.store.database import Store
from scheduler.store.refused_calls import refused_since_taken

_MEND = (
    "set AFTERCARE_PUBLIC_URL so that this address is, letter for letter, the one that Twilio calls, and see that "
    "TWILIO_AUTH_TOKEN is the account's; then restart. A call that somebody forged looks the same, and does no harm"
)


def webhook_addresses(settings: Settings) -> Finding:
    """Say which addresses Twilio calls; a warning where that would cross the network in the clear."""
    base = settings.public_url
    said = f"Twilio calls {base}{INBOUND_PATH} (enter it there) and {base}{STATUS_PATH} (each text names it)"
    addresses = {"inbound": f"{base}{INBOUND_PATH}", "status": f"{base}{STATUS_PATH}"}
    parts = urlsplit(base)
    live = settings.delivery is Delivery.LIVE
    if live and parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        said = f"{said}: what patients write crosses the network in the clear"
        remedy = "set AFTERCARE_PUBLIC_URL to the https address of this service, and enter that at Twilio"
        return Finding("webhooks", Health.WARNING, said, remedy, Why("webhooks_bad", addresses))
    return Finding("webhooks", Health.WELL, said, why=Why("webhooks", addresses))


def refused_webhooks(store: Store) -> Iterator[Finding]:
    """Tell of a signed call that was refused, while none was taken in since. Raises StoreError."""
    with store.read() as tx:
        refused = refused_since_taken(tx, PROVIDER)
    if refused:
        said = f"a call was refused at {refused.at:%Y-%m-%d %H:%M} UTC: {refused.why}"
        yield Finding("refused", Health.WARNING, f"{said} (checked against {refused.expected})", _MEND)
