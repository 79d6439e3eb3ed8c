"""The part of the gallery that shows the texts of no step: first contact, answers, alerts."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from scheduler.content.notices import ALERTS, ANSWERS, reasons_of
from scheduler.content.render import RenderedSms, render_email, render_first_contact, render_sms
from scheduler.content.samples import sample_alert, sample_answer
from scheduler.content.templates import Texts
from scheduler.domain.clinic import Clinic, SmsSender

NOTICES: Mapping[str, tuple[str, str]] = {
    "answer_urgent": ("a patient", "the reply sounds bad, or it is answered with 3"),
    "answer_concern": ("a patient", "the reply is a concern, or it is answered with 2"),
    "answer_fine": ("a patient", "the reply is fine, or it is answered with 1"),
    "answer_question": ("a patient", "the reply asks something"),
    "answer_unknown": ("a patient", "nobody can tell from its words what the reply says"),
    "answer_help": ("a patient", "the reply asks for help in a word that the carrier does not answer by itself"),
    "answer_stopped": ("a patient", "the reply stops the texts in free words; a carrier confirms STOP by itself"),
    "answer_started": ("a patient", "the reply wants the texts again, in free words"),
    "answer_wrong_number": ("whoever has the number", "the reply says that the number is not the patient's"),
    "alert_urgent": ("staff", "a reply sounds bad: told day and night"),
    "alert_reply": ("staff", "a reply or a patient needs a person, but not at once"),
    "alert_fault": ("staff", "messages do not go out as they should"),
}
"""Every text of no step: who gets it, and when. A test compares the names with `notices.CHANNELS`."""


def notice_parts(texts: Texts, clinic: Clinic, language: str) -> Iterator[str]:
    """Yield the paragraphs of a language's page."""
    yield "## first_contact"
    one_way = replace(clinic, sms=SmsSender(name="Name"))
    for sender, said in ((clinic, "A number that can be answered"), (one_way, "A name that nobody can answer")):
        yield f"{said}, under its first SMS:"
        yield fenced(render_first_contact(texts, language, sample_answer(sender, language)))
    for template in ANSWERS:
        sms = render_sms(texts, template, language, sample_answer(clinic, language))
        yield f"## {template}"
        yield f"**SMS**, {cost(sms)}."
        yield fenced(sms.body)
    for template in ALERTS:
        yield f"## {template}"
        for reason in reasons_of(template):
            sms = render_sms(texts, template, language, sample_alert(clinic, language, reason))
            email = render_email(texts, template, language, sample_alert(clinic, language, reason))
            yield f"**SMS** of `{reason}`, {cost(sms)}."
            yield fenced(sms.body)
            yield f"**Email** of `{reason}`: {email.subject}"
            yield fenced(email.text.strip())


def cost(sms: RenderedSms) -> str:
    """Return what an SMS costs, in words."""
    return f"{sms.segments} segment{'s' if sms.segments > 1 else ''} in {sms.encoding}"


def fenced(text: str) -> str:
    """Return a text as it is, in a block."""
    return f"```text\n{text}\n```"
