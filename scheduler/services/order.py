"""Which of two words on a visit counts: a source's older one never, nor one from before what staff decided of it."""

from datetime import datetime

from scheduler.domain.localtime import iso
from scheduler.domain.why import Why
from scheduler.domain.word import AHEAD, WordAge
from scheduler.errors import ConflictError
from scheduler.services.book import Book
from scheduler.store.appointments import StoredAppointment, note_said


def older_than(said_at: datetime | None) -> tuple[str, Why]:
    """Return why nothing is taken from a word that is older than the source's of that instant."""
    assert said_at is not None
    at = iso(said_at)
    said = f"older than what the booking system said of it later ({at}): nothing is taken from it"
    return said, Why("older_word", {"at": at})


def decided_since(decided_at: datetime | None) -> tuple[str, Why]:
    """Return why a word from before staff decided of a visit at that instant changes neither time nor status."""
    assert decided_at is not None
    at = iso(decided_at)
    said = f"was changed here ({at}) after the booking system last changed it, and stays so: change it there too"
    return said, Why("decided_since", {"at": at})


def is_ahead(age: WordAge | None, now: datetime) -> bool:
    """Whether a word is from a day that is to come: kept, it would keep all that follows out."""
    return age is not None and age.earliest > now + AHEAD


def refuse_ahead(age: WordAge | None, now: datetime) -> None:
    """Raise ConflictError for a word from a day that is to come."""
    if age and is_ahead(age, now):
        raise ConflictError(
            f"updated_at: {iso(age.earliest)} is still to come: look at the column that is mapped to it, and at "
            "import.dates",
            code="said_ahead",
            at=age.earliest,
        )


def anothers_off(external_id: str | None) -> ConflictError:
    """Return why nothing is registered under an id that was called off for somebody else."""
    return ConflictError(
        f"external_id {external_id} was called off for somebody else, of another name, phone and email: nothing was "
        "registered. If two booking systems count alike, give the ids of this one a part of their own",
        code="off_anothers",
    )


def keep_age(book: Book, known: StoredAppointment, age: WordAge | None) -> None:
    """Keep how old a word is that was taken, unless a newer one is known."""
    said_at = age.instant if age else None
    if said_at and (known.said_at is None or known.said_at < said_at):
        book.change(known, lambda tx: note_said(tx, known.id, said_at))
        book.note_said_of(known.patient_id, said_at)
