"""A concern whose recheck did not go out: nobody asks that patient again, so that a person has to."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from scheduler.domain.alert import AlertKind
from scheduler.domain.protocol import AfterReply, Protocol
from scheduler.domain.reasons import because
from scheduler.protocols.configuration import Configuration
from scheduler.services.ringing import raise_and_ring
from scheduler.store.database import Store
from scheduler.store.unanswered import Unheard, unheard
from scheduler.store.versions import versions_of

LOOK_BACK = timedelta(days=14)
"""Longer than any recheck that waits is useful."""


def tell_of_unheard(store: Store, configuration: Configuration, *, now: datetime) -> None:
    """Raise an alert for each concern whose recheck was given up. Blocks; commits. Raises StoreError.

    It is the alert of the reply: one that a person had is not raised again.
    """
    with store.read() as tx:
        concerns = unheard(tx, since=now - LOOK_BACK)
        kept = versions_of(tx, {it.protocol_digest for it in concerns if it.protocol_digest})
        found = [it for it in concerns if _asks_again(kept, configuration, it)]
    if not found:
        return
    with store.write() as tx:
        for it in {it.reply: it for it in found}.values():
            raise_and_ring(
                tx,
                configuration,
                AlertKind.REPLY,
                f"reply/{it.reply}",
                reasons=(because("reply_concern"), because("not_asked_again", step=it.step)),
                now=now,
                clinic=it.clinic,
                reply_id=it.reply,
            )


def _asks_again(kept: Mapping[str, Protocol], configuration: Configuration, concern: Unheard) -> bool:
    """Whether a reply brought that step about; of one that is gone from the protocol nobody knows."""
    protocol = kept.get(concern.protocol_digest or "")
    if protocol is None:
        if concern.clinic not in configuration.clinics or concern.treatment not in configuration.protocols:
            return True
        protocol = configuration.protocol_for(concern.clinic, concern.treatment)
    step = protocol.step(concern.step)
    return step is None or isinstance(step.timing, AfterReply)
