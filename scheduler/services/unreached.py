"""Rings that reached nobody: the next on call is told at once, and it is on record who could not be reached."""

from datetime import datetime

from scheduler.domain.notice import AlertCause
from scheduler.domain.reasons import because
from scheduler.domain.states import Status
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import ENGINE
from scheduler.services.ring_story import RUNG_AGAIN, missed_in_a_row, rung_last
from scheduler.services.ringing import PORTION, Bell
from scheduler.store.alert_events import record_alert, stories_of_alerts
from scheduler.store.alerts import Alert, get_alert
from scheduler.store.database import Tx
from scheduler.store.joins import ring_anew
from scheduler.store.rings import dead_rings, latest_ring

log = get_logger(__name__)


def ring_instead(tx: Tx, configuration: Configuration, *, now: datetime) -> int:
    """Ring the next for each alert whose last ring reached nobody; return for how many somebody is told now.

    Where nobody knows whether it went out, the same contact is rung once more first: staff may be told twice. Where
    all in turn could not be reached, the next round waits for its time. The caller commits.
    """
    bell = Bell(configuration)
    return sum(_instead(tx, bell, get_alert(tx, it), now) for it in dead_rings(tx, limit=PORTION))


def _instead(tx: Tx, bell: Bell, alert: Alert, now: datetime) -> bool:
    story = stories_of_alerts(tx, [alert.id]).get(alert.id, ())
    last, rota = rung_last(story), bell.rota(alert)
    if last is None:  # another engine was faster
        return False
    ring, told = latest_ring(tx, alert.id), dict(last.params)
    contact = rota.named(told["by"])
    if contact and last.code != RUNG_AGAIN and any(it.status is Status.UNKNOWN for it in ring):
        return bell.ring_again(tx, alert, contact, RUNG_AGAIN, now=now)
    missed = because("not_reached", by=told["by"], what=", ".join(it.channel for it in ring))
    why = dict.fromkeys(reason for it in ring for reason in it.reasons)
    record_alert(tx, alert.id, AlertCause.MISSED, at=now, by=ENGINE, reasons=(missed, *why))
    log.warning("alert.not_reached", alert=alert.id, kind=alert.kind, ring=alert.rings)
    everybody = not rota.contacts or (missed_in_a_row(story) + 1) % len(rota.contacts) == 0
    if alert.taken_at is not None:  # who took it could not be told of more: it is nobody's again
        alert = ring_anew(tx, alert.id, at=now + rota.escalate_after if everybody else now)
    return not everybody and bell.ring(tx, alert, now=now)
