"""The transports of live delivery, from the settings."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from scheduler.channels.base import ChannelTransport
from scheduler.channels.loopback import is_loopback
from scheduler.channels.smtp.channel import SmtpTransport
from scheduler.channels.smtp.server import read_smtp_url
from scheduler.channels.twilio.channel import TwilioTransport
from scheduler.channels.webhook.channel import WebhookTransport
from scheduler.clock import Clock
from scheduler.domain.protocol import Channel
from scheduler.errors import SettingsError
from scheduler.settings import Settings


def open_live(settings: Settings, *, clock: Clock, emails_at_once: int) -> Mapping[Channel, ChannelTransport]:
    """Return Twilio, SMTP and webhooks. Raises SettingsError as `registry.open_transports` says."""
    if settings.missing_for_live:
        raise SettingsError(
            f"AFTERCARE_DELIVERY=live needs {', '.join(settings.missing_for_live)}: set what is missing "
            "(or rehearse with AFTERCARE_DELIVERY=rehearsal)"
        )
    return {
        Channel.SMS: _twilio(settings, clock),
        Channel.WEBHOOK: WebhookTransport(settings.webhook_secret, clock=clock),
        Channel.EMAIL: SmtpTransport(
            read_smtp_url(settings.smtp_url or ""),
            clock=clock,
            at_once=emails_at_once,
            bounces=settings.bounce_address,
        ),
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
