"""The messages of a visit, as evidence: planned, handed over with the text as it was, received, approved, allowed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduler.domain.clinic import Clinic
from scheduler.domain.consent import Entry
from scheduler.domain.protocol import Protocol, Step
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from scheduler.protocols.configuration import Configuration
from scheduler.services.consent_story import holding
from scheduler.services.evidence_approval import Provenance
from scheduler.store.appointments import StoredAppointment
from scheduler.store.attempts import Attempt, attempts_of
from scheduler.store.database import Tx
from scheduler.store.dossier import spoke_for, stop_at
from scheduler.store.events import Event, events_of_message
from scheduler.store.messages import Message

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MessageEvidence:
    """Tells of one patient's messages. `ledger`: what the patient said; `versions`: what they were planned by.

    `messages` are all of theirs, by id.
    """

    configuration: Configuration
    clinic: Clinic
    ledger: tuple[Entry, ...]
    versions: Mapping[str, Protocol]
    messages: Mapping[int, Message]

    def of(self, tx: Tx, visit: StoredAppointment, message: Message) -> Row:
        """Return what is on record of one message. Raises KeysError where its texts can't be opened."""
        events, attempts = events_of_message(tx, message.id), attempts_of(tx, message.id)
        spoken = spoke_for(tx, [it.token for it in attempts]) if attempts else {}
        return {
            "id": message.id,
            "step": message.step,
            "occurrence": message.occurrence,
            "channel": message.channel.value,
            "purpose": message.purpose.value,
            "language": message.language,
            "planned_for": message.planned_at,
            "due_at": message.due_at,
            "useful_until": message.useful_until,
            "planned_at": message.created_at,
            "status": message.status.value,
            "reason": sentence(message.reasons, self.clinic.timezone),
            "delivered_at": _reached(events, Status.DELIVERED),
            "hand_overs": [self._handed(tx, visit, message, it, spoken.get(it.token, ())) for it in attempts],
            "history": [_event(it, self.clinic) for it in events],
        }

    def _handed(
        self, tx: Tx, visit: StoredAppointment, message: Message, attempt: Attempt, others: Sequence[int]
    ) -> Row:
        provenance, version = Provenance(self.configuration), self.versions.get(message.protocol_digest or "")
        step = self._step(message)
        spoke_for = [self._step(self.messages[it]) for it in others if it in self.messages]
        return {
            "handed_over_at": attempt.started_at,
            "ended_at": attempt.finished_at,
            "outcome": attempt.outcome.value if attempt.outcome else None,
            "error": attempt.error_code or None,
            "rehearsed": attempt.rehearsed,
            "to": attempt.address,
            "text": attempt.body,
            "provider_id": attempt.provider_id,
            "version": provenance.step(visit.treatment, version, step, attempt.started_at),
            "texts": provenance.texts(message, attempt, step, spoke_for),
            "consent": self._consent(tx, message, attempt),
            "spoke_for": list(others),
        }

    def _step(self, message: Message) -> Step | None:
        version = self.versions.get(message.protocol_digest or "")
        return version.step(message.step) if version else None

    def _consent(self, tx: Tx, message: Message, attempt: Attempt) -> Row:
        """Say what held when it was handed over; what an unknown consent means is as the clinic's file says today."""
        at = attempt.started_at
        stop = stop_at(tx, message.clinic, message.channel, attempt.address, at=at)
        said = tuple(it for it in self.ledger if it.at <= at)
        held = holding(self.clinic, message.channel, message.purpose, said, stop)
        return {"allowed": held.given, "why": held.sentence}


def handed_answer(tx: Tx, message_id: int) -> list[Row]:
    """Return the hand-overs of an answer: what was said to whom, and when."""
    return [
        {
            "handed_over_at": it.started_at,
            "outcome": it.outcome.value if it.outcome else None,
            "to": it.address,
            "text": it.body,
        }
        for it in attempts_of(tx, message_id)
    ]


def _reached(events: Sequence[Event], status: Status) -> datetime | None:
    """Return when it came to stand there last."""
    return next((it.at for it in reversed(events) if it.to_status is status and it.from_status is not status), None)


def _event(event: Event, clinic: Clinic) -> Row:
    return {
        "at": event.at,
        "what": event.cause.value,
        "to": event.to_status.value if event.to_status else None,
        "by": event.by,
        "reason": sentence(event.reasons, clinic.timezone),
    }
