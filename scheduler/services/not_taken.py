"""Tells staff of appointments that came in by themselves and were not taken: nobody stood beside to read why."""

from datetime import datetime

from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import Reason, because
from scheduler.services.alerts import raise_alert
from scheduler.store.alerts import open_alerts
from scheduler.store.database import Tx


def tell_of_refused(
    tx: Tx, code: str, subject: str, *, clinic: str, count: int, now: datetime, **params: str
) -> None:
    """Open an alert about `count` things of a source that were refused, or add them to the one that is open.

    `code` is a clause of `domain.reasons` with a count, `subject` what they came from ("folder/north"), without
    patients' data. A person closes it: that the next file is clean says nothing of this one. The caller commits.
    """
    known = [it for it in open_alerts(tx) if it.kind is AlertKind.INTAKE and it.subject == subject]
    before = known[0].reasons if known else ()
    counted = sum(_count(it) for it in before if it.code == code) + count
    reason = because(code, count=str(counted), **params)
    others = tuple(it for it in before if it.code != code)
    raise_alert(tx, AlertKind.INTAKE, subject, clinic=clinic, reasons=(*others, reason), now=now)


def _count(reason: Reason) -> int:
    said = dict(reason.params).get("count", "0")
    return int(said) if said.isdecimal() else 0
