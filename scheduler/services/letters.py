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
from scheduler.services.leases import LAST_WRITE
from scheduler.store.due import DueMessage


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to go: what the channel takes, and what the store keeps of it.

    Until `write_until` (aware UTC) its engine may begin to hand it over. `trial`: it goes out to see whether what
    was refused works again. `slot_at` is its sender's turn that it has taken.
    """

    due: DueMessage
    outgoing: Outgoing
    write_until: datetime
    text: str = field(repr=False)
    language: str
    template_digest: str
    segments: int | None
    header_id: str | None
    trial: bool = False
    slot_at: datetime | None = None

    @property
    def channel(self) -> Channel:
        """The way it takes."""
        return self.due.message.channel


@dataclass(frozen=True, slots=True)
class Writer:
    """Renders messages in the language that the patient has now."""

    configuration: Configuration
    texts: Texts

    def write(self, due: DueMessage, *, now: datetime) -> Letter:
        """Render one message that this engine has claimed.

        Raises TemplateError when its text is missing or can't be rendered.
        """
        assert due.message.lease_until
        write_until = due.message.lease_until - LAST_WRITE
        deadline = min(write_until, due.message.useful_until)
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
            return Letter(due, outgoing, write_until, sms.body, language, sms.digest, sms.segments, None)
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
        return Letter(
            due, outgoing, write_until, f"{email.subject}\n\n{email.text}", language, email.digest, None, message_id
        )
