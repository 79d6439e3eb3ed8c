"""The rows of one export, entered in the book in their order; what stood in the file before is remembered."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from math import nan

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.consent import Answer
from scheduler.domain.why import Why
from scheduler.errors import ConflictError, RegistrationError
from scheduler.protocols.hints import shown
from scheduler.services.book import Book
from scheduler.services.exports.columns import Columns
from scheduler.services.exports.live import Live, live_of
from scheduler.services.exports.newest import Newest
from scheduler.services.exports.table import Row
from scheduler.services.intake import CallOff, Field, Registration
from scheduler.services.registration import Registered, Registrar, Result
from scheduler.services.whys import whys
from scheduler.store.database import Tx
from scheduler.store.names import plain_name

_DIGEST = 16
_NOTE = struct.Struct(f">qq{_DIGEST}sdd")
"""A line of the file, its appointment (0 for none), a digest of what it said, and between which seconds it was
changed (not a number: nobody knows)."""
_UNKNOWN = (nan, nan)


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of one row; `row` is its line in the file or sheet, the first being 1."""

    row: int
    result: Result
    reason: str
    appointment: int | None
    who: str = field(default="", repr=False)
    """The name in the row, as far as it could be read, so that a person finds the row again."""
    when: str = field(default="", repr=False)
    """The start of the visit on the clinic's clock, or what the row has in its place."""
    why: tuple[Why, ...] = ()
    """The reason as codes, for pages in other languages."""


@dataclass(frozen=True, slots=True)
class Read:
    """A row as it was read: what it calls off, what it registers, or what is wrong with it."""

    line: int
    raw: Mapping[Field, str] = field(repr=False)
    called_off: CallOff | None = None
    registration: Registration | None = None
    wrong: str = ""
    why: tuple[Why, ...] = ()

    @property
    def changed(self) -> tuple[float, float]:
        """Between which seconds the booking was last changed; of what is not known, no comparison holds."""
        said = self.called_off or self.registration
        return (said.age.earliest.timestamp(), said.age.latest.timestamp()) if said and said.age else _UNKNOWN

    @property
    def named(self) -> str:
        """The id that the booking system gives it, "" for none."""
        return self.raw.get(Field.EXTERNAL_ID, "").strip()


@dataclass(frozen=True, slots=True)
class Rows:
    """Takes the rows of one file. Of what a dry run registers no number is told: it is taken back."""

    columns: Columns
    registrar: Registrar
    newest: Newest
    dry_run: bool = False
    _taken: dict[bytes, bytes] = field(default_factory=dict)
    """What each visit stood for: digests and numbers, since a file may have any number of rows."""

    def read(self, row: Row) -> Read:
        """Read a row, which needs no transaction: others may write meanwhile."""
        if row.problem:
            return Read(row.line, {}, wrong=row.problem, why=(Why("row_unreadable"),))
        raw = self.columns.fields(row.cells)
        called_off = self.columns.call_off(raw)
        try:
            registration = self.columns.registration(raw)
            self._refuse_done_ahead(registration)
            return Read(row.line, raw, called_off, self._as_of_now(row.line, raw, registration))
        except RegistrationError as error:
            return Read(row.line, raw, called_off, wrong=str(error), why=whys(error))

    def _as_of_now(self, line: int, raw: Mapping[Field, str], registration: Registration) -> Registration:
        """Return a registration that says no more of the person than what no newer row says."""
        newer = self.newest.newer_than(line, raw)
        over = frozenset(self.newest.superseded(line, raw))
        return replace(
            registration,
            behind=f"row {newer}" if newer else "",
            consent_sms=Answer.UNKNOWN if Field.CONSENT_SMS in over else registration.consent_sms,
            consent_email=Answer.UNKNOWN if Field.CONSENT_EMAIL in over else registration.consent_email,
            consent_marketing=Answer.UNKNOWN if Field.CONSENT_MARKETING in over else registration.consent_marketing,
        )

    def _refuse_done_ahead(self, registration: Registration) -> None:
        """Raise RegistrationError for what has taken place on a day that is to come: the date was misread."""
        if registration.status is not AppointmentStatus.COMPLETED:
            return
        zone = self.columns.clinic.timezone
        day, today = (it.astimezone(zone).date() for it in (registration.starts_at, self.registrar.clock.now()))
        if day > today:
            raise RegistrationError(
                f"status: has taken place, it says, on {day}, a day to come: look at import.dates, or at the status",
                code="done_ahead",
                on=day.isoformat(),
            )

    def take(self, tx: Tx, rows: Sequence[Read]) -> Iterator[RowReport]:
        """Register, follow or refuse the rows of a batch, in their order; yield a report for each."""
        registrations = [row.registration for row in rows if row.registration]
        called_off = [row.called_off for row in rows if row.called_off]
        book = self.registrar.open(tx, self.columns.clinic.id, registrations, called_off)
        sources = [it.id for it in self.columns.clinic.bookings]
        live = live_of(tx, book, self.columns.clinic.id, sources, [row.named for row in rows if row.named])
        new: set[int | None] = set()
        for row in rows:
            yield self._take(book, live, row, new)
        book.write()

    def _take(self, book: Book, live: Live, row: Read, new: set[int | None]) -> RowReport:
        """Take one row; `new` are the appointments that a dry run has made in this transaction."""
        keys, is_older = [*_keys(row)], False
        if note := next((self._taken[key] for key in keys if key in self._taken), None):
            line, appointment, said, since, until = _NOTE.unpack(note)
            earliest, latest = row.changed
            is_older, is_newer = latest < since, earliest > until
            if (row.named and not (is_older or is_newer)) or (not row.named and said != _said(row)):
                return self._repeated(row, line, appointment, said)
        try:
            done = self._entered(book, live, row)
        except ConflictError as error:
            return self._report(row, Registered(Result.REFUSED, None, str(error), whys(error)))
        if done is None:
            return self._report(row, Registered(Result.REFUSED, None, row.wrong, row.why))
        if self.dry_run and (done.result is Result.REGISTERED or done.appointment in new):
            new.add(done.appointment)
            done = replace(done, appointment=None)
        if not is_older:
            note = _NOTE.pack(row.line, done.appointment or 0, _said(row), *row.changed)
            self._taken.update(dict.fromkeys(keys, note))
        return self._report(row, done)

    def _report(self, row: Read, done: Registered) -> RowReport:
        """Say what became of a row, with what a person knows it by."""
        parts = (row.raw.get(it, "").strip() for it in (Field.NAME, Field.FIRST_NAME, Field.LAST_NAME))
        who, when = " ".join(part for part in parts if part), row.raw.get(Field.STARTS_AT, "")
        if known := row.registration:
            who, local = known.name, known.starts_at.astimezone(self.columns.clinic.timezone)
            when = f"{local:%Y-%m-%d %H:%M}"
        return RowReport(row.line, done.result, done.reason, done.appointment, shown(who), shown(when), done.why)

    def _entered(self, book: Book, live: Live, row: Read) -> Registered | None:
        """Enter a row; one that calls a known visit off may say anything else, or nothing. None: it can't be read."""
        if said := row.called_off or row.registration:
            said = live.heed(book, said)
        done = self.registrar.call_off(book, row.called_off) if row.called_off else None
        if done or not row.registration:
            return done
        return self.registrar.enter(book, said if isinstance(said, Registration) else row.registration)

    def _repeated(self, row: Read, line: int, appointment: int, said: bytes) -> RowReport:
        """Judge a row that stood in the file before, where nobody can say which of two that differ is the newer."""
        if _said(row) == said:
            return self._report(row, Registered(Result.UNCHANGED, appointment or None))
        reason = f"external_id: stands in row {line} too, with other content: keep the row that is right"
        why = Why("row_differs", {"line": str(line)})
        if not row.named:
            reason = (
                f"row {line} is of the same person, treatment and start, and says something else: keep the row that "
                "is right, or map external_id"
            )
            why = Why("row_contradicts", {"line": str(line)})
        return self._report(row, Registered(Result.REFUSED, None, reason, (why,)))


def _keys(row: Read) -> Iterator[bytes]:
    """Yield what a row is known by in its file: its id, else its person at each address, its treatment and start."""
    if row.named:
        yield _digest(row.named)
    elif it := row.registration:
        person = [it.patient_ref] if it.patient_ref else [it.phone, it.email]
        visit = f"{it.treatment}\0{it.starts_at.timestamp()}"
        name = "" if it.patient_ref else plain_name(it.name)
        yield from (_digest(f"\0{name}\0{one}\0{visit}") for one in person if one)


def _said(row: Read) -> bytes:
    """Return a digest of all that a row says; without an id, of what two rows of one visit may contradict."""
    if not row.named and (it := row.registration):
        return _digest(f"{it.status or AppointmentStatus.BOOKED}\0{it.ends_at}")
    return _digest("\0".join(f"{key}={value}" for key, value in row.raw.items()))


def _digest(text: str) -> bytes:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=_DIGEST).digest()
