"""Follows what a booking system says of one booking: whatever order it comes in, and however often.

Of each id the newest word counts, by the source's own clock. An id that took the place of another is the same visit
under a new name, so that a move is one visit moved, whichever of its two calls comes first.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.booking_event import Outcome, Told
from scheduler.domain.clinic import Clinic
from scheduler.errors import RegistrationError
from scheduler.services.appointments import reschedule
from scheduler.services.arriving import arrive, our_treatment
from scheduler.services.bookings.news import News
from scheduler.services.intake import Field
from scheduler.services.moments import NoInstantError, read_instant
from scheduler.services.registration import Registered, Registrar, Result
from scheduler.store.appointments import StoredAppointment, set_external_id
from scheduler.store.bookings import Booking, Bookings, sources_of
from scheduler.store.database import Tx
from scheduler.store.known import look_up

_AHEAD = timedelta(days=1)
"""How far a booking system's clock may be ahead."""
_JUST_BEFORE = timedelta(microseconds=1)
"""So much older than a word is what a refusal of it says: tried again, the word counts; an older one does not."""
STATUSES = {Told.CANCELLED: AppointmentStatus.CANCELLED, Told.MISSED: AppointmentStatus.NO_SHOW}
_OUTCOMES = {
    Result.REGISTERED: Outcome.REGISTERED,
    Result.UNCHANGED: Outcome.UNCHANGED,
    Result.RESCHEDULED: Outcome.MOVED,
    Result.CANCELLED: Outcome.CALLED_OFF,
}


class NotTakenError(RegistrationError):
    """A booking can't be taken: the message says why. What its transaction wrote is to be rolled back."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What following came to; the visit, where there is one."""

    outcome: Outcome
    appointment: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Follower:
    """Follows one booking system of a clinic in a transaction that holds the clinic's turn. The caller commits."""

    tx: Tx
    registrar: Registrar
    clinic: Clinic
    source: str

    def follow(self, news: News, *, heard_at: datetime) -> Followed:
        """Follow what was said. Raises NotTakenError: then the caller rolls back.

        1. The ids that name each other are put in a row: the last is the booking's id of now.
        2. A visit under an earlier id gets that one.
        3. The newest word of the id of now is done.
        """
        self._refuse_anothers(news.booking)
        known = self._bookings
        before = known.get(news.booking)
        if news.back and before.told is not Told.MISSED:
            return Followed(Outcome.UNCHANGED, None, "it was no no-show")
        linked = self._link(news)
        as_of = _believable(news.as_of, heard_at)
        newer = _is_newer(news.told, as_of, before)
        if newer:
            known.put(replace(known.get(news.booking), told=news.told, as_of=as_of))
        if not newer and not linked:
            return Followed(Outcome.OLDER, None, "something newer is known of this booking")
        chain = known.chain(news.booking)
        visit = self._carry(chain)
        if chain[-1].id == news.booking and newer:
            moved_while_off = before.told is None and any(it.told in STATUSES for it in chain[:-1])
            if before.told is Told.MISSED and news.told is Told.BOOKED and visit:
                self._put_back(visit)
            if news.back:
                return Followed(Outcome.MOVED if visit else Outcome.UNCHANGED, visit.id if visit else None)
            return self._done(news, visit, was_off=before.told in STATUSES or moved_while_off)
        return self._settle(chain[-1], visit)

    def _put_back(self, visit: StoredAppointment) -> None:
        """Take a no-show back that the source had noted: whoever came gets what is still of use."""
        if visit.status is AppointmentStatus.NO_SHOW:
            now, by = self.registrar.clock.now(), self.registrar.by
            reschedule(self.tx, self.registrar.configuration, visit, starts_at=visit.starts_at, now=now, by=by)

    def keep_back(self, news: News, *, heard_at: datetime) -> int | None:
        """Call off the visit that a refused booking was, where it is at another time now, or for something else.

        What is known of it here is not so any more: nothing may go out for it. Taken after all, it is on again.
        Returns that visit, None where nothing had to be kept back. Raises NotTakenError: then the caller rolls back.
        """
        known = self._bookings
        self._refuse_anothers(news.booking)
        as_of = _believable(news.as_of, heard_at)
        if news.told is not Told.BOOKED or news.back or not _is_newer(news.told, as_of, known.get(news.booking)):
            return None
        self._link(news)
        chain = known.chain(news.booking)
        visit = self._carry(chain)
        if visit is None or chain[-1].id != news.booking or not self._is_stale(visit, news):
            return None
        known.put(replace(known.get(news.booking), told=Told.CANCELLED, as_of=as_of - _JUST_BEFORE))
        self._arrive({Field.EXTERNAL_ID: news.booking, Field.STATUS: AppointmentStatus.CANCELLED.value})
        return visit.id

    def _is_stale(self, visit: StoredAppointment, news: News) -> bool:
        """Whether a visit that is on is at another time than was told, or for another treatment.

        A treatment that nobody knows at the same time is more likely one that got another name there.
        """
        if visit.status is not AppointmentStatus.BOOKED:
            return False
        try:
            if read_instant(news.raw.get(Field.STARTS_AT, ""), self.clinic) != visit.starts_at:
                return True
            named = self._treatment(news.treatments)
            return our_treatment(named, self.clinic, self.registrar.configuration) != visit.treatment
        except NoInstantError:
            return True
        except RegistrationError:
            return False

    @property
    def _bookings(self) -> Bookings:
        return Bookings(self.tx, self.clinic.id, self.source)

    def _refuse_anothers(self, booking: str) -> None:
        """Refuse an id under which another booking system of the clinic has a booking: it would move a stranger's.

        One that is not in the clinic's file any more is none: most likely its block has got another id.
        """
        mine = {it.id for it in self.clinic.bookings} - {self.source}
        others = sources_of(self.tx, self.clinic.id, booking) & mine
        if others:
            raise NotTakenError(f"the id is one of {min(others)} too: two booking systems can't share ids")

    def _link(self, news: News) -> bool:
        """Note which id took the place of which; return whether that was new. A circle is no move."""
        known, new = self._bookings, False
        for old, now in ((news.replaces, news.booking), (news.booking, news.replaced_by)):
            if not old or not now or known.get(old).replaced_by == now:
                continue
            if old in {it.id for it in _from(known.chain(now), now)}:
                continue
            known.put(replace(known.get(old), replaced_by=now))
            if known.get(now) == Booking(now):
                known.put(Booking(now))
            new = True
        return new

    def _carry(self, chain: tuple[Booking, ...]) -> StoredAppointment | None:
        """Give the visit under an earlier id the id of now, and return it.

        Where both ids have a visit the earlier one is called off: the booking is one.
        """
        now = chain[-1].id
        visits = look_up(self.tx, self.clinic.id, [], [it.id for it in chain]).visits
        mine = visits.named(now)
        for earlier in reversed(chain[:-1]):
            visit = visits.named(earlier.id)
            if visit is None:
                continue
            if mine is None:
                set_external_id(self.tx, visit.id, now, now=self.registrar.clock.now())
                mine = visit
            else:
                self._arrive({Field.EXTERNAL_ID: earlier.id, Field.STATUS: AppointmentStatus.CANCELLED.value})
        return mine

    def _settle(self, current: Booking, visit: StoredAppointment | None) -> Followed:
        """Do what the id of now is known to be, after another id was heard of."""
        if visit is None:
            return Followed(Outcome.UNCHANGED, None, "the booking has another id now")
        if current.told is Told.BOOKED:
            return Followed(Outcome.UNCHANGED, visit.id, "the booking has another id now")
        # Nothing was said of the new id yet, or that it is off: the old time is off in either case.
        status = STATUSES.get(current.told or Told.CANCELLED, AppointmentStatus.CANCELLED)
        return self._arrive({Field.EXTERNAL_ID: current.id, Field.STATUS: status.value})

    def _done(self, news: News, visit: StoredAppointment | None, *, was_off: bool) -> Followed:
        if news.told is not Told.BOOKED:
            if visit is None:
                return Followed(Outcome.UNCHANGED, None, "it does not take place, and was never registered")
            return self._arrive({Field.EXTERNAL_ID: news.booking, Field.STATUS: STATUSES[news.told].value})
        # Who called a visit off here by hand keeps that until the source moves it. What the source called off
        # itself is on again when it says so.
        on_again = {Field.STATUS: AppointmentStatus.BOOKED.value} if was_off else {}
        said = {**news.raw, **{key: value for key, value in on_again.items() if not news.raw.get(key)}}
        treatment = self._treatment(news.treatments)
        return self._arrive({**said, Field.EXTERNAL_ID: news.booking, Field.TREATMENT: treatment})

    def _treatment(self, names: Iterable[str]) -> str:
        """Return the first of a source's names that stands for a protocol; else the first, to be refused by name."""
        several = list(names)
        for name in several:
            try:
                our_treatment(name, self.clinic, self.registrar.configuration)
            except RegistrationError:
                continue
            return name
        return several[0] if several else ""

    def _arrive(self, raw: dict[Field, str]) -> Followed:
        done = arrive(self.tx, self.registrar, self.clinic, raw)
        if done.result is Result.REFUSED:
            raise NotTakenError(done.reason)
        return _followed(done)


def _followed(done: Registered) -> Followed:
    return Followed(_OUTCOMES[done.result], done.appointment, done.reason)


def _believable(as_of: datetime | None, heard_at: datetime) -> datetime:
    """Return when something was so; what says it will be so in days would keep all that follows out."""
    return heard_at if as_of is None or as_of > heard_at + _AHEAD else as_of


def _is_newer(told: Told, as_of: datetime, known: Booking) -> bool:
    """Whether a word counts. Of two at the same instant the one that keeps a message back does."""
    if known.as_of is None or as_of > known.as_of:
        return True
    return as_of == known.as_of and told is not Told.BOOKED and known.told is Told.BOOKED


def _from(chain: tuple[Booking, ...], booking: str) -> tuple[Booking, ...]:
    """Return an id and those that took its place."""
    ids = [it.id for it in chain]
    return chain[ids.index(booking) :]
