"""An export beside a live source: what that told of a booking, an export that may be older does not undo.

A difference is refused, so that a person sees it, unless the row says that it was changed later. What is the same
there, or says more (that somebody came, or did not), is followed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from scheduler.domain.appointment import CALLED_OFF, AppointmentStatus
from scheduler.domain.booking_event import Told
from scheduler.errors import ConflictError
from scheduler.services.book import Book
from scheduler.services.intake import CallOff, Registration
from scheduler.store.appointments import StoredAppointment
from scheduler.store.database import Tx
from scheduler.store.live_words import LiveWord, live_words, told_by_fhir

FHIR = "FHIR"
_LATER = "import a newer export, or change it there; a column mapped to updated_at decides which is newer"


@dataclass(frozen=True, slots=True)
class Live:
    """What live sources told of the ids of one batch."""

    words: Mapping[str, LiveWord]
    by_fhir: Collection[int]

    def heed(self, book: Book, said: Registration | CallOff) -> Registration | CallOff:
        """Return what is to be followed of a row: all, or no more of the person than is not known.

        Raises ConflictError where it differs from what a live source told, and nothing says that it is newer.
        """
        visit = book.find_named(said.external_id) if said.external_id else None
        source = self._source(visit, said)
        if source is None:
            return said
        is_off = said.status in CALLED_OFF
        if visit is None:
            self._refuse_gone(said, is_off=is_off)
            return said
        if is_off:
            if visit.status not in CALLED_OFF and said.status is not AppointmentStatus.NO_SHOW:
                raise ConflictError(
                    f"{source} tells itself that appointment {visit.id} is on: {_LATER}",
                    code="live_on",
                    source=source,
                )
            return said
        assert isinstance(said, Registration)
        return _as_told(source, visit, said)

    def _source(self, visit: StoredAppointment | None, said: Registration | CallOff) -> str | None:
        """Return who told of a booking, unless the row is newer than that; None where nobody did."""
        word = self.words.get(said.external_id or "")
        if word is None and not (visit and visit.id in self.by_fhir):
            return None
        as_of = (word.as_of if word else None) or (visit.said_at if visit else None)
        if said.age and as_of and not said.age.may_be_older(as_of):
            return None
        if said.age and visit and said.age.is_older(visit.said_at):
            return None  # nothing is taken from it in any case
        return word.source if word else FHIR

    def _refuse_gone(self, said: Registration | CallOff, *, is_off: bool) -> None:
        """Raise ConflictError for a booking that is on by a row alone: it was called off, or has another id now."""
        word = self.words[said.external_id or ""]
        if is_off or (word.told is Told.BOOKED and not word.moved):
            return
        source = word.source
        if word.moved:
            said_so = f"{source} told itself that it was moved, and has another id: {_LATER}"
            raise ConflictError(said_so, code="live_moved", source=source)
        raise ConflictError(f"{source} told itself that it was called off: {_LATER}", code="live_off", source=source)


def live_of(tx: Tx, book: Book, clinic: str, sources: Collection[str], ids: Collection[str]) -> Live:
    """Look up what live sources told of these ids, for which the book was opened."""
    visits = [visit.id for it in ids if (visit := book.find_named(it))]
    return Live(live_words(tx, clinic, sources, ids), told_by_fhir(tx, visits))


def _as_told(source: str, visit: StoredAppointment, said: Registration) -> Registration:
    """Return what a row adds to a live source's visit. Raises ConflictError where it moves it, or books it again."""
    off, moved = visit.status in CALLED_OFF, said.starts_at != visit.starts_at
    missed = visit.status is AppointmentStatus.NO_SHOW and said.status is AppointmentStatus.BOOKED
    if off and (moved or (said.status and not missed)):
        said_so = f"{source} told itself that appointment {visit.id} is off: {_LATER}"
        raise ConflictError(said_so, code="live_off", source=source)
    if moved:
        said_so = f"{source} told itself of another time of appointment {visit.id}: {_LATER}"
        raise ConflictError(said_so, code="live_time", source=source)
    return replace(said, ends_at=None, behind=said.behind or f"what {source} told")
