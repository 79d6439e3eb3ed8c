"""Replies as staff see them: with whose number it is, what was asked, what was answered, and who was told."""

from dataclasses import dataclass, field
from datetime import datetime

from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import Reason, load_reasons
from scheduler.domain.states import Status
from scheduler.errors import KeysError
from scheduler.logs import get_logger
from scheduler.store.alerts import Alert, alerts_of_reply
from scheduler.store.consents import patients_at
from scheduler.store.correspondence import answers_to
from scheduler.store.database import Tx
from scheduler.store.messages import get_message
from scheduler.store.patients import get_patient
from scheduler.store.replies import Reply, get_reply, latest_replies, reasons_of_replies

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient who has the number, "" for a name that can't be opened."""

    id: int
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """What a reply answers."""

    message: int
    step: str
    appointment: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer that a reply got: which text, and where it stands."""

    message: int
    template: str
    status: Status


@dataclass(frozen=True, slots=True)
class ReplyView:
    """A reply with what belongs to it.

    `owners`: the patient, or all who have the number today. `reasons` say how it was answered, or why not.
    """

    reply: Reply
    owners: tuple[Candidate, ...]
    question: Question | None
    answer: Answered | None
    reasons: tuple[Reason, ...]
    alerts: tuple[Alert, ...]


def view_reply(tx: Tx, reply_id: int) -> ReplyView:
    """Return one reply. Raises NotFoundError, or KeysError where it can't be opened."""
    return _view(tx, get_reply(tx, reply_id))


def view_replies(
    tx: Tx, *, clinic: str | None = None, unhandled: bool = False, limit: int = 50, since: datetime | None = None
) -> tuple[ReplyView, ...]:
    """Return the latest replies, the newest first; of a clinic also those of which nobody knows whose they are.

    One that can't be opened is among them, without what is sealed.
    """
    found = latest_replies(tx, clinic=clinic, unhandled=unhandled, limit=limit, since=since)
    return tuple(_view(tx, reply) for reply in found)


def _view(tx: Tx, reply: Reply) -> ReplyView:
    answer = next(iter(answers_to(tx, [reply.id])), None)
    return ReplyView(
        reply=reply,
        owners=tuple(_candidate(tx, patient) for patient in _owners(tx, reply)),
        question=_question(tx, reply.question) if reply.question else None,
        answer=Answered(answer.id, answer.step, answer.status) if answer else None,
        reasons=load_reasons(reasons_of_replies(tx, [reply.id]).get(reply.id, "[]")),
        alerts=alerts_of_reply(tx, reply.id),
    )


def _owners(tx: Tx, reply: Reply) -> list[int]:
    if reply.patient_id:
        return [reply.patient_id]
    return patients_at(tx, reply.clinic, Channel.SMS, reply.sender) if reply.clinic and reply.sender else []


def _candidate(tx: Tx, patient_id: int) -> Candidate:
    try:
        return Candidate(patient_id, get_patient(tx, patient_id).name)
    except KeysError as error:
        log.warning("patient.unreadable", patient=patient_id, reason=str(error))
        return Candidate(patient_id, "")


def _question(tx: Tx, message_id: int) -> Question:
    message = get_message(tx, message_id)
    return Question(message.id, message.step, message.of_visit)
