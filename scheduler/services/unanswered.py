"""Who has not answered what was asked: listed for staff the next morning, until somebody has heard of them."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from scheduler.domain.alert import AlertKind
from scheduler.domain.appointment import AppointmentCause
from scheduler.domain.followup import listed_at
from scheduler.domain.reasons import Reason, because
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import end_alert, raise_alert
from scheduler.services.asking import OPEN_FOR
from scheduler.services.followups import take_reminders_back
from scheduler.services.schedule import standing_messages
from scheduler.services.unheard import tell_of_unheard
from scheduler.store.alerts import Alert, alerts_since
from scheduler.store.appointments import get_appointment
from scheduler.store.database import Store, Tx
from scheduler.store.events import record_visits
from scheduler.store.unanswered import Unanswered, unanswered

LOOK_BACK = OPEN_FOR
"""What can no longer be answered is no longer listed either."""
BETWEEN = timedelta(minutes=10)
_A_DAY = timedelta(days=1)


class Morning(NamedTuple):
    """The morning on which a clinic sees what was not answered the day before."""

    clinic: str
    day: date

    @property
    def subject(self) -> str:
        """What its alert is about."""
        return f"{self.clinic}/{self.day}"


@dataclass(frozen=True, slots=True)
class Listed:
    """A question that staff see as unanswered since that morning."""

    question: Unanswered
    morning: Morning


def listed(
    tx: Tx,
    configuration: Configuration,
    *,
    now: datetime,
    clinics: Collection[str] = (),
    visits: Collection[int] = (),
) -> tuple[Listed, ...]:
    """Return what staff are to look at now, the oldest first; of these clinics and visits, else of all.

    Not what was asked today, nor what belongs to a morning whose alert somebody has closed.
    """
    closed = {alert.subject for alert in _alerts(tx, now) if alert.closed_at}
    return tuple(it for it in _listed(tx, configuration, now, clinics, visits) if it.morning.subject not in closed)


def heard(tx: Tx, appointment_id: int, *, now: datetime, by: str) -> None:
    """Note that a person spoke with the patient: what was asked until now is no longer listed, nor reminded of.

    The caller commits. Raises NotFoundError.
    """
    get_appointment(tx, appointment_id)
    take_reminders_back(tx, standing_messages(tx, appointment_id), now=now, by=by)
    record_visits(tx, [(appointment_id, AppointmentCause.HEARD)], at=now, by=by)


@dataclass(slots=True)
class NoAnswers:
    """Raises one alert for a clinic's morning, and ends it when nobody is left; for one process."""

    _looked_at: datetime | None = field(default=None)

    def is_time(self, now: datetime) -> bool:
        """Whether the last look is long enough ago; a clock that was set back does not stop the looking."""
        return self._looked_at is None or abs(now - self._looked_at) >= BETWEEN

    def look(self, store: Store, configuration: Configuration, *, now: datetime) -> None:
        """Open, renew and end the alerts as it looks now. Blocks; commits what changes. Raises StoreError.

        One that a person closed stays closed, whoever has not answered. Who answered and could not be asked again is
        told of too.
        """
        self._looked_at = now
        tell_of_unheard(store, configuration, now=now)
        with store.read() as tx:
            known = {alert.subject: alert for alert in _alerts(tx, now)}
            counts = Counter(it.morning for it in _listed(tx, configuration, now, ()))
        told = {morning: count for morning, count in counts.items() if _is_news(known.get(morning.subject), count)}
        over = _over(known.values(), {morning.subject for morning in counts})
        if not told and not over:
            return
        with store.write() as tx:
            for morning, count in told.items():
                reasons = (_why(count),)
                raise_alert(tx, AlertKind.NO_ANSWER, morning.subject, reasons=reasons, now=now, clinic=morning.clinic)
            for alert in over:
                end_alert(tx, AlertKind.NO_ANSWER, alert.subject, now=now)


def _listed(
    tx: Tx, configuration: Configuration, now: datetime, clinics: Collection[str], visits: Collection[int] = ()
) -> Iterable[Listed]:
    first = now - LOOK_BACK
    for question in unanswered(tx, since=first, until=now, clinics=clinics, visits=visits, tell_once=False):
        clinic = configuration.clinics.get(question.clinic)
        if clinic is None:
            continue
        since = listed_at(clinic, question.asked_at)
        if since <= now:
            yield Listed(question, Morning(clinic.id, since.astimezone(clinic.timezone).date()))


def _alerts(tx: Tx, now: datetime) -> tuple[Alert, ...]:
    """Return the alerts of the mornings that can be listed, open and closed."""
    return alerts_since(tx, AlertKind.NO_ANSWER, now - LOOK_BACK - _A_DAY)


def _is_news(alert: Alert | None, count: int) -> bool:
    return alert is None or (alert.closed_at is None and alert.reasons != (_why(count),))


def _over(alerts: Iterable[Alert], listed_now: Collection[str]) -> list[Alert]:
    return [alert for alert in alerts if alert.closed_at is None and alert.subject not in listed_now]


def _why(count: int) -> Reason:
    return because("no_answer", count=str(count))
