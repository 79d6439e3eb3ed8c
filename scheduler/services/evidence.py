"""All that proves what one patient was sent, when, in which approved version, and what came back: as one value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Protocol
from scheduler.domain.reasons import sentence
from scheduler.protocols.configuration import Configuration
from scheduler.services.evidence_messages import MessageEvidence, Row, handed_answer
from scheduler.store.adjustments import StoredAdjustment, adjustments_of, note_of
from scheduler.store.alert_events import stories_of_alerts
from scheduler.store.alerts import Alert
from scheduler.store.appointments import StoredAppointment
from scheduler.store.consent_lines import ledger_lines, stop_lines
from scheduler.store.consents import ledgers_of
from scheduler.store.correspondence import answers_to
from scheduler.store.database import Tx
from scheduler.store.dossier import alerts_of, messages_by_visit, replies_of, visits_of
from scheduler.store.events import events_of_visit
from scheduler.store.messages import Message
from scheduler.store.patients import Patient, get_patient
from scheduler.store.replies import Reply
from scheduler.store.versions import versions_of


def evidence(tx: Tx, configuration: Configuration, patient_id: int, *, now: datetime) -> Mapping[str, Any]:
    """Return everything about a patient, ready for JSON but for its instants (aware UTC).

    Raises NotFoundError; KeysError where something can't be opened, since what lacks a part proves nothing;
    ConfigError where the clinic's file is gone.
    """
    patient = get_patient(tx, patient_id)
    visits = visits_of(tx, patient_id)
    messages = messages_by_visit(tx, visits)
    every = [message for of_visit in messages.values() for message in of_visit]
    dossier = _Dossier(
        tx, configuration, configuration.clinic(patient.clinic), patient, {message.id: message for message in every}
    )
    replies = replies_of(tx, patient_id, [message.id for message in every])
    versions = versions_of(tx, {message.protocol_digest for message in every if message.protocol_digest})
    return {
        "made_at": now,
        "timezone": str(dossier.clinic.timezone),
        "patient": dossier.person(),
        "appointments": [dossier.visit(it, messages[it.id], versions) for it in visits],
        "replies": dossier.replies(replies),
        "alerts": dossier.alerts(alerts_of(tx, patient_id, [reply.id for reply in replies])),
        "consent": [_plain(it) for it in ledger_lines(tx, patient=patient_id)],
        "stops": [_plain(it) for it in stop_lines(tx, patient=patient_id)],
    }


@dataclass(frozen=True, slots=True)
class _Dossier:
    tx: Tx
    configuration: Configuration
    clinic: Clinic
    patient: Patient
    every: Mapping[int, Message]

    def person(self) -> Row:
        it = self.patient
        return {
            "patient": it.id,
            "patient_id": it.ref,
            "clinic": it.clinic,
            "clinic_name": self.clinic.name,
            "name": it.name,
            "phone": it.phone,
            "email": it.email,
            "language": it.language,
        }

    def visit(self, visit: StoredAppointment, messages: Sequence[Message], versions: Mapping[str, Protocol]) -> Row:
        ledger = ledgers_of(self.tx, [self.patient.id])[self.patient.id]
        told = MessageEvidence(self.configuration, self.clinic, ledger, versions, self.every)
        return {
            "appointment": visit.id,
            "external_id": visit.external_id,
            "treatment": visit.treatment,
            "starts_at": visit.starts_at,
            "status": visit.status.value,
            "protocol": visit.protocol_digest,
            "pins": dict(visit.pins),
            "exceptions": [self._exception(it) for it in adjustments_of(self.tx, visit.id)],
            "messages": [told.of(self.tx, visit, it) for it in sorted(messages, key=lambda it: (it.due_at, it.id))],
            "history": [
                {"at": it.at, "what": it.cause.value, "by": it.by} for it in events_of_visit(self.tx, visit.id)
            ],
        }

    def _exception(self, stored: StoredAdjustment) -> Row:
        made = stored.adjustment
        return {
            "step": made.step,
            "kind": made.kind.value,
            "at": made.at,
            "note": note_of(self.tx, stored),
            "by": made.by,
            "made_at": stored.made_at,
            "lifted_at": stored.lifted_at,
            "lifted_by": stored.lifted_by,
        }

    def replies(self, found: Sequence[Reply]) -> list[Row]:
        answers = {it.reply_id: it for it in answers_to(self.tx, [reply.id for reply in found])} if found else {}
        return [self._reply(reply, answers.get(reply.id)) for reply in found]

    def _reply(self, reply: Reply, answer: Message | None) -> Row:
        return {
            "id": reply.id,
            "received_at": reply.received_at,
            "from": reply.sender,
            "way": reply.source,
            "text": reply.body,
            "to_message": reply.question,
            "class": reply.triage.value,
            "because": list(reply.because),
            "stops": reply.stops,
            "handled_at": reply.handled_at,
            "handled_by": reply.handled_by,
            "answer": answer and {"template": answer.step, "hand_overs": handed_answer(self.tx, answer.id)},
        }

    def alerts(self, found: Sequence[Alert]) -> list[Row]:
        stories = stories_of_alerts(self.tx, [alert.id for alert in found])
        zone = self.clinic.timezone
        return [
            {
                "id": it.id,
                "kind": it.kind.value,
                "reply": it.reply_id,
                "opened_at": it.opened_at,
                "taken_at": it.taken_at,
                "taken_by": it.taken_by,
                "closed_at": it.closed_at,
                "history": [
                    {"at": one.at, "what": one.cause.value, "by": one.by, "reason": sentence(one.reasons, zone)}
                    for one in stories.get(it.id, ())
                ],
            }
            for it in found
        ]


_KEPT = ("channel", "purpose", "verdict", "source", "by", "at", "lifted_at", "lifted_by", "wording", "version")


def _plain(line: object) -> Row:
    return {name: _word(getattr(line, name)) for name in _KEPT if hasattr(line, name)}


def _word(value: Any) -> Any:
    return value.value if hasattr(value, "value") else value
