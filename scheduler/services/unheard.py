"""A concern whose recheck did not go out: nobody asks that patient again, so that a person has to."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from scheduler.domain.alert import AlertKind
from scheduler.domain.protocol import AfterReply, Protocol
from scheduler.domain.reasons import because
from scheduler.protocols.configuration import Configuration
from scheduler.services.ringing import raise_and_ring
from scheduler.store.appointments import StoredAppointment
from scheduler.store.database import Store, Tx
from scheduler.store.latest_answers import latest_answers
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
            tell_nobody_asks(tx, configuration, it.reply, it.clinic, it.step, now=now)


def tell_if_nobody_asks(
    tx: Tx, configuration: Configuration, appointment: StoredAppointment, step: str, *, now: datetime
) -> None:
    """Tell a person of a visit's concern where nothing asks the patient again, now that `step` does not.

    For who has just cancelled that, holds the visit, and commits. Not of what a person was told of or dealt with.
    """
    answer = latest_answers(tx, [appointment.id]).get(appointment.id)
    if answer and answer.is_untold_concern and not answer.waiting:
        tell_nobody_asks(tx, configuration, answer.reply, appointment.clinic, step, now=now)


def tell_nobody_asks(
    tx: Tx, configuration: Configuration, reply: int, clinic: str, step: str, *, now: datetime
) -> None:
    """Raise the alert of a concern that `step` was to ask about again. The caller commits, after its messages."""
    raise_and_ring(
        tx,
        configuration,
        AlertKind.REPLY,
        f"reply/{reply}",
        reasons=(because("reply_concern"), because("not_asked_again", step=step)),
        now=now,
        clinic=clinic,
        reply_id=reply,
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
