"""Turns a message that goes out now into what its channel takes: rendered, addressed, with its deadline."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from scheduler.content.mime import build_mime
from scheduler.content.render import render_email, render_sms
from scheduler.content.templates import Texts
from scheduler.content.variables import variables_for
from scheduler.domain.outgoing import Outgoing, OutgoingEmail, OutgoingSms
from scheduler.domain.protocol import Channel
from scheduler.errors import TemplateError
from scheduler.protocols.configuration import Configuration
from scheduler.store.due import DueMessage


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to go: what the channel takes, and what the store keeps of it."""

    due: DueMessage
    outgoing: Outgoing
    text: str = field(repr=False)
    language: str
    template_digest: str
    segments: int | None
    header_id: str | None


@dataclass(frozen=True, slots=True)
class Writer:
    """Renders messages in the language that the patient has now."""

    configuration: Configuration
    texts: Texts

    def write(self, due: DueMessage, *, now: datetime, deadline: datetime) -> Letter:
        """Render one message. Nothing of it may be written to a provider after `deadline`.

        Raises TemplateError when its text is missing or can't be rendered.
        """
        clinic = self.configuration.clinic(due.message.clinic)
        protocol = self.configuration.protocol_for(clinic.id, due.appointment.treatment)
        step = protocol.step(due.message.step)
        if step is None:
            raise TemplateError(f"the protocol no longer has the step {due.message.step}")
        language = clinic.language_for(due.patient.language)
        variables = variables_for(
            clinic, protocol, patient_name=due.patient.name, language=language, starts_at=due.appointment.starts_at
        )
        attempt = secrets.token_urlsafe(16)
        if due.message.channel is Channel.SMS:
            assert clinic.sms
            assert due.patient.phone
            sms = render_sms(self.texts, step.template, language, variables)
            outgoing: Outgoing = OutgoingSms(
                attempt, clinic.sms, due.patient.phone, sms.body, deadline, due.message.useful_until
            )
            return Letter(due, outgoing, sms.body, language, sms.digest, sms.segments, None)
        assert clinic.email
        assert due.patient.email
        email = render_email(self.texts, step.template, language, variables)
        message_id = due.message.header_id or f"<{secrets.token_hex(16)}@{clinic.email.address.rpartition('@')[2]}>"
        mime = build_mime(
            email,
            sender=clinic.email,
            to=due.patient.email,
            to_name=due.patient.name,
            message_id=message_id,
            date=now,
            language=language,
        )
        outgoing = OutgoingEmail(attempt, clinic.email, due.patient.email, message_id, mime, deadline)
        return Letter(due, outgoing, f"{email.subject}\n\n{email.text}", language, email.digest, None, message_id)
