"""Refused calls that nobody need mend any more: what a later call of the same booking said was done."""

from datetime import datetime

from scheduler.domain.booking_event import EventState, Outcome
from scheduler.services.bookings.news import News
from scheduler.services.bookings.ties import Ties
from scheduler.store.booking_events import settle_booking_event
from scheduler.store.bookings import Bookings
from scheduler.store.database import Tx

NEWER = "something newer is known of this booking"


def settle_overtaken(tx: Tx, ties: Ties, news: News, outcome: Outcome, *, now: datetime) -> None:
    """Settle the refused calls of a booking that are older than a call that was followed. The caller commits.

    Those of the ids that the booking had before are of it too; those of an id that it has by now are not.
    """
    if news.back or outcome in {Outcome.OLDER, Outcome.IGNORED}:
        return
    event = ties.event
    family = Bookings(tx, event.clinic, event.source).family(news.booking)
    ids = family.ids if family.current.id == news.booking else {news.booking}
    for number, booking in ties.overtaken(ids, news.as_of):
        settle_booking_event(
            tx,
            number,
            EventState.DONE,
            outcome=Outcome.OLDER,
            reason=NEWER,
            booking=booking,
            appointment=None,
            now=now,
        )
