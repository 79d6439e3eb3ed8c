"""Works on what booking systems told: each stored call once, whoever dies, and later what can't be done yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.channels.bookings.errors import AskingError
from scheduler.clock import Clock
from scheduler.domain.alert import AlertKind
from scheduler.domain.booking_event import EventState, Outcome
from scheduler.domain.reasons import because
from scheduler.domain.why import Why
from scheduler.errors import (
    AftercareError,
    ConflictError,
    KeysError,
    NotFoundError,
    RecordRefusedError,
    RefusedError,
    StoreError,
)
from scheduler.logs import get_logger, places
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import raise_alert
from scheduler.services.arriving import kept_back
from scheduler.services.bookings.following import Followed, Follower
from scheduler.services.bookings.news import News, NoNews, UnreadableError
from scheduler.services.bookings.not_taken import NotTakenError
from scheduler.services.bookings.overtaken import settle_overtaken
from scheduler.services.bookings.reading import read_call
from scheduler.services.bookings.sources import SecretOf, from_environment
from scheduler.services.bookings.ties import Ties
from scheduler.services.registration import Registrar
from scheduler.services.whys import whys
from scheduler.store.booking_events import (
    BookingEvent,
    count_refused,
    due_booking_events,
    get_booking_event,
    postpone_booking_event,
    settle_booking_event,
)
from scheduler.store.database import Store, Tx
from scheduler.store.known import wait_for_turn

log = get_logger(__name__)

WAITS = tuple(timedelta(seconds=it) for it in (5, 60, 300, 1800, 3600, 7200, 14400, 28800, 28800))
"""Between one question to a booking system and the next: a day altogether, then a person is told."""
PORTION = 100
"""Looked for at once."""
_FAULT = "it could not be worked on, which is a fault of the program: its log says more"


@dataclass(frozen=True, slots=True)
class BookingWorker:
    """Works for one process. Several may work at once: a clinic's bookings take turns. It blocks."""

    store: Store
    configuration: Configuration
    clock: Clock
    secret_of: SecretOf = from_environment

    def handle(self) -> int:
        """Work on all that waits and may be worked on; return how many calls that were. Raises StoreError.

        What was done may let earlier calls wait again: it ends once it came upon nothing that it could do.
        """
        handled = done = self._pass()
        while done:
            done = self._pass()
            handled += done
        return handled

    def _pass(self) -> int:
        handled, last = 0, 0
        while due := self._due(after=last):
            for event_id in due:
                handled += self._handle(event_id)
            last = due[-1]
        return handled

    def _due(self, *, after: int) -> tuple[int, ...]:
        with self.store.read() as tx:
            return due_booking_events(tx, now=self.clock.now(), after=after, limit=PORTION)

    def _handle(self, event_id: int) -> bool:
        with self.store.read() as tx:
            event = _open(tx, event_id)
        if event is None or event.state is not EventState.WAITING:
            return False
        try:
            return self._work(event)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  (whatever one call brings to light in us, the others are followed)
            kind, where = type(error).__name__, places(error)  # what it says may be a patient's
            log.error("booking.failed", event_id=event.id, source=event.source, error=kind, where=where)  # noqa: TRY400  (as said above)
            return self._refuse(event, _FAULT, (Why("fault"),))

    def _work(self, event: BookingEvent) -> bool:
        try:
            read = read_call(event, self.configuration, self.secret_of, now=self.clock.now())
        except AskingError as error:
            return self._later(event, error)
        except UnreadableError as error:
            return self._refuse(event, str(error), _why(error))
        if isinstance(read, NoNews):
            return self._ignore(event, read.why)
        try:
            return self._follow(event, read)
        except (NotTakenError, ConflictError, RecordRefusedError, KeysError) as error:
            # What the database refuses now it refuses the next time too: it must not stop the others.
            return self._refuse_news(event, read, str(error), _why(error))

    def _follow(self, event: BookingEvent, news: News) -> bool:
        """Follow what was read, with its mark, in one transaction. Raises NotTakenError: then nothing is written."""
        with self.store.write() as tx:
            if not _is_ours(tx, event):
                return False
            follower = self._follower(tx, event)
            followed = follower.follow(news, heard_at=event.received_at)
            settle_overtaken(tx, follower.ties, news, followed.outcome, now=self.clock.now())
            self._mark(tx, event, EventState.DONE, followed, booking=news.booking)
        log.info("booking.followed", event_id=event.id, source=event.source, outcome=followed.outcome)
        return True

    def _refuse_news(self, event: BookingEvent, news: News, reason: str, why: tuple[Why, ...]) -> bool:
        """Refuse a booking, and keep back what would go out for the visit that it was until now."""
        try:
            with self.store.write() as tx:
                if not _is_ours(tx, event):
                    return False
                if visit := self._follower(tx, event).keep_back(news, heard_at=event.received_at):
                    also = (*why, Why("kept_back", {"visit": str(visit)})) if why else ()
                    followed = Followed(Outcome.IGNORED, visit, kept_back(reason, visit), also)
                    self._mark_refused(tx, event, followed, booking=news.booking)
                    return True
        except (NotTakenError, ConflictError, RecordRefusedError, KeysError):
            log.debug("booking.not_kept_back", event_id=event.id)  # its own refusal says why
        return self._refuse(event, reason, why, booking=news.booking)

    def _follower(self, tx: Tx, event: BookingEvent) -> Follower:
        registrar = Registrar(self.configuration, self.clock, by=f"source:{event.source}", follow=True)
        ties = Ties(tx, self.configuration, event)
        return Follower(tx, registrar, self.configuration.clinics[event.clinic], event.source, ties)

    def _later(self, event: BookingEvent, error: AskingError) -> bool:
        """Let it wait, or give it up where its system could not be asked for a day."""
        reason, why = f"{event.source} {error}", (Why(error.code, error.values),)
        if event.tries >= len(WAITS):
            return self._refuse(event, reason, why)
        wait = max(WAITS[event.tries], timedelta(seconds=error.wait or 0))
        with self.store.write() as tx:
            until = self.clock.now() + min(wait, WAITS[-1])
            postpone_booking_event(tx, event.id, reason=reason, why=why, until=until)
        log.warning("booking.postponed", event_id=event.id, source=event.source)
        return False

    def _refuse(self, event: BookingEvent, reason: str, why: tuple[Why, ...], booking: str | None = None) -> bool:
        with self.store.write() as tx:
            if not _is_ours(tx, event):
                return False
            self._mark_refused(tx, event, Followed(Outcome.IGNORED, None, reason, why), booking=booking)
        return True

    def _ignore(self, event: BookingEvent, why: str) -> bool:
        with self.store.write() as tx:
            if not _is_ours(tx, event):
                return False
            self._mark(tx, event, EventState.DONE, Followed(Outcome.IGNORED, None, why), booking=None)
        return True

    def _mark_refused(self, tx: Tx, event: BookingEvent, followed: Followed, *, booking: str | None) -> None:
        """Note a refusal and tell a person of it, in the transaction of either."""
        self._mark(tx, event, EventState.REFUSED, followed, booking=booking)
        tell_refused(tx, event.clinic, event.source, now=self.clock.now())
        log.warning("booking.refused", event_id=event.id, source=event.source, clinic=event.clinic)

    def _mark(
        self, tx: Tx, event: BookingEvent, state: EventState, followed: Followed, *, booking: str | None
    ) -> None:
        settle_booking_event(
            tx,
            event.id,
            state,
            outcome=followed.outcome if state is EventState.DONE else None,
            reason=followed.reason,
            booking=booking,
            appointment=followed.appointment,
            now=self.clock.now(),
            why=followed.why,
        )


def tell_refused(tx: Tx, clinic: str, source: str, *, now: datetime) -> None:
    """Raise an alert that bookings of a source were refused, unless one is open. The caller commits."""
    count = count_refused(tx)[clinic, source]
    reasons = (because("bookings_refused", source=source, count=str(count)),)
    raise_alert(tx, AlertKind.INTAKE, f"bookings/{clinic}/{source}", reasons=reasons, now=now, clinic=clinic)


def _why(error: AftercareError) -> tuple[Why, ...]:
    """Return what an error says as codes; nothing where there is its message only."""
    if isinstance(error, NotTakenError):
        return error.why
    if isinstance(error, RefusedError):
        return whys(error)
    return (Why("keys"),) if isinstance(error, KeysError) else (Why("database_refuses"),)


def _is_ours(tx: Tx, event: BookingEvent) -> bool:
    """Take the clinic's turn, before anything else is locked; return whether nobody was here meanwhile."""
    wait_for_turn(tx, event.clinic)
    now = _open(tx, event.id)
    return now is not None and now.state is EventState.WAITING


def _open(tx: Tx, event_id: int) -> BookingEvent | None:
    try:
        return get_booking_event(tx, event_id)
    except NotFoundError:
        return None
