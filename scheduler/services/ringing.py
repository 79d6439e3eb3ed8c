"""Rings: tells whoever is on call of an alert, and the next one while nobody takes it. The outbox carries them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.domain.alert import AlertKind, template_of
from scheduler.domain.notice import AlertCause, MessageKind, NewNotice
from scheduler.domain.on_call import LATER, Contact, Rota, rota_of
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, because
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import ENGINE, raise_alert
from scheduler.services.circuits import stopped
from scheduler.store.alert_events import record_alert
from scheduler.store.alerts import Alert, count_ring, to_ring
from scheduler.store.circuits import open_circuits
from scheduler.store.database import Tx
from scheduler.store.notices import add_notices

log = get_logger(__name__)

VALID_FOR = timedelta(hours=24)
"""How long a ring is sent, and its link opens the alert; the next ring has a link of its own."""
PORTION = 100
"""Of alerts, in one commit."""


def raise_and_ring(
    tx: Tx,
    configuration: Configuration,
    kind: AlertKind,
    subject: str,
    *,
    reasons: tuple[Reason, ...],
    now: datetime,
    clinic: str | None,
    reply_id: int | None = None,
) -> Alert | None:
    """Open an alert and tell the first on call in the same transaction; return it where it is new.

    What can wait for the morning is told of then. The caller commits, after whatever it does to messages.
    """
    alert = raise_alert(tx, kind, subject, reasons=reasons, now=now, clinic=clinic, reply_id=reply_id)
    if alert:
        Bell(configuration).ring(tx, alert, now=now)
    return alert


@dataclass(frozen=True, slots=True)
class Bell:
    """Rings for one installation."""

    configuration: Configuration

    def ring_due(self, tx: Tx, *, now: datetime) -> int:
        """Ring for every alert that nobody took in time, a portion of them; return how many. The caller commits."""
        return sum(self.ring(tx, alert, now=now) for alert in to_ring(tx, now=now, limit=PORTION))

    def ring(self, tx: Tx, alert: Alert, *, now: datetime) -> bool:
        """Tell the next on call of an alert; return False where another engine did, or it has to wait.

        It waits for the morning, unless it is urgent, and where nobody is on call: somebody may be soon. The caller
        commits.
        """
        rota = self.rota(alert)
        if not rota.contacts:
            log.error("alert.nobody_on_call", alert=alert.id, kind=alert.kind, clinic=alert.clinic)
            count_ring(tx, alert, rings=alert.rings, ring_at=now + LATER)
            return False
        at = rota.allowed(alert.kind, now)
        if at > now:
            count_ring(tx, alert, rings=alert.rings, ring_at=at)
            return False
        contact, ring = rota.contact(alert.rings), alert.rings + 1
        if not count_ring(tx, alert, rings=ring, ring_at=rota.next_ring(alert.kind, ring, now)):
            return False
        add_notices(tx, self._notices(tx, alert, contact, ring, now), now=now)
        told = because("rung", by=contact.name, what=", ".join(contact.ways))
        record_alert(tx, alert.id, AlertCause.RUNG, at=now, by=ENGINE, reasons=(told,))
        log.info("alert.rung", alert=alert.id, kind=alert.kind, ring=ring)
        return True

    def rota(self, alert: Alert) -> Rota:
        """Return who is on call for an alert."""
        instance, clinics = self.configuration.instance, self.configuration.clinics
        return rota_of(clinics.get(alert.clinic or ""), clinics.values(), instance.on_call, instance.escalate_after)

    def _notices(self, tx: Tx, alert: Alert, contact: Contact, ring: int, now: datetime) -> Iterator[NewNotice]:
        for channel, address in contact.ways.items():
            clinic = self._sender(tx, alert, contact, channel)
            yield NewNotice(
                kind=MessageKind.ALERT,
                origin=f"alert/{alert.id}/{ring}/{channel}",
                clinic=clinic,
                channel=channel,
                to=address,
                template=template_of(alert.kind),
                language=self.configuration.clinic(clinic).languages[0],
                useful_until=now + VALID_FOR,
                alert_id=alert.id,
            )

    def _sender(self, tx: Tx, alert: Alert, contact: Contact, channel: Channel) -> str:
        """Return the clinic that a ring goes out from: the alert's own, else one whose sender works."""
        clinics = self.configuration.clinics
        own = clinics.get(alert.clinic or "")
        if own and own.on_call:
            return own.id
        refused = stopped(self.configuration, open_circuits(tx)).get(channel, frozenset())
        able = [it.id for it in clinics.values() if channel is Channel.WEBHOOK or it.sender(channel)]
        return min(able, key=lambda it: (it in refused, it != (alert.clinic or contact.clinic)))
