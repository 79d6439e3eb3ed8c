"""Whether those on call can be told: what the settings lack for that, and how the links look to them."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from scheduler.channels.loopback import is_loopback
from scheduler.errors import SettingsError
from scheduler.protocols.configuration import Configuration
from scheduler.settings import Delivery, Settings

MAKE_ONE = "`openssl rand -base64 32` makes one"


def lacks_secret(settings: Settings, configuration: Configuration) -> bool:
    """Whether somebody on call gets signed calls and nothing could sign them; a rehearsal calls nobody."""
    live = settings.delivery is Delivery.LIVE
    return live and not settings.webhook_secret and any(one.webhook for one in configuration.on_call)


def refuse_unsigned(settings: Settings, configuration: Configuration) -> None:
    """Raise SettingsError where `lacks_secret`: an alert that is dropped at a receiver is found out too late."""
    if lacks_secret(settings, configuration):
        raise SettingsError(f"AFTERCARE_WEBHOOK_SECRET is not set, and on_call has a webhook: {MAKE_ONE}")


def link_fault(settings: Settings) -> str | None:
    """Return why people could not open the links of alerts, None where they can as far as can be told from here."""
    parts = urlsplit(settings.public_url)
    if is_loopback(parts.hostname or ""):
        return f"links in messages lead to {settings.public_url}: only this machine can open them"
    if parts.scheme != "https":
        return f"links in messages lead to {settings.public_url}: what is read there crosses the network in the clear"
    return None


def said_of(configuration: Configuration) -> Iterator[str]:
    """Yield who is on call at each clinic, and for the whole installation, without their addresses."""
    for clinic in configuration.clinics.values():
        yield f"{clinic.id}: {', '.join(one.name for one in clinic.on_call) or 'nobody'}"
    if configuration.instance.on_call:
        yield f"installation: {', '.join(one.name for one in configuration.instance.on_call)}"
