"""What staff do in the inbox: take, give back, close with a note. Each commits with whoever called it."""

from datetime import datetime

from scheduler.domain.alert import LISTED
from scheduler.domain.notice import AlertCause
from scheduler.errors import ConflictError
from scheduler.logs import get_logger
from scheduler.services.alert_page import refuse_unread
from scheduler.services.alerts import close_alert, take_alert
from scheduler.services.inbox_thread import Thread
from scheduler.services.replies import deal_with
from scheduler.store.alert_events import record_alert
from scheduler.store.alerts import get_alert, give_alert_back
from scheduler.store.database import Tx
from scheduler.store.desk_notes import add_note
from scheduler.store.replies import give_reply_back, take_reply

log = get_logger(__name__)

LONGEST_NOTE = 2000


def take(tx: Tx, thread: Thread, *, by: str, now: datetime) -> bool:
    """Note who sees to a thread; False when somebody does already, whose name it has then. Raises ConflictError."""
    if thread.alert:
        return take_alert(tx, thread.alert.id, by=by, now=now).first
    taken = [take_reply(tx, it.id, by=by, now=now) for it in thread.replies]
    return any(taken)


def give_back(tx: Tx, thread: Thread, *, by: str, now: datetime) -> bool:
    """Note that nobody sees to a thread any more; False when nobody did. An alert rings again from now on."""
    if thread.alert is None:
        given_back = [give_reply_back(tx, it.id, by=by, now=now) for it in thread.replies]
        return any(given_back)
    alert = thread.alert
    given = give_alert_back(tx, alert.id, ring_at=None if alert.kind in LISTED else now)
    if given:
        record_alert(tx, alert.id, AlertCause.GIVEN_BACK, at=now, by=by)
        log.info("alert.given_back", alert=alert.id, kind=alert.kind)
    return given


def close(tx: Tx, thread: Thread, *, seen: int, note: str, by: str, now: datetime) -> None:
    """Close a thread as it was seen: `seen` is the latest reply of it that the person read.

    Raises ConflictError where more was written since, or it is a fault, which ends by itself; nothing is closed then.
    """
    text = note.strip()[:LONGEST_NOTE]
    if thread.alert:
        if get_alert(tx, thread.alert.id).closed_at is not None:
            raise ConflictError("somebody has closed it already", code="closed")
        refuse_unread(tx, thread.alert.id, seen)
        close_alert(tx, thread.alert.id, by=by, now=now)
        # And after it: what joins now waits for us. The first reply is older than the alert, and was seen with it.
        refuse_unread(tx, thread.alert.id, seen)
        if text:
            add_note(tx, text, by=by, now=now, alert_id=thread.alert.id)
        return
    read = [it for it in thread.replies if it.id <= seen]
    if len(read) < len(thread.replies):
        raise ConflictError("more was written: read it first", code="more_written")
    done = [deal_with(tx, it.id, by=by, now=now) for it in read]
    if not any(done):
        raise ConflictError("somebody has closed it already", code="closed")
    if text:
        add_note(tx, text, by=by, now=now, reply_id=read[-1].id)
