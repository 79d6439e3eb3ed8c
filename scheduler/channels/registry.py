"""Which transport serves which channel, from the settings."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from scheduler.channels.base import ChannelTransport
from scheduler.channels.loopback import is_loopback
from scheduler.channels.rehearsal import Keep, RehearsalTransport
from scheduler.channels.smtp.channel import SmtpTransport
from scheduler.channels.smtp.server import read_smtp_url
from scheduler.channels.twilio.channel import TwilioTransport
from scheduler.clock import Clock
from scheduler.domain.protocol import Channel
from scheduler.errors import SettingsError
from scheduler.settings import Delivery, Settings


def open_transports(
    settings: Settings, *, clock: Clock, keep: Keep, emails_at_once: int
) -> Mapping[Channel, ChannelTransport]:
    """Return the transport of each channel: rehearsal unless delivery is live. They are still to be entered.

    `keep` stores what was rehearsed. Raises SettingsError when live delivery lacks a setting (all are named) or
    would send patients' data over a network in the clear.
    """
    if settings.delivery is Delivery.REHEARSAL:
        rehearsal = RehearsalTransport(settings.outbox_dir, clock, keep=keep)
        return {Channel.SMS: rehearsal, Channel.EMAIL: rehearsal}
    if settings.missing_for_live:
        raise SettingsError(
            f"AFTERCARE_DELIVERY=live needs {', '.join(settings.missing_for_live)}: set what is missing "
            "(or rehearse with AFTERCARE_DELIVERY=rehearsal)"
        )
    return {
        Channel.SMS: _twilio(settings, clock),
        Channel.EMAIL: SmtpTransport(read_smtp_url(settings.smtp_url or ""), clock=clock, at_once=emails_at_once),
    }


def _twilio(settings: Settings, clock: Clock) -> TwilioTransport:
    api = urlsplit(settings.twilio_api_url)
    if api.scheme != "https" and not is_loopback(api.hostname or ""):
        raise SettingsError(
            "AFTERCARE_TWILIO_API_URL: patients' numbers would cross the network in the clear: use https://"
        )
    if "_" in (urlsplit(settings.public_url).hostname or ""):
        raise SettingsError("AFTERCARE_PUBLIC_URL: Twilio calls no host back that has an underscore in its name")
    return TwilioTransport(
        account_sid=settings.twilio_account_sid or "",
        auth_token=settings.twilio_auth_token or "",
        api_url=settings.twilio_api_url,
        public_url=settings.public_url,
        clock=clock,
    )
