"""Tells people what is wrong while it is, and notices by itself when it no longer is."""

from collections.abc import Mapping
from datetime import datetime

from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import Reason
from scheduler.logs import get_logger
from scheduler.store import alerts
from scheduler.store.database import Tx

log = get_logger(__name__)

REMEDIES: Mapping[AlertKind, str] = {
    AlertKind.CIRCUIT: "mend it at the provider, in the settings (then restart) or in the clinic's file; it is tried "
    "again by itself, and what waits goes out then",
    AlertKind.BACKLOG: "look at `aftercare held list`, then `aftercare held release` or `aftercare held drop`",
    AlertKind.VOLUME: "look at `aftercare held list`, then `aftercare held release` or `aftercare held drop`",
    AlertKind.CAP: "look at `aftercare held list`, then `aftercare held release` or `aftercare held drop`",
    AlertKind.LATE: "look at `aftercare held list`, then `aftercare held release` or `aftercare held drop`",
    AlertKind.DOUBT: "look at the provider which ones arrived: `aftercare timeline` of the appointment says more",
    AlertKind.PAST_DUE: "see that `aftercare serve` runs, or that `aftercare dispatch` is called every minute, and "
    "read its log",
}
"""What a person does about each kind."""


def raise_alert(
    tx: Tx, kind: AlertKind, subject: str, *, reasons: tuple[Reason, ...], now: datetime, clinic: str | None = None
) -> None:
    """Open an alert and write a line about it, unless it is open already. The caller commits."""
    if alerts.raise_alert(tx, kind, subject, reasons=reasons, now=now, clinic=clinic):
        codes = [reason.code for reason in reasons]
        log.error("alert.opened", kind=kind, subject=subject, clinic=clinic, reasons=codes)


def end_alert(tx: Tx, kind: AlertKind, subject: str, *, now: datetime) -> None:
    """Close an alert that no longer holds, with a line about it; where none is open nothing happens."""
    if alerts.end_alert(tx, kind, subject, now=now):
        log.info("alert.closed", kind=kind, subject=subject)
