"""A template and the values of one message become the finished text."""

import re
from dataclasses import dataclass, field

from scheduler.content.formats import clean
from scheduler.content.layout import frame
from scheduler.content.markdown import LinkError
from scheduler.content.marks import mark
from scheduler.content.templates import SmsText, Texts, digest_of
from scheduler.content.variables import Variables
from scheduler.domain.protocol import Channel
from scheduler.domain.segments import Encoding, count_segments, to_plain
from scheduler.errors import TemplateError

MAX_SMS = 1600
"""Characters; Twilio refuses more (error 21617)."""
MAX_EMAIL = 400_000
"""Characters of HTML. Mail programs cut at about 100,000; a patient's own name of 10,000 is no reason to fail."""

_UNSEEN = dict.fromkeys(
    (
        *range(9),
        11,
        12,
        *range(14, 32),
        *range(127, 160),
        0x61C,
        0x200E,
        0x200F,
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
    )
)
"""Controls and bidirectional overrides: they reach no phone, wherever they stand."""
_UNSEEN_CHARACTERS = frozenset(map(chr, _UNSEEN))
_STRAY_SPACE = re.compile(r"[ \t]+(?=\n|$)")
_MANY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class RenderedSms:
    """A finished SMS and what it costs. `digest` is that of the templates, `text_digest` of the step's own alone."""

    body: str = field(repr=False)
    encoding: Encoding
    segments: int
    digest: str
    text_digest: str = ""


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """A finished email: the same message as plain text and as HTML. `digest` is that of the templates.

    `preheader` is what a mailbox shows beside the subject; it is in the HTML, where nobody sees it.
    """

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    digest: str
    preheader: str = field(default="", repr=False)


def render_sms(texts: Texts, template: str, language: str, variables: Variables) -> RenderedSms:
    """Render an SMS; a first contact ends with how to stop. Raises TemplateError with the file and what to do."""
    text = texts.sms(template, language)
    body, digest = _written(text, variables), text.digest
    if variables.first_contact:
        body = f"{body}\n{render_first_contact(texts, language, variables)}"
        digest = digest_of(digest, texts.first_contact(language).digest)
    if len(body) > MAX_SMS:
        raise TemplateError(f"{text.file}: the SMS comes out at {len(body)} characters: {MAX_SMS} is the most")
    counted = count_segments(body)
    return RenderedSms(body, counted.encoding, counted.segments, digest, text.digest)


def render_first_contact(texts: Texts, language: str, variables: Variables) -> str:
    """Render the line under the first text to a number. Raises TemplateError."""
    return _written(texts.first_contact(language), variables)


def _written(text: SmsText, variables: Variables) -> str:
    written = text.body.render(variables.given_to(Channel.SMS))
    body = tidy(to_plain(seen(written)))
    if not body:
        raise TemplateError(f"{text.file}: the SMS comes out empty: write a text outside the {{% if %}}")
    return body


def render_email(texts: Texts, template: str, language: str, variables: Variables) -> RenderedEmail:
    """Render an email. Raises TemplateError with the file and what to do."""
    text = texts.email(template, language)
    given = variables.given_to(Channel.EMAIL)
    subject, preheader = clean(text.subject.render(given)), clean(text.preheader.render(given))
    values = [subject, preheader, str(given["clinic_name"])]
    subject_mark, preheader_mark, clinic_mark = (mark(place, value) for place, value in enumerate(values))
    body, footer = text.body.render(given, values), text.footer.render(given, values)
    try:
        laid_out = frame(language, (subject_mark, preheader_mark, clinic_mark), body, footer)
    except LinkError:
        hint = "only values named …_link or …_url can stand in a link's address"
        raise TemplateError(f"{text.file}: a link leads to a value that is no address: {hint}") from None
    html = laid_out.html.fill_html(values)
    if not subject or len(html) > MAX_EMAIL:
        raise TemplateError(
            f"{text.file}: the email comes out without a subject or larger than {MAX_EMAIL} characters"
        )
    return RenderedEmail(subject, laid_out.text.fill(values), html, text.digest, preheader)


def tidy(text: str) -> str:
    """Return a text without space at the ends of lines and more than one empty line."""
    return _MANY_LINES.sub("\n\n", _STRAY_SPACE.sub("", text)).strip()


def seen(text: str) -> str:
    """Return a text without what nobody can see."""
    return text if _UNSEEN_CHARACTERS.isdisjoint(text) else text.translate(_UNSEEN)
