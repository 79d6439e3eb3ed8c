"""What waits for a person: told of, let go on, dropped, and expired when nobody decided in time."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import Reason, because, planned_part
from scheduler.domain.situation import Decision, Kind
from scheduler.domain.states import Brake, Cause, Status
from scheduler.services.alerts import end_alert, raise_alert
from scheduler.store.alerts import Alert
from scheduler.store.database import Store, Tx
from scheduler.store.held import Choice, held_messages, held_too_long, still_held
from scheduler.store.messages import Message
from scheduler.store.moves import Move
from scheduler.store.transitions import move_all

PORTION = 500
"""Of what a person decides about, in one commit: engines are not held up for longer."""

ALERTS = {
    Brake.CAP: AlertKind.CAP,
    Brake.VOLUME: AlertKind.VOLUME,
    Brake.BACKLOG: AlertKind.BACKLOG,
    Brake.LATE: AlertKind.LATE,
    Brake.CLASH: AlertKind.CLASH,
}
"""What people are told of as it is held, one alert for each clinic. Doubts are told of by who settles them."""


@dataclass(frozen=True, slots=True)
class Done:
    """How many held messages a person's word moved, and how many had stopped being useful before: those expired."""

    moved: int
    too_late: int = 0


def tell_held(tx: Tx, decided: Iterable[tuple[str, Decision]], *, now: datetime) -> None:
    """Raise an alert for each clinic and brake that holds something new. The caller commits."""
    told = {(clinic, it.brake): it.reasons[-1:] for clinic, it in decided if it.kind is Kind.HOLD and it.brake}
    for (clinic, brake), reasons in sorted(told.items()):
        if brake in ALERTS:
            raise_alert(tx, ALERTS[brake], clinic, clinic=clinic, reasons=reasons, now=now)


def release(store: Store, choice: Choice, *, now: datetime, by: str) -> Done:
    """Let held messages go on: they are due again as they were, and no brake asks a person again. Commits.

    The rules for late messages count when they go out. What is no longer useful expires. One that is held in doubt is
    sent again: if the provider had taken it, the patient gets it twice.
    """

    def go_on(message: Message) -> Move:
        if message.useful_until <= now:
            return _too_late(message, by)
        return Move(
            message.id,
            Status.HELD,
            Cause.RESUME,
            Status.SCHEDULED,
            by=by,
            reasons=(*planned_part(message.reasons), because("released", by=by, at=now)),
            try_at=now,
            released_at=now,
        )

    done = _move(store, choice, go_on, now)
    return Done(done[Status.SCHEDULED], done[Status.EXPIRED])


def drop(store: Store, choice: Choice, *, now: datetime, by: str) -> Done:
    """Let held messages expire, because a person says so. Commits."""

    def end(message: Message) -> Move:
        return _ended(message, because("operator"), by)

    return Done(_move(store, choice, end, now)[Status.EXPIRED])


def expire_held(tx: Tx, *, now: datetime, by: str) -> int:
    """Expire a portion of what is held and no longer useful; return how many. The caller commits."""
    found = held_too_long(tx, now=now, limit=PORTION)
    expired = move_all(tx, [_too_late(message, by) for message in found], now=now)
    _end_alerts(tx, found, now)
    return len(expired)


def idle_alerts(tx: Tx, alerts: Iterable[Alert]) -> list[tuple[AlertKind, str]]:
    """Return which of these alerts are about something held where nothing is any more, each with its clinic.

    What was held may have gone otherwise than by a person's word on it: its visit was called off, or planned anew.
    """
    about = {kind: brake for brake, kind in ALERTS.items()}
    known = [(it.kind, it.subject) for it in alerts if it.kind in about]
    still = still_held(tx, {clinic for _, clinic in known}) if known else frozenset()
    return [(kind, clinic) for kind, clinic in known if (clinic, about[kind]) not in still]


def _move(store: Store, choice: Choice, as_wished: Callable[[Message], Move], now: datetime) -> Counter[Status]:
    """Move what is chosen, a portion a commit, and count where it went."""
    done, above = Counter[Status](), 0
    while True:
        with store.write() as tx:
            found = held_messages(tx, choice, limit=PORTION, above=above)
            if not found:
                return done
            wishes = {message.id: as_wished(message) for message in found}
            done.update(wishes[it].to for it in move_all(tx, list(wishes.values()), now=now))
            _end_alerts(tx, found, now)
        above = found[-1].id


def _too_late(message: Message, by: str) -> Move:
    return _ended(message, because("not_useful", until_at=message.useful_until), by)


def _ended(message: Message, reason: Reason, by: str) -> Move:
    reasons = (*message.reasons, reason)
    return Move(message.id, Status.HELD, Cause.DECIDE, Status.EXPIRED, by=by, reasons=reasons)


def _end_alerts(tx: Tx, moved: Sequence[Message], now: datetime) -> None:
    """End the alerts about what is no longer held."""
    touched = {(it.clinic, it.brake) for it in moved if it.brake in ALERTS}
    if not touched:
        return
    still = still_held(tx, {clinic for clinic, _ in touched})
    for clinic, brake in sorted(touched - still):
        assert brake
        end_alert(tx, ALERTS[brake], clinic, now=now)
