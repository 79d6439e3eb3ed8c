"""The values that the page of one patient is made of. `patient_file` fills them; nothing here looks anything up."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Consent, Entry
from scheduler.domain.protocol import Channel, Purpose
from scheduler.domain.reasons import Reason
from scheduler.domain.states import UNSENT, Status
from scheduler.store.adjustments import StoredAdjustment
from scheduler.store.alerts import Alert
from scheduler.store.appointments import StoredAppointment
from scheduler.store.attempts import Attempt
from scheduler.store.correspondence import Written
from scheduler.store.events import Event
from scheduler.store.messages import Message
from scheduler.store.patient_file import AddressStop, Erasure, Happened, LedgerLine
from scheduler.store.patients import Patient
from scheduler.store.pauses import Order


@dataclass(frozen=True, slots=True)
class Text:
    """What a message says, or would say now: an email's subject, the words, an SMS's segments; or why it has none."""

    words: str = field(repr=False)
    subject: str | None = field(default=None, repr=False)
    segments: int | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the open visit. `at` is when it went out, or is due. `text` is None where it says nothing.

    `of_exception` is what a person decided about its step, in force; `speaks_for` the messages that it said too.
    """

    message: Message
    at: datetime
    reasons: tuple[Reason, ...]
    text: Text | None
    attempts: tuple[Attempt, ...]
    history: tuple[Happened, ...]
    speaks_for: tuple[int, ...]
    of_exception: StoredAdjustment | None

    @property
    def waits(self) -> bool:
        """Whether it is still to come."""
        return self.message.status in UNSENT


@dataclass(frozen=True, slots=True)
class Noted:
    """An exception for a step, with its note opened."""

    stored: StoredAdjustment
    note: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """The visit that is looked at, with its story; `lines` by when they go out."""

    visit: StoredAppointment
    lines: tuple[Line, ...]
    exceptions: tuple[Noted, ...]
    history: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class VisitLine:
    """A visit in one line: how many of its messages stand where."""

    visit: StoredAppointment
    counts: Counter[Status]


@dataclass(frozen=True, slots=True)
class Answer:
    """What went to a patient who wrote, or what staff wrote: its text as sent, else as written."""

    message: Message
    at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a patient wrote, what it was answered with, and whom it was brought to."""

    reply: Written
    answers: tuple[Answer, ...]
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """What holds for a channel and purpose: the decision, the line of the ledger that counts, the stop in force."""

    channel: Channel
    purpose: Purpose
    consent: Consent
    entry: Entry | None
    stop: AddressStop | None


@dataclass(frozen=True, slots=True)
class PatientFile:
    """The whole page. `before` leads to earlier visits, None without any; `clinic` None: its file is gone."""

    patient: Patient
    clinic: Clinic | None
    erasure: Erasure | None
    visits: tuple[VisitLine, ...]
    total: int
    before: int | None
    opened: OpenVisit | None
    heard: tuple[Heard, ...]
    said: tuple[Answer, ...]
    alerts: tuple[Alert, ...]
    held: tuple[Held, ...]
    ledger: tuple[LedgerLine, ...]
    stops: tuple[AddressStop, ...]
    pauses: tuple[Order, ...]

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        """What somebody should see to first: the alerts about the patient, and those that replies raised."""
        every = {it.id: it for it in (*self.alerts, *(one for it in self.heard for one in it.alerts))}
        return tuple(it for it in every.values() if it.closed_at is None)

    @property
    def own_pauses(self) -> tuple[Order, ...]:
        """Those of this patient alone, which are lifted here."""
        return tuple(it for it in self.pauses if it.pause.scope.patient is not None)
