"""Opens alerts, takes and closes them. Faults end by themselves when they no longer hold; people close the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.alert import CLOSED_BY_HAND, AlertKind
from scheduler.domain.notice import AlertCause
from scheduler.domain.reasons import Reason
from scheduler.errors import ConflictError
from scheduler.logs import get_logger
from scheduler.store import alerts
from scheduler.store.alarmed import wake_alarmed
from scheduler.store.alert_events import record_alert
from scheduler.store.alerts import Alert, get_alert
from scheduler.store.database import Tx
from scheduler.store.joins import any_unhandled_of, replies_joined
from scheduler.store.replies import mark_reply_handled

log = get_logger(__name__)

ENGINE = "engine"
"""Who raises and ends alerts, in their history."""
_HELD = "look at `aftercare held list`, then `aftercare held release` or `aftercare held drop`"

REMEDIES: Mapping[AlertKind, str] = {
    AlertKind.URGENT: "read the reply and call the patient now",
    AlertKind.REPLY: "read the reply and answer the patient",
    AlertKind.WRONG_NUMBER: "correct the patient's number and register it anew: texts to the old one stay stopped",
    AlertKind.UNREACHABLE: "ask the patient for an address that works",
    AlertKind.NOT_SENT: "read why, then write again another way, or call the patient",
    AlertKind.NO_ANSWER: "look at `aftercare unanswered` and call those patients",
    AlertKind.CIRCUIT: "mend it at the provider, in the settings (then restart) or in the clinic's file; it is tried "
    "again by itself, and what waits goes out then",
    AlertKind.BACKLOG: _HELD,
    AlertKind.VOLUME: _HELD,
    AlertKind.CAP: _HELD,
    AlertKind.LATE: _HELD,
    AlertKind.CLASH: _HELD,
    AlertKind.DOUBT: "look at the provider which ones arrived: `aftercare timeline` of the appointment says more",
    AlertKind.UNAPPROVED: "see what with `aftercare approve --list`; when a clinician has read it, put that on "
    "record with `aftercare approve`, and what waits goes out",
    AlertKind.PAST_DUE: "see that `aftercare serve` runs, or that `aftercare dispatch` is called every minute, and "
    "read its log",
    AlertKind.CONFIG: "see all errors with `aftercare check` and mend the files: sound ones are taken within "
    "seconds; a restart before may be refused",
    AlertKind.INTAKE: "read which and why in the report of the file or the log of the source, mend it there or in "
    "the clinic's file, and close the alert with `aftercare alerts close` when each appointment is in",
}
"""What a person does about each kind."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An alert that somebody sees to. `first`: it was this call that took it."""

    alert: Alert
    first: bool


def raise_alert(
    tx: Tx,
    kind: AlertKind,
    subject: str,
    *,
    reasons: tuple[Reason, ...],
    now: datetime,
    clinic: str | None = None,
    reply_id: int | None = None,
) -> Alert | None:
    """Open an alert and write a line about it, unless it is open already; return it where it is new.

    Whoever is on call is told of it by the engine's next turn, but of what is only `LISTED`;
    `ringing.raise_and_ring` tells them at once.
    `subject` names what it is about, without patients' data. The caller commits.
    """
    alert = alerts.raise_alert(tx, kind, subject, reasons=reasons, now=now, clinic=clinic, reply_id=reply_id)
    if alert:
        record_alert(tx, alert.id, AlertCause.RAISED, at=now, by=ENGINE, reasons=reasons)
        codes = [reason.code for reason in reasons]
        log.error("alert.opened", alert=alert.id, kind=kind, subject=subject, clinic=clinic, reasons=codes)
    return alert


def end_alert(tx: Tx, kind: AlertKind, subject: str, *, now: datetime) -> None:
    """Close an alert that no longer holds, with a line about it; where none is open nothing happens."""
    ended = alerts.end_alert(tx, kind, subject, now=now)
    if ended is not None:
        record_alert(tx, ended, AlertCause.CLOSED, at=now, by=ENGINE)
        log.info("alert.closed", alert=ended, kind=kind, subject=subject)


def take_alert(tx: Tx, alert_id: int, *, by: str, now: datetime) -> Taken:
    """Note that somebody sees to an alert: nobody else is told. Who was first stays.

    The caller commits. Raises NotFoundError; ConflictError for one that is closed.
    """
    first = alerts.take_alert(tx, alert_id, by=by, now=now)
    alert = get_alert(tx, alert_id)
    if first:
        record_alert(tx, alert_id, AlertCause.TAKEN, at=now, by=by)
        log.info("alert.taken", alert=alert_id, kind=alert.kind)
    elif alert.closed_at is not None:
        raise ConflictError(f"alert {alert_id} is closed: see `aftercare alerts --all`", code="closed")
    return Taken(alert, first)


def close_alert(tx: Tx, alert_id: int, *, by: str, now: datetime) -> Alert:
    """Close an alert because a person says that it is done; its reply is dealt with. The caller commits.

    The replies that joined it are dealt with too. One that is closed already stays as it was. Raises NotFoundError;
    ConflictError for a fault, which ends by itself.
    """
    alert = get_alert(tx, alert_id)
    if alert.kind not in CLOSED_BY_HAND:
        said = f"alert {alert_id} ends by itself when it no longer holds: {REMEDIES[alert.kind]}"
        raise ConflictError(said, code="ends_by_itself")
    if _close(tx, alert, by=by, now=now):
        for reply_id in (*([] if alert.reply_id is None else [alert.reply_id]), *replies_joined(tx, alert_id)):
            mark_reply_handled(tx, reply_id, now=now, by=by)
    return get_alert(tx, alert_id)


def close_alerts_of_reply(tx: Tx, reply_id: int, *, by: str, now: datetime) -> None:
    """Close what was raised for a reply, or what it joined, unless another reply of that waits for a person.

    The caller marks the reply after it: all take alerts before replies.
    """
    for alert in alerts.alerts_of_reply(tx, reply_id):
        if alert.closed_at is None and not any_unhandled_of(tx, alert.id, but=reply_id):
            _close(tx, alert, by=by, now=now)


def _close(tx: Tx, alert: Alert, *, by: str, now: datetime) -> bool:
    wake_alarmed(tx, alert.id, now=now)
    closed = alerts.close_alert(tx, alert.id, now=now)
    if closed:
        record_alert(tx, alert.id, AlertCause.CLOSED, at=now, by=by)
        log.info("alert.closed", alert=alert.id, kind=alert.kind, subject=alert.subject)
    return closed
