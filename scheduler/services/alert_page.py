"""What a contact sees of an alert behind the link of a ring, and what the contact says: I take it, it is done."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from scheduler.clock import Clock
from scheduler.domain.alert import CLOSED_BY_HAND, OF_A_PATIENT
from scheduler.domain.clinic import Clinic
from scheduler.domain.notice import AlertCause
from scheduler.domain.reasons import Reason, load_reasons
from scheduler.domain.states import Status
from scheduler.errors import ConflictError, KeysError, NotFoundError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import close_alert, take_alert
from scheduler.services.links import AlertClaim, LinkFault, Links
from scheduler.services.ring_story import rings_of
from scheduler.store.alert_events import AlertEvent, stories_of_alerts
from scheduler.store.alerts import Alert, get_alert
from scheduler.store.attempts import attempts_of
from scheduler.store.correspondence import answers_to
from scheduler.store.database import Store, Tx
from scheduler.store.desk_messages import SUBJECT
from scheduler.store.joins import replies_joined
from scheduler.store.messages import get_message
from scheduler.store.patients import Patient, get_patient
from scheduler.store.replies import Reply, get_reply, reasons_of_replies
from scheduler.store.writers import owners_of

log = get_logger(__name__)

NOT_OUT = frozenset(
    {Status.FAILED, Status.UNDELIVERED, Status.SUPPRESSED, Status.EXPIRED, Status.CANCELLED, Status.HELD}
)
"""Where an answer stands that the patient did not get."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a reply answers, as it went out."""

    asked_at: datetime
    text: str = field(repr=False)


class Answering(StrEnum):
    """What the patient got who wrote."""

    ANSWERED = "answered"
    """A provider took the answer."""
    ON_ITS_WAY = "on_its_way"
    """It goes out, or nobody knows yet whether it did."""
    NONE = "none"
    """There is none, or it did not go out, or not yet."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a reply got as an answer; `at` is when it was so, `reasons` say why there is none."""

    state: Answering
    at: datetime
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """A ring that reached nobody: whom it was for, and by what."""

    name: str
    ways: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AlertView:
    """All that a contact sees. `clinic` is None for an alert of the whole installation; `language` is the contact's.

    `joined` are the replies that came while it was open; `answers` is what the patient got to each, by its id.
    `missed` are the rings that reached nobody. `people` are those whom it is about: of a number that several share,
    all of them. `unreadable`: something of it can't be opened with the keys at hand. `closed_by` is who said that it
    is done. `latest` is the reply that joined it last, 0 for none.
    """

    alert: Alert
    contact: str
    clinic: Clinic | None
    language: str
    reply: Reply | None = field(default=None, repr=False)
    joined: tuple[Reply, ...] = field(default=(), repr=False)
    answers: Mapping[int, Answered] = field(default_factory=dict)
    missed: tuple[Missed, ...] = ()
    question: Question | None = None
    people: tuple[Patient, ...] = field(default=(), repr=False)
    unreadable: bool = False
    closed_by: str = ""
    latest: int = 0

    @property
    def shared(self) -> bool:
        """Whether several people have the number that a reply came from."""
        return self.reply is not None and self.reply.patient_id is None and len(self.people) > 1

    @property
    def closes_by_hand(self) -> bool:
        """Whether a person says that it is done; a fault ends by itself."""
        return self.alert.kind in CLOSED_BY_HAND


@dataclass(frozen=True, slots=True)
class AlertPages:
    """Answers for the links of rings. All block; what changes something commits. All raise StoreError."""

    store: Store
    configuration: Configuration
    links: Links
    clock: Clock

    def look(self, token: str) -> AlertView | LinkFault:
        """Return what is behind a link. It changes nothing: programs that look at links open them too."""
        claim = self.links.read_alert(token, now=self.clock.now())
        if isinstance(claim, LinkFault):
            return claim
        with self.store.read() as tx:
            try:
                return self._view(tx, claim)
            except NotFoundError:  # removed since
                return LinkFault.EXPIRED

    def take(self, token: str) -> AlertView | LinkFault:
        """Note that this contact sees to the alert, unless somebody does; return what is so then."""
        view = self.look(token)
        if isinstance(view, AlertView):
            with self.store.write() as tx:
                try:
                    take_alert(tx, view.alert.id, by=view.contact, now=self.clock.now())
                except ConflictError:  # it was closed meanwhile, which the page says
                    log.info("alert.taken_late", alert=view.alert.id)
        return self.look(token)

    def close(self, token: str, *, seen: int = 0) -> AlertView | LinkFault:
        """Note that this contact is done with the alert and its replies; a fault stays open until it ends.

        `seen` is the latest reply that the contact saw beside the first: where more was written, it stays open.
        """
        view = self.look(token)
        if isinstance(view, AlertView) and view.closes_by_hand:
            try:
                with self.store.write() as tx:
                    close_alert(tx, view.alert.id, by=view.contact, now=self.clock.now())
                    refuse_unread(tx, view.alert.id, seen)  # after it: what joins now waits for us
            except ConflictError as error:
                log.info("alert.not_closed", alert=view.alert.id, why=str(error))
        return self.look(token)

    def _view(self, tx: Tx, claim: AlertClaim) -> AlertView:
        alert = get_alert(tx, claim.alert_id)
        clinic = self.configuration.clinics.get(alert.clinic or "")
        story = stories_of_alerts(tx, [alert.id]).get(alert.id, ())
        view = AlertView(
            alert,
            contact=_contact(story, claim.contact),
            clinic=clinic,
            language=clinic.languages[0] if clinic else _language(self.configuration),
            closed_by=next((it.by for it in story if it.cause is AlertCause.CLOSED), ""),
            latest=max(replies_joined(tx, alert.id), default=0),
            missed=tuple(_missed(it) for it in story if it.cause is AlertCause.MISSED),
        )
        return self._opened(tx, view)

    def _opened(self, tx: Tx, view: AlertView) -> AlertView:
        """Add what is sealed. What can't be opened must not hide that there is an alert."""
        alert = view.alert
        try:
            reply = get_reply(tx, alert.reply_id) if alert.reply_id is not None else None
            joined = tuple(get_reply(tx, it) for it in replies_joined(tx, alert.id))
            people = tuple(get_patient(tx, it) for it in self._whom(tx, alert, reply))
            question = question_of(tx, reply)
        except KeysError as error:
            log.warning("alert.unreadable", alert=alert.id, reason=str(error))
            return replace(view, unreadable=True)
        answers = {it.id: answered_now(tx, it) for it in (reply, *joined) if it}
        return replace(view, reply=reply, joined=joined, answers=answers, question=question, people=people)

    def _whom(self, tx: Tx, alert: Alert, reply: Reply | None) -> Iterable[int]:
        """Return the patients whom an alert is about; nobody is guessed."""
        if reply and reply.patient_id is not None:
            return [reply.patient_id]
        if reply:
            clinics = [reply.clinic] if reply.clinic else list(self.configuration.clinics)
            return [owner.id for owner in owners_of(tx, reply.sender, clinics)] if reply.sender else []
        return patients_named(tx, alert)


def patients_named(tx: Tx, alert: Alert) -> list[int]:
    """Return whom the subject of an alert names: a patient, or who was to get a text that staff wrote."""
    kind, _, number = alert.subject.partition("/")
    if not number.isdecimal():
        return []
    if kind == OF_A_PATIENT.rstrip("/"):
        return [int(number)]
    whom = get_message(tx, int(number)).patient_id if kind == SUBJECT.rstrip("/") else None
    return [whom] if whom is not None else []


def refuse_unread(tx: Tx, alert_id: int, seen: int) -> None:
    """Raise ConflictError where a reply joined an alert after the one that was `seen` last, 0 for none."""
    if any(it > seen for it in replies_joined(tx, alert_id)):
        raise ConflictError(f"more was written about alert {alert_id}: read it first", code="more_written")


def _contact(story: Sequence[AlertEvent], ring: int) -> str:
    """Return who was told by that ring, counted from 1."""
    rings = [dict(reason.params)["by"] for reason in rings_of(story)]
    return rings[ring - 1] if 0 < ring <= len(rings) else "on call"


def _missed(event: AlertEvent) -> Missed:
    told = dict(event.reasons[0].params)
    return Missed(told["by"], told["what"], event.at)


def answered_now(tx: Tx, reply: Reply) -> Answered:
    """Return where the answer to a reply stands now."""
    answer = next(iter(answers_to(tx, [reply.id])), None)
    if answer is None:
        why = load_reasons(reasons_of_replies(tx, [reply.id]).get(reply.id, "[]"))
        return Answered(Answering.NONE, reply.received_at, why)
    if answer.status in (Status.ACCEPTED, Status.DELIVERED):
        attempts = attempts_of(tx, answer.id)
        return Answered(Answering.ANSWERED, attempts[-1].started_at if attempts else answer.updated_at, ())
    waits = answer.status is Status.SCHEDULED and (answer.brake is not None or answer.tries > 0)
    if waits or answer.status in NOT_OUT:
        return Answered(Answering.NONE, answer.updated_at, answer.reasons)
    return Answered(Answering.ON_ITS_WAY, answer.updated_at, ())


def _language(configuration: Configuration) -> str:
    """Return the language of most clinics: what concerns all of them is told in that."""
    spoken = Counter(clinic.languages[0] for clinic in configuration.clinics.values())
    return spoken.most_common(1)[0][0]


def question_of(tx: Tx, reply: Reply | None) -> Question | None:
    """Return what a reply answers, as it went out; None for nothing. Raises KeysError."""
    if reply is None or reply.question is None:
        return None
    attempts = attempts_of(tx, reply.question)
    return Question(attempts[-1].started_at, attempts[-1].body) if attempts else None
