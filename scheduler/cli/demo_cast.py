"""Who answers in the demo: its patients, by text or on their page, and the desk that sees to alerts."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from scheduler.cli.wiring import Product
from scheduler.domain.clinic import Clinic
from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.domain.triage import Triage
from scheduler.services.alerts import close_alert, take_alert
from scheduler.services.happening import Happening
from scheduler.services.inbound import KIND
from scheduler.services.receipts import payload_of
from scheduler.services.replies import deal_with, take_page_answer
from scheduler.store.alerts import Alert, get_alert
from scheduler.store.correspondence import replies_about
from scheduler.store.messages import get_message
from scheduler.store.patients import get_patient
from scheduler.store.provider_events import add_provider_event

DESK = "Desk"
SILENT = ""
WELL = {
    "en": "1, much better, thanks",
    "fr": "1, bien mieux, merci",
    "es": "1, mucho mejor, gracias",
}
"""What everyone answers who is not in the script."""
QUESTION = ("lumiere", "Alice Sample", "+15145550101", "Can I go swimming tomorrow?")
"""Who asks at which clinic, from where, what no machine answers."""
SCRIPT = {
    ("Béatrice Exemple", "redness_check"): "2, pareil",
    ("Bruno Ejemplo", "redness_check"): "2, igual que ayer",
    ("David Exemple", "redness_check"): "3, c'est pire et j'ai de la fièvre",
    ("Félix Exemple", "redness_check"): SILENT,
}

Say = Callable[[datetime, Clinic, str, str], None]
"""Shows at which instant and clinic who did what."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Acts on what goes out, at the instant at which it does: the clock of the demo stands still meanwhile.

    All comes in the way that it does in a clinic: a text as a stored call of the provider, an answer on the page
    as a form, the desk's word as an order. `say` is told of each.
    """

    product: Product
    say: Say

    def act(self, happening: Happening) -> None:
        """Do what somebody does who gets that message; nothing for one that asks nothing. Blocks; commits."""
        if happening.status is not Status.ACCEPTED:
            return
        match happening.kind:
            case MessageKind.STEP:
                self._answer(happening)
            case MessageKind.ALERT:
                self._see_to(happening)
            case MessageKind.ANSWER | MessageKind.DESK:
                pass

    def ask_something(self) -> None:
        """Let a patient ask what no machine answers, so that the desk has something to do. Blocks; commits."""
        name, who, phone, text = QUESTION
        clinic, at = self.product.configuration.clinic(name), self.product.clock.now()
        self._text(clinic, phone, text, at)
        self.say(at, clinic, who, f"asks “{text}”: that waits in the inbox")

    def _answer(self, happening: Happening) -> None:
        with self.product.store.read() as tx:
            question = get_message(tx, happening.message)
            patient = get_patient(tx, question.of_patient)
        text = SCRIPT.get((patient.name, question.step), WELL[happening.language])
        if question.ask is None or text is SILENT:
            return
        clinic = self.product.configuration.clinic(question.clinic)
        if happening.channel is Channel.SMS:
            self._text(clinic, patient.phone or "", text, happening.at)
        else:
            self._fill_in(question.id, question.of_patient, text, happening.at)
        with self.product.store.write() as tx:
            *before, answer = replies_about(tx, question.of_visit)
            better = answer.triage is Triage.FINE
            closed = [deal_with(tx, it.id, by=DESK, now=happening.at) for it in before if better]
        self.say(happening.at, clinic, patient.name, f"answers “{text}”, read as {answer.triage}")
        if any(closed):
            self.say(happening.at, clinic, DESK, f"closes what {patient.name} wrote before: it is better")

    def _text(self, clinic: Clinic, phone: str, text: str, at: datetime) -> None:
        assert clinic.sms, "the demo's clinics send texts"
        sid = f"SM{secrets.token_hex(16)}"
        receiver = {"To": clinic.sms.number, "MessagingServiceSid": clinic.sms.messaging_service}
        form = {"MessageSid": sid, "From": phone, "Body": text, **{key: it for key, it in receiver.items() if it}}
        payload = payload_of("", urlencode(form))
        with self.product.store.write() as tx:
            add_provider_event(tx, unique_id=sid, provider="twilio", kind=KIND, payload=payload, now=at)
        self.product.replies.handle()

    def _fill_in(self, question: int, patient: int, text: str, at: datetime) -> None:
        with self.product.store.write() as tx:
            take_page_answer(
                tx,
                self.product.configuration,
                self.product.words(),
                patient_id=patient,
                message_id=question,
                text=text,
                form_id=secrets.token_hex(16),
                received_at=at,
                by="demo",
            )

    def _see_to(self, happening: Happening) -> None:
        """Take an alert, call whom it is about, and be done with it."""
        at = happening.at
        with self.product.store.write() as tx:
            alert_id = get_message(tx, happening.message).alert_id
            assert alert_id is not None
            alert = get_alert(tx, alert_id)
            if alert.closed_at:
                return
            take_alert(tx, alert_id, by=DESK, now=at)
            close_alert(tx, alert_id, by=DESK, now=at)
        clinic = self.product.configuration.clinic(alert.clinic or happening.clinic)
        self.say(at, clinic, DESK, _sees_to(alert))


def _sees_to(alert: Alert) -> str:
    return f"takes the alert ({alert.kind.value.replace('_', ' ')}) and calls the patient"
