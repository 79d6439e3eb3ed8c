"""Rings: tells whoever is on call of an alert, and the next one while nobody takes it. The outbox carries them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.domain.alert import AT_ONCE, AlertKind, template_of
from scheduler.domain.notice import AlertCause, MessageKind, NewNotice
from scheduler.domain.on_call import LATER, Contact, Rota, rota_of
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, because
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import ENGINE, raise_alert
from scheduler.services.circuits import stopped
from scheduler.services.ring_story import RUNG, RUNG_MORE, turns_of
from scheduler.store.alert_events import record_alert, stories_of_alerts
from scheduler.store.alerts import Alert, count_ring, to_ring
from scheduler.store.circuits import open_circuits
from scheduler.store.database import Tx
from scheduler.store.joins import JOINABLE, alert_to_join, join_alert, ring_anew
from scheduler.store.notices import add_notices
from scheduler.store.rings import withdraw_rings

log = get_logger(__name__)

VALID_FOR = timedelta(hours=24)
"""How long a ring is sent, and its link opens the alert; the next ring has a link of its own."""
STILL_AT_IT = timedelta(hours=1)
"""So long who took an alert is taken to see to it: of what is written then, they are told. Later it rings anew."""
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

    A reply joins the open alert of the same patient or number instead. What can wait for the morning is told of then.
    The caller commits, after whatever it does to messages.
    """
    if (
        reply_id is not None
        and kind in JOINABLE
        and _join(tx, configuration, kind, reply_id, reasons=reasons, now=now)
    ):
        return None
    alert = raise_alert(tx, kind, subject, reasons=reasons, now=now, clinic=clinic, reply_id=reply_id)
    if alert:
        Bell(configuration).ring(tx, alert, now=now)
    return alert


def _join(
    tx: Tx,
    configuration: Configuration,
    kind: AlertKind,
    reply_id: int,
    *,
    reasons: tuple[Reason, ...],
    now: datetime,
) -> bool:
    """Let a reply join what its writer's replies raised, and tell of it; False where nothing of that is open."""
    alert = alert_to_join(tx, reply_id)
    if alert is None:
        return False
    graver = kind if kind in AT_ONCE else alert.kind
    if not join_alert(tx, alert, reply_id, kind=graver, reasons=tuple(dict.fromkeys((*alert.reasons, *reasons)))):
        return False
    record_alert(tx, alert.id, AlertCause.JOINED, at=now, by=ENGINE, reasons=reasons)
    log.info("alert.joined", alert=alert.id, kind=graver, was=alert.kind, reply=reply_id)
    Bell(configuration).ring_of_more(tx, alert, worse=graver is not alert.kind, now=now)
    return True


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
        turns = turns_of(stories_of_alerts(tx, [alert.id]).get(alert.id, ()))
        ring_at = rota.next_ring(alert.kind, turns + 1, now)
        return self._ring(tx, alert, rota.contact(turns), RUNG, ring_at=ring_at, now=now)

    def ring_again(self, tx: Tx, alert: Alert, contact: Contact, code: str, *, now: datetime) -> bool:
        """Tell somebody once more, whose turn it was; who is told next, and when, stays. The caller commits."""
        return self._ring(tx, alert, contact, code, ring_at=alert.ring_at, now=now)

    def ring_of_more(self, tx: Tx, alert: Alert, *, worse: bool, now: datetime) -> None:
        """Tell of a reply that joined an alert, which is as it was before. The caller commits.

        Who took it a while ago is told once more; it rings anew where that was long ago, or where it is `worse` than
        what was taken, or where the next ring would come late.
        """
        if alert.taken_at is None:
            rota = self.rota(alert)
            if worse or alert.ring_at is None or alert.ring_at > now + rota.escalate_after:
                self._ring_anew(tx, alert, now)
            return
        taker = self.rota(alert).named(alert.taken_by)
        if taker is None or worse or now - alert.taken_at > STILL_AT_IT:
            self._ring_anew(tx, alert, now)
        else:
            self.ring_again(tx, alert, taker, RUNG_MORE, now=now)

    def ring_of_same(self, tx: Tx, alert: Alert, *, now: datetime) -> None:
        """Ring anew for words that were said before, where nobody was told, or took it, for a while.

        Else whoever looks at the alert sees them there: a machine may say the same for ever. The caller commits.
        """
        story = stories_of_alerts(tx, [alert.id]).get(alert.id, ())
        told = max(
            (it.at for it in story if it.cause in (AlertCause.RUNG, AlertCause.TAKEN)), default=alert.opened_at
        )
        if now - told > STILL_AT_IT:
            self._ring_anew(tx, alert, now)

    def _ring_anew(self, tx: Tx, alert: Alert, now: datetime) -> None:
        withdraw_rings(tx, alert.id, now=now, by=ENGINE)
        self.ring(tx, ring_anew(tx, alert.id, at=now), now=now)

    def _ring(
        self, tx: Tx, alert: Alert, contact: Contact, code: str, *, ring_at: datetime | None, now: datetime
    ) -> bool:
        """Ring one contact; return False where another engine did, or somebody took it. What still waits is over."""
        ring = alert.rings + 1
        if not count_ring(tx, alert, rings=ring, ring_at=ring_at):
            return False
        withdraw_rings(tx, alert.id, contact.ways.items(), now=now, by=ENGINE)
        add_notices(tx, self._notices(tx, alert, contact, ring, now), now=now)
        told = because(code, by=contact.name, what=", ".join(contact.ways))
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
