"""Texts that a person wrote become an SMS or an email: the words as they are, in the frame of all emails."""

from scheduler.content.formats import clean, own
from scheduler.content.layout import frame
from scheduler.content.marks import mark
from scheduler.content.render import MAX_SMS, RenderedEmail, RenderedSms, render_first_contact, seen, tidy
from scheduler.content.templates import Texts
from scheduler.content.variables import notice_variables
from scheduler.domain.clinic import Clinic
from scheduler.domain.desk_text import DeskText
from scheduler.domain.protocol import Channel
from scheduler.domain.segments import count_segments, to_plain
from scheduler.errors import TemplateError

DIGEST = "desk"
"""What stands where other texts have the digest of their template: nobody approved one."""
LONGEST_SUBJECT = 200


def written_sms(texts: Texts, clinic: Clinic, language: str, text: DeskText) -> RenderedSms:
    """Return the SMS. Raises TemplateError where the words are none, or too many.

    In a patient's own thread it is the words alone. Else the clinic's name stands before them, and how to stop and to
    get help after them: nobody may be left to guess who writes.
    """
    body = tidy(to_plain(seen(text.words)))
    if not body:
        raise TemplateError("the text is empty: write what the patient is to read")
    if not text.in_thread:
        variables = notice_variables(clinic, language)
        body = f"{own(clinic.name)}: {body}\n{render_first_contact(texts, language, variables)}"
    if len(body) > MAX_SMS:
        raise TemplateError(f"the SMS comes out at {len(body)} characters: {MAX_SMS} is the most, send an email")
    counted = count_segments(body)
    return RenderedSms(body, counted.encoding, counted.segments, DIGEST)


def written_email(texts: Texts, clinic: Clinic, language: str, text: DeskText) -> RenderedEmail:
    """Return the email, in the frame and with the footer of the others. Raises TemplateError.

    Nothing in the words is Markdown or HTML: each line is as it was written.
    """
    subject, words = (
        clean(text.subject)[:LONGEST_SUBJECT],
        tidy(seen(text.words.replace("\r\n", "\n").replace("\r", "\n"))),
    )
    if not subject or not words:
        raise TemplateError("the email needs a subject and a text: write what the patient is to read")
    values = [subject, clean(words)[:LONGEST_SUBJECT], own(clinic.name)]
    heads = (mark(0, values[0]), mark(1, values[1]), mark(2, values[2]))
    body = _marked(words, values)
    given = notice_variables(clinic, language).given_to(Channel.EMAIL)
    footer = texts.footer(language).render(given, values)
    laid_out = frame(language, heads, body, footer)
    return RenderedEmail(subject, laid_out.text.fill(values), laid_out.html.fill_html(values), DIGEST)


def _marked(words: str, values: list[str]) -> str:
    """Return the words as Markdown of marks, one a line, and put the lines among the values."""
    paragraphs: list[str] = []
    for paragraph in words.split("\n\n"):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        marks = [mark(len(values) + place, line) for place, line in enumerate(lines)]
        values += lines
        paragraphs.append("\\\n".join(marks))
    return "\n\n".join(paragraphs)
