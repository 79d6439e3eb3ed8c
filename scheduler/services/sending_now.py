"""A person wants one message sent now: it is due at once, and all that holds for a send holds for it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from scheduler.domain.decision import decide
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.reasons import Reason, because, counted_part, sentence
from scheduler.domain.situation import Decision, Kind
from scheduler.domain.states import Status
from scheduler.errors import ConflictError
from scheduler.protocols.configuration import Configuration
from scheduler.services.approver import Approver
from scheduler.services.binding import pending_of, situation_of
from scheduler.services.braking import read_waits
from scheduler.store.appointments import get_appointment
from scheduler.store.database import Tx
from scheduler.store.due import DueMessage, load_due
from scheduler.store.messages import Message, Replan, get_message, messages_of, replan

UTC_ZONE = ZoneInfo("UTC")


class Bar(StrEnum):
    """Why a message is not sent now."""

    ON_ITS_WAY = "on_its_way"
    """An engine holds it: it goes out in seconds, or is given back."""
    HELD = "held"
    """A person decides about it: it is released, or dropped."""
    OVER = "over"
    """It was sent, or will not be: nothing of it is left."""
    CANT = "cant"
    """It can't go out at all, as it stands."""
    NOT_SOONER = "not_sooner"
    """It can't go out before it is planned."""


_SAID = {
    Bar.ON_ITS_WAY: "is on its way right now",
    Bar.HELD: "waits for a person: release it instead",
    Bar.OVER: "was sent, or will not be: nothing of it is left to send",
    Bar.CANT: "can't go out now",
    Bar.NOT_SOONER: "can't go out sooner than it is planned",
}
_STANDS = {Status.CLAIMED: Bar.ON_ITS_WAY, Status.HELD: Bar.HELD}


class NotNowError(ConflictError):
    """The message can't be sent now: `bar` says how it stands, `reasons` why."""

    def __init__(
        self, message_id: int, bar: Bar, reasons: tuple[Reason, ...] = (), zone: ZoneInfo = UTC_ZONE
    ) -> None:
        why = sentence(reasons, zone).rstrip(".")
        super().__init__(f"message {message_id} {_SAID[bar]}{f': {why[:1].lower()}{why[1:]}' if why else ''}")
        self.bar = bar
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Sooner:
    """What comes of it. It goes out from `at` (aware UTC) on, as far as can be told now.

    `reasons` say what it waits for, empty where it goes at once. `waits`: a pause or a provider keeps it back, and it
    goes when that is over.
    """

    message: Message
    at: datetime
    reasons: tuple[Reason, ...]
    waits: bool = False


def send_now(
    tx: Tx, configuration: Configuration, message_id: int, *, approver: Approver | None, now: datetime, by: str
) -> Sooner:
    """Make an unsent message due at once. The caller commits, and wakes the engine.

    It stays the same message: whoever claims it sends it once, and asking twice changes nothing more. Quiet hours,
    closed days, pauses and brakes hold; what can't go out at all is refused. In a reading transaction nothing is
    changed: it says what would come of it. Raises NotFoundError; NotNowError.
    """
    message = _held_message(tx, message_id)
    due = _due(tx, configuration, message, now)
    decision = _decided(tx, configuration, due, approver, now)
    sooner = _sooner(message, decision, configuration, now)
    if tx.writing:
        planned = _planned(message, sooner, now=now, by=by)
        wish = Replan(message.id, message.status, planned)
        if not replan(tx, [wish], protocol_digest=message.protocol_digest or "", now=now, by=by):
            raise _standing(get_message(tx, message_id))
    return sooner


def _held_message(tx: Tx, message_id: int) -> Message:
    """Return a step's message that waits; in a writing transaction nobody else moves it until the commit."""
    found = get_message(tx, message_id)
    if found.appointment_id is None:
        said = f"message {message_id} is no step of an appointment: it is sent at once by itself"
        raise ConflictError(said, code="no_step")
    if tx.writing:
        get_appointment(tx, found.of_visit)  # the patient first, as all do
        found = next(it for it in messages_of(tx, found.of_visit, for_update=True) if it.id == message_id)
    if found.status is not Status.SCHEDULED:
        raise _standing(found)
    return found


def _standing(message: Message) -> NotNowError:
    return NotNowError(message.id, _STANDS.get(message.status, Bar.OVER))


def _due(tx: Tx, configuration: Configuration, message: Message, now: datetime) -> DueMessage:
    configuration.clinic(message.clinic)
    loaded = load_due(tx, [message.id], now=now)
    if not loaded.due:
        said = f"the data of the patient of message {message.id} can't be opened with the keys at hand"
        raise ConflictError(said, code="unreadable")
    return loaded.due[0]


def _decided(
    tx: Tx, configuration: Configuration, due: DueMessage, approver: Approver | None, now: datetime
) -> Decision:
    """Decide as the dispatch would if it were due now."""
    brakes, clinic = read_waits(tx, [due]), configuration.clinic(due.message.clinic)
    situation = situation_of(
        due,
        configuration,
        unapproved=approver.lacking(due) if approver else None,
        paused=brakes.paused(due.message),
        refusing=brakes.refusing(due.message, clinic),
    )
    pending = replace(pending_of(due.message), due_at=now, try_at=now)
    return decide(pending, situation, now=now, late_after=configuration.instance.late_after)


def _sooner(message: Message, decision: Decision, configuration: Configuration, now: datetime) -> Sooner:
    if decision.kind is Kind.SEND:
        return Sooner(message, now, ())
    if decision.kind is Kind.WAIT and decision.brake:
        return Sooner(message, now, decision.reasons, waits=True)
    zone = configuration.clinic(message.clinic).timezone
    if decision.kind is not Kind.WAIT or decision.at is None:
        raise NotNowError(message.id, Bar.CANT, decision.reasons, zone)
    attended = all(it.code != "not_attended" for it in decision.reasons)
    if not attended or decision.at >= max(message.due_at, message.try_at):
        raise NotNowError(message.id, Bar.NOT_SOONER, decision.reasons, zone)
    return Sooner(message, decision.at, decision.reasons)


def _planned(message: Message, sooner: Sooner, *, now: datetime, by: str) -> PlannedMessage:
    put = because("put", by=by, from_at=message.due_at, to_at=now)
    moved = () if sooner.waits else sooner.reasons
    return PlannedMessage(
        step=message.step,
        channel=message.channel,
        occurrence=message.occurrence,
        purpose=message.purpose,
        planned_at=min(now, message.planned_at),
        due_at=sooner.at,
        useful_until=message.useful_until,
        if_late=message.if_late,
        ask=message.ask,
        fallback=message.fallback,
        status=Status.SCHEDULED,
        reasons=(*counted_part(message.reasons), put, *moved),
    )
