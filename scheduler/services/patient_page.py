"""A patient's own page: what it shows, and what becomes of what is sent from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

from scheduler.clock import Clock
from scheduler.content.advice import advice_of
from scheduler.content.calendar import Days, calendar_file
from scheduler.content.formats import day_in_words, locale_of
from scheduler.content.templates import Texts
from scheduler.content.variables import next_session_window, variables_for
from scheduler.domain.appointment import CALLED_OFF
from scheduler.domain.ledger import Wishes
from scheduler.domain.lexicon import Lexicon
from scheduler.domain.protocol import Protocol
from scheduler.domain.timing import visit_of
from scheduler.domain.triage import Verdict
from scheduler.protocols.configuration import Configuration
from scheduler.services.asking import question_at
from scheduler.services.links import Links
from scheduler.services.page_choices import BY, Choices, choices_of, choose, stop_all
from scheduler.services.page_sheet import Sheet, SheetWriter
from scheduler.services.page_visitor import Closed, Visitor, admit
from scheduler.services.replies import PageAnswer, take_page_answer
from scheduler.services.versions import version_of
from scheduler.store.database import Store, Tx
from scheduler.store.messages import messages_of
from scheduler.store.pages import is_rebooked
from scheduler.store.writers import hold_number


@dataclass(frozen=True, slots=True)
class Window:
    """The days on which the next session fits, both included, and where to book if that is known."""

    first: date
    last: date
    booking_url: str | None


@dataclass(frozen=True, slots=True)
class View:
    """All that the page shows. `takes_place` is False for a visit that was called off: then there is no sheet.

    `asks`: a question is open. `day` is that of the visit, at the clinic.
    """

    visitor: Visitor
    day: date
    takes_place: bool
    asks: bool
    sheet: Sheet
    window: Window | None
    choices: Choices

    def in_words(self, day: date) -> str:
        """Return a day as it is written in the language of the clinic's texts."""
        return day_in_words(day, locale_of(self.visitor.language, self.visitor.clinic.country))


@dataclass(frozen=True, slots=True)
class PatientPages:
    """Opens pages by the token of their link and takes what is sent from them. Methods block; each is one look.

    Every method returns `Closed` for a link that opens nothing. Raises StoreError, also (KeysError) where the
    patient's data can't be opened.
    """

    store: Store
    configuration: Configuration
    texts: Texts
    words: Callable[[], Sequence[Lexicon]]
    links: Links
    clock: Clock

    def open(self, token: str) -> View | Closed:
        """Return what the page shows now."""
        now = self.clock.now()
        with self.store.read() as tx:
            visitor = admit(tx, self.links, self.configuration, token, now=now)
            return visitor if isinstance(visitor, Closed) else self._view(tx, visitor, now)

    def answer(self, token: str, text: str, *, ticked: Verdict | None, form_id: str) -> PageAnswer | Closed:
        """Take the answer to the open question, or to none where it has closed since the form was shown.

        The same form with the same content is taken once. `text` is what the patient ticked and wrote, in words that
        are triaged like a text message; `ticked` is the least that it counts as.
        """
        visitor = self._admit(token)
        if isinstance(visitor, Closed):
            return visitor
        now, lexicons = self.clock.now(), self.words()
        with self.store.write() as tx:
            # Before the patient is held, as with a text: else each may wait for the other.
            hold_number(tx, visitor.patient.phone or "")
            return take_page_answer(
                tx,
                self.configuration,
                lexicons,
                patient_id=visitor.patient.id,
                message_id=question_at(tx, visitor.patient.id, now),
                text=text,
                form_id=f"{visitor.patient.id}/{form_id}",
                ticked=ticked,
                received_at=now,
                by=BY,
            )

    def choose(self, token: str, changed: Wishes, language: str, *, wording: str, version: str) -> Closed | None:
        """Put on record what a patient wants otherwise, and in which language; see `page_choices.choose`."""
        visitor = self._admit(token)
        if isinstance(visitor, Closed):
            return visitor
        with self.store.write() as tx:
            choose(tx, visitor, changed, language, wording=wording, version=version, now=self.clock.now())
        return None

    def stop(self, token: str, *, wording: str, version: str) -> Closed | None:
        """Stop all messages of the clinic to the patient."""
        visitor = self._admit(token)
        if isinstance(visitor, Closed):
            return visitor
        with self.store.write() as tx:
            stop_all(tx, visitor, wording=wording, version=version, now=self.clock.now())
        return None

    def calendar(self, view: View, *, title: str, text: str) -> bytes | None:
        """Return the file of the days of the next session, None where there are none."""
        if view.window is None:
            return None
        days = Days(
            uid=f"session-{view.visitor.visit.id}@{view.visitor.clinic.id}.aftercare",
            first=view.window.first,
            last=view.window.last,
            title=title,
            text=text,
            url=view.window.booking_url,
        )
        return calendar_file(days, now=self.clock.now())

    def _admit(self, token: str) -> Visitor | Closed:
        """Look at the link in a transaction of its own: what writes has its own order of what it holds first."""
        with self.store.read() as tx:
            return admit(tx, self.links, self.configuration, token, now=self.clock.now())

    def _view(self, tx: Tx, visitor: Visitor, now: datetime) -> View:
        visit, clinic = visitor.visit, visitor.clinic
        takes_place = visit.status not in CALLED_OFF
        protocol = version_of(tx, self.configuration, visitor.visit) if takes_place else None
        return View(
            visitor=visitor,
            day=visit.starts_at.astimezone(clinic.timezone).date(),
            takes_place=takes_place,
            asks=question_at(tx, visitor.patient.id, now) is not None,
            sheet=self._sheet(tx, visitor, protocol, now) if protocol else Sheet((), ()),
            window=_window(tx, visitor, protocol, now) if protocol else None,
            choices=choices_of(tx, visitor),
        )

    def _sheet(self, tx: Tx, visitor: Visitor, protocol: Protocol, now: datetime) -> Sheet:
        clinic, visit = visitor.clinic, visitor.visit
        variables = variables_for(
            clinic,
            protocol,
            patient_name=visitor.patient.name,
            language=visitor.language,
            starts_at=visit.starts_at,
        )
        planned = visit_of(visit.visit, protocol.duration, clinic.timezone, _zone(visitor))
        advice = partial(advice_of, catalogue=self.configuration.advice, clinic=clinic, language=visitor.language)
        writer = SheetWriter(self.texts, protocol, visitor.language, variables, advice)
        return writer.write(planned, messages_of(tx, visit.id), now=now)


def _zone(visitor: Visitor) -> ZoneInfo | None:
    return ZoneInfo(visitor.patient.timezone) if visitor.patient.timezone else None


def _window(tx: Tx, visitor: Visitor, protocol: Protocol, now: datetime) -> Window | None:
    """Return when the next session fits: from the visit on, until that is past or a later visit is booked."""
    clinic, visit = visitor.clinic, visitor.visit
    if now < visit.starts_at:
        return None
    window = next_session_window(protocol, visit.starts_at.astimezone(clinic.timezone).date())
    if window is None or window[1] < now.astimezone(clinic.timezone).date() or is_rebooked(tx, visit):
        return None
    return Window(*window, clinic.booking_url)
