"""Follows what a booking system says of one booking: whatever order it comes in, and however often.

Of each id the newest word counts, by the source's own clock; of two of one instant the one that came last. An id
that took the place of another is the same visit under a new name, so that a move is one visit moved, whichever of its
two calls comes first. Two ids may take the place of the same one (calcom/cal.com#12922: the link to move a booking
works twice): the last one is the visit.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.booking_event import Outcome, Told
from scheduler.domain.clinic import Clinic
from scheduler.domain.why import Why
from scheduler.services.appointments import reschedule
from scheduler.services.arriving import arrive, call_off_known
from scheduler.services.bookings.doubts import doubt
from scheduler.services.bookings.linking import believable, is_newer, link
from scheduler.services.bookings.news import News
from scheduler.services.bookings.no_shows import of_the_patient
from scheduler.services.bookings.not_taken import NotTakenError
from scheduler.services.bookings.stale import best_treatment, is_overtaken, is_stale
from scheduler.services.bookings.ties import Ties
from scheduler.services.intake import Field, of_person
from scheduler.services.registration import Registered, Registrar, Result
from scheduler.store.appointments import StoredAppointment, note_said, set_external_id
from scheduler.store.booking_events import read_again
from scheduler.store.bookings import Booking, Bookings, Family, sources_of
from scheduler.store.database import Tx
from scheduler.store.known import look_up
from scheduler.store.patients import get_patient

_JUST_BEFORE = timedelta(microseconds=1)
"""So much older than a word is what a refusal of it says: tried again, the word counts; an older one does not."""
_TIE = "it is of the same instant as another call: the one that came last counts"
STATUSES = {Told.CANCELLED: AppointmentStatus.CANCELLED, Told.MISSED: AppointmentStatus.NO_SHOW}
_OF_ANOTHER = frozenset({"id_taken", "id_anothers"})
"""Codes by which a booking is refused because the visit of that id is another person's."""
_OUTCOMES = {
    Result.REGISTERED: Outcome.REGISTERED,
    Result.UNCHANGED: Outcome.UNCHANGED,
    Result.RESCHEDULED: Outcome.MOVED,
    Result.CANCELLED: Outcome.CALLED_OFF,
}


@dataclass(frozen=True, slots=True)
class Followed:
    """What following came to; the visit, where there is one. `why` says the same as the reason, as codes."""

    outcome: Outcome
    appointment: int | None
    reason: str = ""
    why: tuple[Why, ...] = ()


@dataclass(frozen=True, slots=True)
class Follower:
    """Follows one booking system of a clinic in a transaction that holds the clinic's turn. The caller commits."""

    tx: Tx
    registrar: Registrar
    clinic: Clinic
    source: str
    ties: Ties

    def follow(self, news: News, *, heard_at: datetime) -> Followed:
        """Follow what was said. Raises NotTakenError: then the caller rolls back.

        1. The ids that name each other are one family: one of them is the booking's id of now.
        2. A visit under another id gets that one.
        3. The newest word of the id of now is done.
        """
        self._refuse_anothers(news.booking)
        known = self._bookings
        news = of_the_patient(self.tx, self.clinic.id, known.family(news.booking).ids, news, self.ties)
        before = known.get(news.booking)
        if news.back and before.told is not Told.MISSED:
            return Followed(Outcome.UNCHANGED, None, "it was no no-show")
        linked = link(self._bookings, news)
        as_of = believable(news.as_of, heard_at)
        newer = self._counts(news, as_of, before)
        if newer:
            known.put(replace(known.get(news.booking), told=news.told, as_of=as_of))
        if not newer and not linked:
            return Followed(Outcome.OLDER, None, "something newer is known of this booking")
        family = known.family(news.booking)
        visit, is_its_own = self._carry(family)
        if family.current.id == news.booking and newer:
            moved_while_off = before.told is None and any(it.told in STATUSES for it in family.others)
            if before.told is Told.MISSED and news.told is Told.BOOKED and visit:
                self._put_back(visit)
            if news.back:
                return Followed(Outcome.MOVED if visit else Outcome.UNCHANGED, visit.id if visit else None)
            is_tie = as_of == before.as_of  # what dates two words alike may say nothing of when it changed
            dated = replace(news, as_of=as_of if as_of == news.as_of and not is_tie else None)
            was_off, is_its = before.told in STATUSES or moved_while_off, _is_told_of(family, before)
            done = self._done(dated, visit, was_off=was_off, is_its=is_its)
            return replace(done, reason=done.reason or _TIE) if is_tie and news.as_of else done
        return self._settle(family.current, visit, is_its_own=is_its_own)

    def _put_back(self, visit: StoredAppointment) -> None:
        """Take a no-show back that the source had noted: whoever came gets what is still of use."""
        if visit.status is AppointmentStatus.NO_SHOW:
            now, by = self.registrar.clock.now(), self.registrar.by
            configuration, at = self.registrar.configuration, visit.starts_at
            reschedule(self.tx, configuration, visit, starts_at=at, now=now, by=by, decided=False)

    def keep_back(self, news: News, *, heard_at: datetime) -> int | None:
        """Call off the visit that a refused booking was, where time, treatment or person are others now.

        What is known of it here is not so any more: nothing may go out for it. Taken after all, it is on again. A
        word that is older than what was said or decided of the visit keeps nothing back, refused or not.
        Returns that visit, also where it was kept back for that word before; None where nothing had to be. Raises
        NotTakenError: then the caller rolls back.
        """
        known = self._bookings
        self._refuse_anothers(news.booking)
        as_of = believable(news.as_of, heard_at)
        if news.told is not Told.BOOKED or news.back or not self._counts(news, as_of, known.get(news.booking)):
            return None
        link(self._bookings, news)
        family = known.family(news.booking)
        if family.current.id != news.booking:
            return None
        visit, _ = self._carry(family)
        if visit is None or is_overtaken(visit, as_of):
            return None
        before = known.get(news.booking)
        kept = replace(before, told=Told.CANCELLED, as_of=as_of - _JUST_BEFORE)
        if before == kept and visit.status is AppointmentStatus.CANCELLED:
            return visit.id
        if not self._is_stale(visit, news):
            return None
        said = {} if _is_told_of(family) else of_person(news.raw)  # whose an id is that it never told of shows that
        known.put(kept)
        off = {Field.EXTERNAL_ID: news.booking, Field.STATUS: AppointmentStatus.CANCELLED.value}
        self._arrive({**said, **off})
        return visit.id

    def _is_stale(self, visit: StoredAppointment, news: News) -> bool:
        patient = get_patient(self.tx, visit.patient_id)
        return is_stale(visit, patient, news, self.clinic, self.registrar.configuration)

    def _counts(self, news: News, as_of: datetime, known: Booking) -> bool:
        return is_newer(as_of, known) or (as_of == known.as_of and self.ties.counts(news, as_of))

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
            why = Why("shared_id", {"source": min(others)})
            raise NotTakenError(
                f"the id is one of {why.values['source']} too: two booking systems can't share ids", [why]
            )

    def _carry(self, family: Family) -> tuple[StoredAppointment | None, bool]:
        """Give the visit under another id the id of now; return it, and whether it had that id already.

        Where several ids have a visit only that of the id of now stays on: the booking is one.
        """
        now = family.current.id
        visits = look_up(self.tx, self.clinic.id, [], list(family.ids)).visits
        mine = visits.named(now)
        is_its_own = mine is not None
        for other in reversed(family.others):
            visit = visits.named(other.id)
            if visit is None:
                continue
            if mine is None:
                set_external_id(self.tx, visit.id, now, now=self.registrar.clock.now())
                note_said(self.tx, visit.id, None)  # that was said of the other id
                mine = visit
            else:
                self._arrive({Field.EXTERNAL_ID: other.id, Field.STATUS: AppointmentStatus.CANCELLED.value})
        return mine, is_its_own

    def _settle(self, current: Booking, visit: StoredAppointment | None, *, is_its_own: bool) -> Followed:
        """Do what the id of now is known to be, after another id was heard of."""
        if visit is None:
            return Followed(Outcome.UNCHANGED, None, "the booking has another id now")
        if current.told is Told.BOOKED and is_its_own:
            return Followed(Outcome.UNCHANGED, visit.id, "the booking has another id now")
        # Nothing was said of the new id yet, or that it is off: the old time is off in either case. So it is where
        # the other of two that took the same place is on still: what that said is read again, a moment later.
        off = current.told if current.told in STATUSES else Told.CANCELLED
        done = self._arrive({Field.EXTERNAL_ID: current.id, Field.STATUS: STATUSES[off].value})
        return replace(done, reason=self._read_again(current), why=()) if current.told is Told.BOOKED else done

    def _read_again(self, current: Booking) -> str:
        """Have all that was told of an id followed anew; return what is said of that."""
        now = self.registrar.clock.now()
        if read_again(self.tx, self.clinic.id, self.source, current.id, now=now):
            self._bookings.put(Booking(current.id, replaces=current.replaces))
            return "another booking took the place of the same one, and is on: it is read again"
        return "another booking took the place of the same one, and was told of too long ago: register it by hand"

    def _done(self, news: News, visit: StoredAppointment | None, *, was_off: bool, is_its: bool) -> Followed:
        """Do what was said. `is_its`: the source told of this booking before, so that it knows whose it is."""
        # What was only heard at some time may have been so long before: exports are not measured by that.
        dated = {Field.UPDATED_AT: news.as_of.isoformat()} if news.as_of else {}
        if news.told is not Told.BOOKED:
            off = {Field.EXTERNAL_ID: news.booking, Field.STATUS: STATUSES[news.told].value}
            if visit is None:  # kept all the same: an export from before that would register it
                call_off_known(self.tx, self.registrar, self.clinic, {**of_person(news.raw), **off, **dated})
                return Followed(Outcome.UNCHANGED, None, "it does not take place, and was never registered")
            return self._arrive({**({} if is_its else of_person(news.raw)), **off, **dated})
        if visit and (doubted := doubt(self.tx, visit, news, self.clinic, now=self.registrar.clock.now())):
            raise NotTakenError(doubted[0], [doubted[1]])
        # Who called a visit off here by hand keeps that until the source moves it. What the source called off
        # itself is on again when it says so.
        on_again = {Field.STATUS: AppointmentStatus.BOOKED.value} if was_off else {}
        said = {**news.raw, **{key: value for key, value in on_again.items() if not news.raw.get(key)}}
        treatment = best_treatment(news.treatments, self.clinic, self.registrar.configuration)
        raw = {**said, **dated, Field.EXTERNAL_ID: news.booking, Field.TREATMENT: treatment}
        done = arrive(self.tx, self.registrar, self.clinic, raw)
        if visit and is_its and any(it.code in _OF_ANOTHER for it in done.why):
            return self._give_on(visit, raw)
        return _followed(done)

    def _give_on(self, visit: StoredAppointment, raw: dict[Field, str]) -> Followed:
        """Call off the visit of whom the booking was for, and register who has it now, under the same id."""
        self._arrive({Field.EXTERNAL_ID: raw[Field.EXTERNAL_ID], Field.STATUS: AppointmentStatus.CANCELLED.value})
        done = self._arrive({Field.STATUS: AppointmentStatus.BOOKED.value, **{k: it for k, it in raw.items() if it}})
        return replace(done, reason=f"it is somebody else's now: appointment {visit.id} was called off", why=())

    def _arrive(self, raw: dict[Field, str]) -> Followed:
        return _followed(arrive(self.tx, self.registrar, self.clinic, raw))


def _is_told_of(family: Family, before: Booking | None = None) -> bool:
    """Whether the source told of a booking: of one of its other ids, or of this one before."""
    others = family.others if before else family.members
    return any(it.as_of for it in (*others, *([before] if before else [])))


def _followed(done: Registered) -> Followed:
    """Return what became of a booking. Raises NotTakenError."""
    if done.result is Result.REFUSED:
        raise NotTakenError(done.reason, done.why)
    return Followed(_OUTCOMES[done.result], done.appointment, done.reason, done.why)
