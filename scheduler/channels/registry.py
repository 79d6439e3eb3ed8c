"""Which transport serves which channel, from the settings."""

from collections.abc import Mapping

from scheduler.channels.base import ChannelTransport
from scheduler.channels.rehearsal import Keep, RehearsalTransport
from scheduler.clock import Clock
from scheduler.domain.protocol import Channel
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
        return dict.fromkeys(Channel, rehearsal)
    from scheduler.channels.live import open_live  # noqa: PLC0415  (its libraries are a quarter of a command's start)

    return open_live(settings, clock=clock, emails_at_once=emails_at_once)
