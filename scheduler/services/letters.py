"""Turns a message that goes out now into what its channel takes: rendered, addressed, with its deadline."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scheduler.content.mime import build_mime
from scheduler.content.render import RenderedEmail, RenderedSms, render_email, render_sms
from scheduler.content.templates import Texts
from scheduler.content.variables import variables_for
from scheduler.domain.clinic import Clinic, SmsSender
from scheduler.domain.outgoing import Outgoing, OutgoingEmail, OutgoingSms
from scheduler.domain.protocol import Channel
from scheduler.errors import TemplateError
from scheduler.protocols.configuration import Configuration
from scheduler.services.leases import LAST_WRITE
from scheduler.services.links import Links
from scheduler.services.merged_wording import wording_of
from scheduler.store.due import DueMessage
from scheduler.store.messages import Message
from scheduler.store.notices import DueNotice

PAGE_LASTS = timedelta(days=60)
"""How long after its visit a patient's page can be opened."""

Due = DueMessage | DueNotice


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to go: what the channel takes, and what the store keeps of it.

    Until `write_until` (aware UTC) its engine may begin to hand it over. `trial`: it goes out to see whether what
    was refused works again. `slot_at` is its sender's turn that it has taken. `passengers`: what it speaks for too.
    """

    due: Due
    outgoing: Outgoing
    write_until: datetime
    text: str = field(repr=False)
    language: str
    template_digest: str
    segments: int | None
    header_id: str | None
    trial: bool = False
    slot_at: datetime | None = None
    text_digest: str | None = None
    passengers: tuple[DueMessage, ...] = ()

    @property
    def channel(self) -> Channel:
        """The way it takes."""
        return self.due.message.channel

    @property
    def step(self) -> DueMessage | None:
        """What decided about it, where it is a step; None for a notice."""
        return self.due if isinstance(self.due, DueMessage) else None


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a letter goes to; `name` is for an email's head, "" where nobody is named."""

    address: str = field(repr=False)
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Writer:
    """Renders steps in the language that the patient has now."""

    configuration: Configuration
    texts: Texts
    links: Links

    def write(self, due: DueMessage, *, now: datetime, passengers: Sequence[DueMessage] = ()) -> Letter:
        """Render one step that this engine has claimed, and with it what it speaks for, of the same patient.

        Raises TemplateError when its text is missing or can't be rendered, or would be wrong of a passenger's visit.
        """
        clinic = self.configuration.clinic(due.message.clinic)
        language = clinic.language_for(due.patient.language)
        rendered = self.render(due, now=now, passengers=passengers)
        address = due.patient.address(due.message.channel)
        assert address
        envelope = Envelope(due, clinic, Recipient(address, due.patient.name), language, now)
        if isinstance(rendered, RenderedEmail):
            letter = envelope.email(rendered, unsubscribe_url=self.links.unsubscribe(due.message.id))
        else:
            letter = envelope.sms(rendered)
        return replace(letter, passengers=tuple(passengers)) if passengers else letter

    def render(
        self, due: DueMessage, *, now: datetime, passengers: Sequence[DueMessage] = ()
    ) -> RenderedSms | RenderedEmail:
        """Render a step as it would read if it went out now, claimed or not. Raises as `write` does."""
        message, patient, visit = due.message, due.patient, due.appointment
        clinic = self.configuration.clinic(message.clinic)
        wording = wording_of(self.configuration, due, passengers)
        language = clinic.language_for(patient.language)
        by_email = message.channel is Channel.EMAIL
        unsubscribe = self.links.unsubscribe(message.id) if by_email else None
        page = self.links.page(patient.id, visit.id, patient.page_epoch, expires_at=visit.starts_at + PAGE_LASTS)
        variables = variables_for(
            clinic,
            wording.protocol,
            patient_name=patient.name,
            language=language,
            starts_at=visit.starts_at,
            page_url=page,
            unsubscribe_url=unsubscribe,
            first_contact=due.first_contact,
        )
        variables = wording.complete(variables, clinic, language, now=now)
        render = render_email if by_email else render_sms
        rendered = render(self.texts, wording.template, language, variables)
        for said in wording.of_other_visits(variables, passengers, clinic, language):
            if render(self.texts, wording.template, language, said) != rendered:
                raise TemplateError("it says when the appointment is, or the next, and they differ in that")
        return rendered


@dataclass(frozen=True, slots=True)
class Envelope:
    """Puts a rendered text into a letter. The clinic has a sender on that channel: it was checked with its file."""

    due: Due
    clinic: Clinic
    to: Recipient
    language: str
    now: datetime

    def sms(self, sms: RenderedSms, *, sender: SmsSender | None = None) -> Letter:
        """Return an SMS ready to go, from the clinic's sender unless another of its own is given."""
        assert self.clinic.sms
        outgoing = OutgoingSms(
            new_attempt(),
            sender or self.clinic.sms,
            self.to.address,
            sms.body,
            self.deadline,
            self.message.useful_until,
        )
        letter = Letter(self.due, outgoing, self.write_until, sms.body, self.language, sms.digest, sms.segments, None)
        return replace(letter, text_digest=sms.text_digest)

    def email(
        self, email: RenderedEmail, *, unsubscribe_url: str | None = None, references: Sequence[str] | None = None
    ) -> Letter:
        """Return an email ready to go; once it has a Message-ID it keeps it. Raises TemplateError.

        `references` are the emails that it follows in its thread; None, not empty, where no person wrote it.
        """
        assert self.clinic.email
        domain = self.clinic.email.address.rpartition("@")[2]
        # With the message's number, by which a mail that comes back is found; the rest can't be guessed.
        message_id = self.message.header_id or f"<{self.message.id}.{secrets.token_hex(16)}@{domain}>"
        mime = build_mime(
            email,
            sender=self.clinic.email,
            to=self.to.address,
            to_name=self.to.name,
            message_id=message_id,
            date=self.now,
            language=self.language,
            unsubscribe_url=unsubscribe_url,
            references=references,
        )
        outgoing = OutgoingEmail(new_attempt(), self.clinic.email, self.to.address, message_id, mime, self.deadline)
        text = f"{email.subject}\n\n{email.text}"
        letter = Letter(self.due, outgoing, self.write_until, text, self.language, email.digest, None, message_id)
        return replace(letter, text_digest=email.digest)

    @property
    def message(self) -> Message:
        """The message that goes out."""
        return self.due.message

    @property
    def write_until(self) -> datetime:
        """Until when its engine may begin it."""
        assert self.message.lease_until
        return self.message.lease_until - LAST_WRITE

    @property
    def deadline(self) -> datetime:
        """Until when anything of it may be written."""
        return min(self.write_until, self.message.useful_until)


def sender_in_thread(clinic: Clinic, number: str) -> SmsSender | None:
    """Return the number that was written to, as the clinic's sender: phones put what comes from it into that thread.

    None where it may be no number of the clinic's: only one whose messaging service has several is asked for that.
    """
    if not number or clinic.sms is None or clinic.sms.messaging_service is None:
        return None
    return replace(clinic.sms, messaging_service=None, number=number)


def new_attempt() -> str:
    """Return a token that nobody can guess: providers give it back in their reports."""
    return secrets.token_urlsafe(16)
