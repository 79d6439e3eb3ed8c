"""Texts as a phone and a mail program would show them, with what they cost: for an invented patient."""

from dataclasses import dataclass, field
from decimal import Decimal

from scheduler.content.notices import ALERTS, ANSWERS, CHANNELS
from scheduler.content.render import RenderedEmail, RenderedSms
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Channel
from scheduler.domain.segments import Dearest, count_segments, find_dearest, split_segments
from scheduler.errors import TemplateError
from scheduler.services.desk import Desk
from scheduler.services.previewing import Previewer

NOTICES = (*ANSWERS, *ALERTS)
"""The names of the texts of no step."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which text: of a step of a treatment, or (None) that of an answer or an alert; in one clinic's language."""

    name: str
    clinic: str
    language: str
    treatment: str | None = None


@dataclass(frozen=True, slots=True)
class SmsPreview:
    """An SMS, cut as carriers cut it. `units` are septets or UTF-16 code units; `cost` is None without a price.

    `dear` are the characters that make it dear. `first` is the same as the first text to a number, None where that
    says no more.
    """

    parts: tuple[str, ...] = field(repr=False)
    encoding: str
    units: int
    cost: tuple[Decimal, str] | None
    sender: str
    dear: Dearest | None
    first: "SmsPreview | None" = None

    @property
    def body(self) -> str:
        """The whole text."""
        return "".join(self.parts)


@dataclass(frozen=True, slots=True)
class EmailPreview:
    """An email as a mail program shows it; `html` is for a frame that runs nothing."""

    subject: str
    preheader: str
    sender: str
    reply_to: str
    text: str = field(repr=False)
    html: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Faulty:
    """A text that can't be rendered, and why."""

    why: str


def preview_sms(desk: Desk, wanted: Wanted) -> SmsPreview | Faulty:
    """Return an SMS with sample data. Raises NotFoundError, ConfigError for what is not there."""
    clinic = desk.configuration.clinic(wanted.clinic)
    try:
        sms = _render(desk, wanted, Channel.SMS, first_contact=False)
        first = _render(desk, wanted, Channel.SMS, first_contact=True)
    except TemplateError as error:
        return Faulty(str(error))
    assert isinstance(sms, RenderedSms)
    assert isinstance(first, RenderedSms)
    return _sms(sms.body, clinic, _sms(first.body, clinic) if first.body != sms.body else None)


def preview_email(desk: Desk, wanted: Wanted) -> EmailPreview | Faulty:
    """Return an email with sample data. Raises NotFoundError, ConfigError for what is not there."""
    sender = desk.configuration.clinic(wanted.clinic).email
    try:
        email = _render(desk, wanted, Channel.EMAIL, first_contact=False)
    except TemplateError as error:
        return Faulty(str(error))
    assert isinstance(email, RenderedEmail)
    shown = f"{sender.name} <{sender.address}>" if sender else ""
    reply_to = (sender.reply_to or sender.address) if sender else ""
    return EmailPreview(email.subject, email.preheader, shown, reply_to, email.text, email.html)


def rendered(desk: Desk, wanted: Wanted, channel: Channel) -> RenderedSms | RenderedEmail:
    """Return a text as it is handed over. Raises NotFoundError, ConfigError, TemplateError."""
    return _render(desk, wanted, channel, first_contact=False)


def channels_of(name: str) -> tuple[Channel, ...]:
    """Return the channels that an answer's or an alert's text is written for."""
    return CHANNELS[name]


def _render(desk: Desk, wanted: Wanted, channel: Channel, *, first_contact: bool) -> RenderedSms | RenderedEmail:
    return Previewer(desk.configuration, desk.texts).preview(
        wanted.name,
        clinic=wanted.clinic,
        language=wanted.language,
        channel=channel,
        treatment=wanted.treatment,
        now=desk.clock.now(),
        first_contact=first_contact,
    )


def _sms(body: str, clinic: Clinic, first: SmsPreview | None = None) -> SmsPreview:
    parts, counted = split_segments(body), count_segments(body)
    price = clinic.sms.price if clinic.sms else None
    cost = (price.times(counted.segments), price.currency) if price else None
    sender = clinic.sms.number or clinic.sms.name or clinic.name if clinic.sms else ""
    return SmsPreview(parts, counted.encoding.value, counted.units, cost, sender, find_dearest(body), first)
