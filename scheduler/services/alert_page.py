"""What a contact sees of an alert behind the link of a ring, and what the contact says: I take it, it is done."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from scheduler.clock import Clock
from scheduler.domain.alert import OF_PATIENTS
from scheduler.domain.clinic import Clinic
from scheduler.domain.notice import AlertCause
from scheduler.errors import ConflictError, KeysError, NotFoundError
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import close_alert, take_alert
from scheduler.services.links import AlertClaim, LinkFault, Links
from scheduler.store.alert_events import AlertEvent, stories_of_alerts
from scheduler.store.alerts import Alert, get_alert
from scheduler.store.attempts import attempts_of
from scheduler.store.database import Store, Tx
from scheduler.store.patients import Patient, get_patient
from scheduler.store.replies import Reply, get_reply
from scheduler.store.writers import owners_of

log = get_logger(__name__)

OF_A_PATIENT = "patient/"
"""What the subject of an alert begins with that is about one patient, without a reply: the patient's id follows."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a reply answers, as it went out."""

    asked_at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AlertView:
    """All that a contact sees. `clinic` is None for an alert of the whole installation; `language` is the contact's.

    `people` are those whom it is about: of a number that several share, all of them. `unreadable`: something of it
    can't be opened with the keys at hand. `closed_by` is who said that it is done.
    """

    alert: Alert
    contact: str
    clinic: Clinic | None
    language: str
    reply: Reply | None = field(default=None, repr=False)
    question: Question | None = None
    people: tuple[Patient, ...] = field(default=(), repr=False)
    unreadable: bool = False
    closed_by: str = ""

    @property
    def shared(self) -> bool:
        """Whether several people have the number that a reply came from."""
        return self.reply is not None and self.reply.patient_id is None and len(self.people) > 1

    @property
    def closes_by_hand(self) -> bool:
        """Whether a person says that it is done; a fault ends by itself."""
        return self.alert.kind in OF_PATIENTS


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

    def close(self, token: str) -> AlertView | LinkFault:
        """Note that this contact is done with the alert and its reply; a fault stays open until it ends."""
        view = self.look(token)
        if isinstance(view, AlertView) and view.closes_by_hand:
            with self.store.write() as tx:
                close_alert(tx, view.alert.id, by=view.contact, now=self.clock.now())
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
        )
        return self._opened(tx, view)

    def _opened(self, tx: Tx, view: AlertView) -> AlertView:
        """Add what is sealed. What can't be opened must not hide that there is an alert."""
        alert = view.alert
        try:
            reply = get_reply(tx, alert.reply_id) if alert.reply_id is not None else None
            people = tuple(get_patient(tx, it) for it in self._whom(tx, alert, reply))
            question = _question(tx, reply)
        except KeysError as error:
            log.warning("alert.unreadable", alert=alert.id, reason=str(error))
            return replace(view, unreadable=True)
        return replace(view, reply=reply, question=question, people=people)

    def _whom(self, tx: Tx, alert: Alert, reply: Reply | None) -> Iterable[int]:
        """Return the patients whom an alert is about; nobody is guessed."""
        if reply and reply.patient_id is not None:
            return [reply.patient_id]
        if reply:
            clinics = [reply.clinic] if reply.clinic else list(self.configuration.clinics)
            return [owner.id for owner in owners_of(tx, reply.sender, clinics)] if reply.sender else []
        subject = alert.subject.removeprefix(OF_A_PATIENT)
        return [int(subject)] if subject != alert.subject and subject.isdecimal() else []


def _contact(story: Sequence[AlertEvent], ring: int) -> str:
    """Return who was told by that ring, counted from 1."""
    rings = [dict(reason.params)["by"] for it in story if it.cause is AlertCause.RUNG for reason in it.reasons]
    return rings[ring - 1] if 0 < ring <= len(rings) else "on call"


def _language(configuration: Configuration) -> str:
    """Return the language of most clinics: what concerns all of them is told in that."""
    spoken = Counter(clinic.languages[0] for clinic in configuration.clinics.values())
    return spoken.most_common(1)[0][0]


def _question(tx: Tx, reply: Reply | None) -> Question | None:
    if reply is None or reply.question is None:
        return None
    attempts = attempts_of(tx, reply.question)
    return Question(attempts[-1].started_at, attempts[-1].body) if attempts else None
