"""What happens in a simulation beside the sending: each event comes in the way that it does in a clinic."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Channel
from scheduler.domain.simulated import (
    Answered,
    Booked,
    CalledOff,
    Case,
    Completed,
    Event,
    Handled,
    Moved,
    Outage,
    moment_in,
)
from scheduler.domain.states import IN_HAND
from scheduler.errors import AftercareError
from scheduler.services.alerts import close_alert
from scheduler.services.appointments import call_off, complete, reschedule
from scheduler.services.inbound import KIND
from scheduler.services.intake import Field, Registration, read_registration
from scheduler.services.receipts import payload_of
from scheduler.services.registration import Registrar
from scheduler.services.replies import take_page_answer
from scheduler.services.sample_people import sample_email, sample_name, sample_phone
from scheduler.services.stage import BY, SimulationError, Stage
from scheduler.store.appointments import get_appointment
from scheduler.store.correspondence import alerts_about, replies_about
from scheduler.store.messages import Message, messages_of
from scheduler.store.patients import get_patient
from scheduler.store.provider_events import add_provider_event


class EventError(SimulationError):
    """An event can't happen then; `event` is which."""

    def __init__(self, event: Event, message: str) -> None:
        super().__init__(message)
        self.event = event


@dataclass(frozen=True, slots=True)
class Happenings:
    """Brings about what happens to a case on a stage; `number` tells its patient from those of other cases there."""

    stage: Stage
    case: Case
    number: int = 0

    @property
    def clinic(self) -> Clinic:
        """Where it plays."""
        return self.stage.configuration.clinic(self.case.clinic)

    def begin(self) -> int:
        """Register the case's appointment and return it. Raises RegistrationError or ConfigError."""
        zone, case = self.clinic.timezone, self.case
        more = {"ends_at": moment_in(zone, case.ends_at).isoformat()} if case.ends_at else {}
        return self._register(case.treatment, starts_at=moment_in(zone, case.starts_at).isoformat(), **more)

    def withdraw(self, appointment: int) -> None:
        """Let nothing more come of an appointment: nobody looks at it any more."""
        with self.stage.store.write() as tx:
            call_off(tx, appointment, AppointmentStatus.CANCELLED, now=self.stage.clock.now(), by=BY)

    def _register(self, treatment: str, **more: str) -> int:
        registrar = Registrar(self.stage.configuration, self.stage.clock, by=BY)
        with self.stage.store.write() as tx:
            done = registrar.register(tx, registration_of(self.case, self.clinic, treatment, self.number, more))
        assert done.appointment is not None
        return done.appointment

    def bring_about(self, event: Event, appointment: int) -> None:
        """Let it happen now. Raises EventError where it can't."""
        try:
            self._bring_about(event, appointment)
        except EventError:
            raise
        except AftercareError as error:
            raise EventError(event, str(error)) from error

    def _bring_about(self, event: Event, appointment: int) -> None:
        now, store, configuration = self.stage.clock.now(), self.stage.store, self.stage.configuration
        match event:
            case Answered():
                self._answer(event, appointment)
            case Moved():
                with store.write() as tx:
                    starts_at = moment_in(self.clinic.timezone, event.starts_at)
                    found = get_appointment(tx, appointment)
                    reschedule(tx, configuration, found, starts_at=starts_at, now=now, by=BY)
            case CalledOff():
                with store.write() as tx:
                    call_off(tx, appointment, event.status, now=now, by=BY)
            case Completed():
                with store.write() as tx:
                    complete(tx, get_appointment(tx, appointment), now=now, by=BY)
            case Booked():
                starts_at = moment_in(self.clinic.timezone, event.starts_at)
                self._register(event.treatment or self.case.treatment, starts_at=starts_at.isoformat())
            case Handled():
                with store.write() as tx:
                    for alert in alerts_about(tx, [reply.id for reply in replies_about(tx, appointment)]):
                        close_alert(tx, alert.id, by=BY, now=now)
            case Outage():
                self.stage.down_until = moment_in(self.clinic.timezone, event.until)

    def _answer(self, event: Answered, appointment: int) -> None:
        question = self._question(event, appointment)
        self.stage.heard = True
        sender = self.clinic.sms
        if question.channel is Channel.SMS and sender and not sender.one_way:
            self._text(event.text, {"To": sender.number, "MessagingServiceSid": sender.messaging_service})
        else:
            self._fill_in(question, event.text)
        with self.stage.store.read() as tx:
            found = [it for it in replies_about(tx, appointment) if it.received_at == self.stage.clock.now()]
        if not any(reply.question == question.id for reply in found):
            raise EventError(event, f"the reply was not taken as one to {event.step}: a later question was open")

    def _question(self, event: Answered, appointment: int) -> Message:
        """Return what is answered: the last message of the step that went out."""
        with self.stage.store.read() as tx:
            found = [it for it in messages_of(tx, appointment) if it.step == event.step and it.status in IN_HAND]
        if not found:
            raise EventError(event, f"{event.step} had not gone out by then, so nobody could answer it")
        return max(found, key=lambda it: (it.occurrence, it.due_at))

    def _text(self, text: str, receiver: dict[str, str | None]) -> None:
        sid = f"SM{secrets.token_hex(16)}"
        phone = sample_phone(self.clinic.country, self.number)
        form = {"MessageSid": sid, "From": phone, "Body": text, **{key: it for key, it in receiver.items() if it}}
        now, payload = self.stage.clock.now(), payload_of("", urlencode(form))
        with self.stage.store.write() as tx:
            add_provider_event(tx, unique_id=sid, provider="twilio", kind=KIND, payload=payload, now=now)
        self.stage.replies.handle()

    def _fill_in(self, question: Message, text: str) -> None:
        with self.stage.store.write() as tx:
            take_page_answer(
                tx,
                self.stage.configuration,
                self.stage.words(),
                patient_id=get_patient(tx, question.of_patient).id,
                message_id=question.id,
                text=text,
                form_id=secrets.token_hex(16),
                received_at=self.stage.clock.now(),
                by=BY,
            )


def registration_of(case: Case, clinic: Clinic, treatment: str, number: int, more: Mapping[str, str]) -> Registration:
    """Return what is registered of a case's patient; `more` by the names of fields. Raises RegistrationError."""
    said = {
        Field.NAME: sample_name(number),
        Field.PHONE: sample_phone(clinic.country, number) if case.has_phone else "",
        Field.EMAIL: sample_email(number) if case.has_email else "",
        Field.LANGUAGE: case.language or "",
        Field.TIMEZONE: case.timezone.key if case.timezone else "",
        **{Field(name): value for name, value in more.items()},
    }
    return read_registration(said, clinic, treatment)
