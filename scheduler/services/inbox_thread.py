"""One thread of the inbox: what was asked, what was written, what the machine and the staff made of it, in order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from scheduler.domain.alert import CLOSED_BY_HAND, AlertKind
from scheduler.domain.clinic import Clinic
from scheduler.domain.notice import AlertCause, ReplyCause
from scheduler.domain.reasons import Reason
from scheduler.errors import KeysError, NotFoundError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.alert_page import Answered, answered_now, patients_named
from scheduler.store.alert_events import AlertEvent, stories_of_alerts
from scheduler.store.alerts import Alert, alerts_of_reply, get_alert
from scheduler.store.appointments import StoredAppointment, get_appointment
from scheduler.store.attempts import attempts_of
from scheduler.store.correspondence import answers_to
from scheduler.store.database import Tx
from scheduler.store.desk_messages import SUBJECT, DeskMessage, desk_message, desk_messages_of_replies
from scheduler.store.desk_notes import notes_on
from scheduler.store.inbox_facts import replies_by_id, replies_of_writer, takings_of, told_of
from scheduler.store.joins import replies_joined
from scheduler.store.messages import get_message
from scheduler.store.patients import Patient, get_patient
from scheduler.store.replies import Reply
from scheduler.store.writers import owners_of

log = get_logger(__name__)

EARLIER = 10
"""Replies of the same writer that are shown, at most, beside those that the thread is about."""


class What(StrEnum):
    """What an entry of a thread is."""

    ASKED = "asked"
    WROTE = "wrote"
    MACHINE = "machine"
    STAFF = "staff"
    NOTE = "note"
    EVENT = "event"


_ORDER = (What.ASKED, What.WROTE, What.EVENT, What.MACHINE, What.STAFF, What.NOTE)
"""Of what happened at one instant."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, with when. What is set depends on `what`; `text` None: it can't be opened.

    `is_new`: a reply that the thread is about, and not one of before. `answer` is what the machine made of a reply.
    `code` is what happened, of an event, and `by` whose doing a text, a note or an event is.
    """

    what: What
    at: datetime
    text: str | None = field(default="", repr=False)
    by: str = ""
    code: str = ""
    reasons: tuple[Reason, ...] = ()
    reply: Reply | None = field(default=None, repr=False)
    answer: Answered | None = None
    written: DeskMessage | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread. `alert` is None where no alert is about its reply; `clinic` None where nobody knows which is meant.

    `replies` are those that it is about, the oldest first; `seen` is the latest of them, 0 for none, and `staff_seen`
    the latest text of staff. `people` are those whom it is about: of a number that several share all of them.
    `unopened` patients can't be opened with the keys at hand.
    """

    alert: Alert | None
    clinic_id: str | None
    clinic: Clinic | None
    replies: tuple[Reply, ...] = field(repr=False)
    people: tuple[Patient, ...] = field(repr=False)
    unopened: int
    visit: StoredAppointment | None
    entries: tuple[Entry, ...] = field(repr=False)
    is_open: bool
    taken_by: str | None
    taken_at: datetime | None
    staff_seen: int

    @property
    def latest(self) -> Reply | None:
        """What was written last, which an answer answers."""
        return self.replies[-1] if self.replies else None

    @property
    def seen(self) -> int:
        """The latest reply of it, as a form that closes it says."""
        return self.replies[-1].id if self.replies else 0

    @property
    def patient(self) -> Patient | None:
        """Whom it is about, where that is certain."""
        certain = self.latest is None or self.latest.patient_id is not None
        return self.people[0] if certain and len(self.people) == 1 else None

    @property
    def shared(self) -> bool:
        """Whether several people have the number that it came from."""
        return self.latest is not None and self.latest.patient_id is None and len(self.people) > 1

    @property
    def closes_by_hand(self) -> bool:
        """Whether a person says that it is done; a fault ends by itself."""
        return self.alert is None or self.alert.kind in CLOSED_BY_HAND

    @property
    def kind(self) -> AlertKind:
        """What is to be done about it: a reply without an alert is one to be answered."""
        return self.alert.kind if self.alert else AlertKind.REPLY


def alert_thread(tx: Tx, configuration: Configuration, alert_id: int) -> Thread:
    """Return the thread of an alert. Raises NotFoundError."""
    alert = get_alert(tx, alert_id)
    ids = [*([alert.reply_id] if alert.reply_id is not None else []), *replies_joined(tx, alert_id)]
    known = replies_by_id(tx, ids)
    return _thread(tx, configuration, alert, tuple(known[it] for it in sorted(ids)))


def reply_thread(tx: Tx, configuration: Configuration, reply_id: int) -> Thread:
    """Return the thread of a reply that no open alert is about: with what its writer wrote and nobody has seen to.

    Raises NotFoundError.
    """
    reply = replies_by_id(tx, [reply_id]).get(reply_id)
    if reply is None:
        raise NotFoundError(f"there is no reply {reply_id}")
    beside = [it for it in replies_of_writer(tx, reply, limit=EARLIER) if it.handled_at is None]
    told = told_of(tx, [it.id for it in beside])
    mine = [it for it in beside if it.id not in told and it.id != reply_id] if reply.handled_at is None else []
    return _thread(tx, configuration, None, tuple(sorted((reply, *mine), key=lambda it: it.id)))


def alert_of(tx: Tx, reply_id: int) -> Alert | None:
    """Return the alert under which a reply is seen: an open one before those that are over, the latest of them."""
    found = alerts_of_reply(tx, reply_id)
    return max(found, key=lambda it: (it.closed_at is None, it.id), default=None)


def _thread(tx: Tx, configuration: Configuration, alert: Alert | None, mine: tuple[Reply, ...]) -> Thread:
    latest = mine[-1] if mine else None
    clinic_id = alert.clinic if alert else latest.clinic if latest else None
    earlier = replies_of_writer(tx, latest, limit=EARLIER) if latest else ()
    everything = tuple(sorted({it.id: it for it in (*earlier, *mine)}.values(), key=lambda it: it.id))
    written = _written(tx, alert, everything)
    notes = notes_on(tx, replies=[it.id for it in everything], alerts=[alert.id] if alert else [])
    story = stories_of_alerts(tx, [alert.id]).get(alert.id, ()) if alert else ()
    people, unopened = _people(tx, configuration, alert, latest)
    entries = [
        *_asked(tx, everything),
        *_wrote(tx, everything, {it.id for it in mine}),
        *_machine(tx, everything),
        *(
            Entry(What.STAFF, it.message.created_at, it.text.words if it.text else None, it.by, written=it)
            for it in written
        ),
        *(Entry(What.NOTE, it.at, it.text, it.by) for it in notes),
        *(_happened(story) if alert else _takings(tx, latest)),
    ]
    return Thread(
        alert=alert,
        clinic_id=clinic_id,
        clinic=configuration.clinics.get(clinic_id or ""),
        replies=mine,
        people=people,
        unopened=unopened,
        visit=_visit(tx, latest),
        entries=tuple(sorted(entries, key=lambda it: (it.at, _ORDER.index(it.what)))),
        is_open=alert.closed_at is None if alert else latest is not None and latest.handled_at is None,
        taken_by=alert.taken_by if alert else latest.taken_by if latest else None,
        taken_at=alert.taken_at if alert else latest.taken_at if latest else None,
        staff_seen=max((it.message.id for it in written), default=0),
    )


def _written(tx: Tx, alert: Alert | None, everything: Sequence[Reply]) -> tuple[DeskMessage, ...]:
    """Return what staff wrote: to these replies, and the text that an alert says did not arrive."""
    answers = desk_messages_of_replies(tx, [it.id for it in everything])
    kind, _, number = alert.subject.partition("/") if alert else ("", "", "")
    if f"{kind}/" != SUBJECT or not number.isdecimal() or any(it.message.id == int(number) for it in answers):
        return answers
    lost = desk_message(tx, int(number))
    return (*answers, lost) if lost else answers


def _people(
    tx: Tx, configuration: Configuration, alert: Alert | None, reply: Reply | None
) -> tuple[tuple[Patient, ...], int]:
    """Return whom it is about, and how many of them can't be opened; nobody is guessed."""
    people: list[Patient] = []
    unopened = 0
    for number in _whom(tx, configuration, alert, reply):
        try:
            people.append(get_patient(tx, number))
        except KeysError as error:
            log.warning("patient.unreadable", patient=number, reason=str(error))
            unopened += 1
    return tuple(people), unopened


def _whom(tx: Tx, configuration: Configuration, alert: Alert | None, reply: Reply | None) -> Iterable[int]:
    if reply and reply.patient_id is not None:
        return [reply.patient_id]
    if reply and reply.sender:
        clinics = [alert.clinic] if alert and alert.clinic else [reply.clinic] if reply.clinic else []
        return [it.id for it in owners_of(tx, reply.sender, clinics or list(configuration.clinics))]
    return patients_named(tx, alert) if alert else []


def _asked(tx: Tx, replies: Sequence[Reply]) -> Iterator[Entry]:
    for question in dict.fromkeys(it.question for it in replies if it.question is not None):
        try:
            attempts = attempts_of(tx, question)
        except KeysError as error:
            log.warning("question.unreadable", message=question, reason=str(error))
            yield Entry(What.ASKED, get_message(tx, question).due_at, None)
            continue
        if attempts:
            yield Entry(What.ASKED, attempts[-1].started_at, attempts[-1].body)


def _wrote(tx: Tx, replies: Sequence[Reply], new: set[int]) -> Iterator[Entry]:
    for reply in replies:
        text = reply.body if reply.readable else None
        answer = answered_now(tx, reply)
        yield Entry(What.WROTE, reply.received_at, text, reply=reply, answer=answer, is_new=reply.id in new)


def _machine(tx: Tx, replies: Sequence[Reply]) -> Iterator[Entry]:
    """Yield what the machine answered and a provider took, or may have."""
    for answer in answers_to(tx, [it.id for it in replies]):
        try:
            attempts = attempts_of(tx, answer.id)
        except KeysError as error:
            log.warning("answer.unreadable", message=answer.id, reason=str(error))
            yield Entry(What.MACHINE, answer.due_at, None, code=answer.status.value)
            continue
        if attempts:
            yield Entry(What.MACHINE, attempts[-1].started_at, attempts[-1].body, code=answer.status.value)


def _happened(story: Sequence[AlertEvent]) -> Iterator[Entry]:
    told = (AlertCause.RUNG, AlertCause.MISSED)
    for it in story:
        by = dict(it.reasons[0].params).get("by", it.by) if it.cause in told and it.reasons else it.by
        if it.cause is not AlertCause.JOINED:
            yield Entry(What.EVENT, it.at, by=by, code=it.cause.value, reasons=it.reasons)


def _takings(tx: Tx, reply: Reply | None) -> Iterator[Entry]:
    for cause, by, at in takings_of(tx, reply.id) if reply else ():
        yield Entry(What.EVENT, at, by=by, code="closed" if cause is ReplyCause.HANDLED else cause.value)


def _visit(tx: Tx, reply: Reply | None) -> StoredAppointment | None:
    """Return the visit that a reply's question is about."""
    if reply is None or reply.question is None:
        return None
    visit = get_message(tx, reply.question).appointment_id
    return get_appointment(tx, visit) if visit is not None else None
