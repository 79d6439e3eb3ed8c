"""Writes every shipped text, rendered, into the docs: `python -m scheduler.content.gallery` at the repository's top.

A test compares the pages with what this makes, so they are never out of date.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scheduler.content.gallery_notices import NOTICES, cost, fenced, notice_parts
from scheduler.content.lint.ease import grade_in
from scheduler.content.render import render_email, render_sms
from scheduler.content.samples import sample_advice, sample_variables
from scheduler.content.source import read_source
from scheduler.content.templates import Texts
from scheduler.content.variables import KNOWN, Variables
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Channel
from scheduler.paths import shipped
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.loader import load

LANGUAGES = {"en": "English", "fr": "French", "es": "Spanish"}

_MADE = "<!-- Made by `python -m scheduler.content.gallery`: edit the templates, not this page. -->"

_INDEX = """# Texts

{made}

What patients read, in each language, as the sample clinics send it to an invented patient:
{pages}.

**All of them are unapproved examples.** A clinician of your clinic approves every text before it is sent for
real.

## Where they are

`templates/<language>/<step>/sms.txt` and `email.md`, and `templates/<language>/footer.md` under every email. A
step's texts are in the folder of its id, unless the protocol says `template:`. After an edit,
`aftercare check` says what is wrong with file and line, and
`aftercare preview STEP --clinic C --language L --channel sms|email` shows the result.

Some texts belong to no step:

| text | who gets it | when |
|---|---|---|
{notices}
| `first_contact.txt` | a patient | under the clinic's first text to a number: how to stop, how to get help |

An email begins with its subject and its preheader, the line that a mailbox shows beside the subject:

```text
{example}
…
```

The rest is Markdown: headings, paragraphs, lists, `**bold**`, links. A link that stands alone in a paragraph is
shown as a button, a quote (`>`) as a framed notice. The plain text part is made from the same words.

## The rules they keep

1. A text says what is usual, what is not, and how to reach the clinic. It never diagnoses and never reassures.
2. Every check carries the clinic's phone number and the local emergency number (`aftercare check` insists).
3. A check asks for the direction: 1 better, 2 the same, 3 worse, or the patient's own words. Never YES: carriers
   take that word, END, CANCEL and QUIT for themselves.
4. No text names a painkiller, and none tells anyone to stop a prescribed medicine.
5. An SMS begins with the clinic's name, says as little about health as it can, and never names the treatment
   unless the clinic's file allows it. It has at most two segments; a first text may take one more, for how to stop.
6. An invitation to the next session invites. A price, a discount or an offer would make it marketing.
7. An answer comes from a machine: it says when a person answers, never that one has read what the patient wrote.
   It names no patient and no treatment, and carries the clinic's phone number.
8. An alert has nothing of a patient in it: what kind of thing it is, since when, and the link.
9. What to do and to leave out comes from the tags of `config/advice.yaml`, each with until when. Each tag rests on
   rows of [the sources](sources.md).

## What a template may use

| value | what it is |
|---|---|
{values}

Around them: `{{% if … %}}`, `{{% elif … %}}`, `{{% else %}}`, `==`, `!=`, `and`, `or`, `not`, and the filters
`capitalize`, `default("a text")`, `lower`, `trim` and `upper`. Nothing that repeats or calls: a template always
ends. What a value brings in is text: Markdown or HTML in a patient's name is shown, never obeyed.

Answers and alerts have nothing of a patient or an appointment: of the values above they have `clinic.…` and
`language`, answers also `page_url`, alerts also `alert.…`.
"""


def pages(templates_dir: Path, configuration: Configuration) -> dict[str, str]:
    """Return the pages by file name: an index and one for each language."""
    texts = Texts(templates_dir)
    made = {f"texts-{language}.md": _page(texts, configuration, language) for language in LANGUAGES}
    return {"texts.md": _index(texts), **made}


def _index(texts: Texts) -> str:
    links = ", ".join(f"[{name}](texts-{language}.md)" for language, name in LANGUAGES.items())
    values = "\n".join(f"| `{name}` | {_cell(what)} |" for name, what in KNOWN.items())
    example = read_source(texts.file("redness_check", "en", Channel.EMAIL)).text.split("\n\n")[0]
    notices = "\n".join(f"| `{name}` | {who} | {when} |" for name, (who, when) in NOTICES.items())
    return _INDEX.format(made=_MADE, pages=links, values=values, example=example, notices=notices)


def _cell(what: str) -> str:
    head, colon, code = what.partition(": ")
    return f"{head}: `{code}`" if colon and code.startswith("[") else what


def _page(texts: Texts, configuration: Configuration, language: str) -> str:
    clinic = next(one for one in configuration.clinics.values() if language in one.languages)
    parts = [f"# Texts in {LANGUAGES[language]}", _MADE]
    parts.append(
        f"As {clinic.name} sends them. **Unapproved examples**; the patient is invented. The grade is the year of "
        "school that reads a text with ease."
    )
    for template, shown in _templates(configuration, clinic, language).items():
        parts.append(f"## {template}")
        parts.append(f"For {', '.join(shown.users)}.")
        parts += _sms(texts, template, shown, clinic)
        parts += _email(texts, template, shown, clinic)
    parts += notice_parts(texts, clinic, language)
    return "\n\n".join(parts) + "\n"


@dataclass(slots=True)
class _Shown:
    """A template as the first step that uses it has it, and all that use it."""

    channels: tuple[Channel, ...]
    variables: Variables
    users: list[str] = field(default_factory=list)


def _templates(configuration: Configuration, clinic: Clinic, language: str) -> Mapping[str, _Shown]:
    """Return the templates in the order of the protocols."""
    found: dict[str, _Shown] = {}
    for treatment in configuration.protocols:
        protocol = configuration.protocol_for(clinic.id, treatment)
        for step in protocol.steps:
            advice = sample_advice(clinic, protocol, step, configuration.advice, language)
            variables = sample_variables(clinic, protocol, language).with_advice(advice)
            shown = found.setdefault(step.template, _Shown(step.channels, variables))
            shown.users.append(f"`{step.id}` of `{treatment}`")
    return found


def _sms(texts: Texts, template: str, shown: _Shown, clinic: Clinic) -> Iterator[str]:
    language = shown.variables.language
    sms = render_sms(texts, template, language, shown.variables)
    unused = "" if Channel.SMS in shown.channels else " The shipped protocols send this step by email only."
    yield f"**SMS**, {cost(sms)}, {_grade(sms.body, language, clinic)}.{unused}"
    yield fenced(sms.body)


def _email(texts: Texts, template: str, shown: _Shown, clinic: Clinic) -> Iterator[str]:
    language = shown.variables.language
    email = render_email(texts, template, language, shown.variables)
    yield f"**Email**, {_grade(email.text, language, clinic)}: {email.subject}"
    yield fenced(email.text.strip())


def _grade(body: str, language: str, clinic: Clinic) -> str:
    grade = grade_in(body, language, clinic.name)
    return "no grade" if grade is None else f"grade {grade:.1f}"


def gallery_pages() -> dict[str, str]:
    """Return the pages of the shipped texts by their path in the repository."""
    made = pages(shipped("templates"), load(shipped("config")))
    return {f"docs/reference/{name}": page for name, page in made.items()}


if __name__ == "__main__":
    for path, text in gallery_pages().items():
        Path(path).write_text(text, encoding="utf-8")
