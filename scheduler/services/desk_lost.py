"""Texts of staff that went nowhere: a person is told, since somebody counts on it that they arrived."""

from datetime import datetime

from scheduler.domain.alert import AlertKind
from scheduler.domain.desk_text import load_desk_text
from scheduler.domain.reasons import because
from scheduler.errors import KeysError
from scheduler.services.alerts import raise_alert
from scheduler.store.database import Tx
from scheduler.store.desk_messages import SUBJECT, lost_texts
from scheduler.store.messages import Message

PORTION = 100
"""In one commit."""


def tell_of_lost(tx: Tx, *, now: datetime) -> int:
    """Raise an alert for each text of staff that failed, did not arrive, or was kept back; return how many.

    Of each text one is ever raised. The caller commits, and rings.
    """
    lost = lost_texts(tx, limit=PORTION)
    for message in lost:
        what = because("desk_not_sent", message=str(message.id), by=_writer(tx, message), status=message.status.value)
        raise_alert(
            tx,
            AlertKind.NOT_SENT,
            f"{SUBJECT}{message.id}",
            reasons=(what, *message.reasons[-1:]),
            now=now,
            clinic=message.clinic,
            reply_id=message.reply_id,
        )
    return len(lost)


def _writer(tx: Tx, message: Message) -> str:
    try:
        return load_desk_text(tx.vault.open(message.words_sealed or b"", of="messages.words")).by
    except KeysError:
        return "staff"
