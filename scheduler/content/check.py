"""Finds what is wrong with the texts before a patient would: every text in use, in every language and channel."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from scheduler.content.faults import TemplateFaultError
from scheduler.content.lint import lint
from scheduler.content.lint.vocabulary import fold
from scheduler.content.lint.written import Words, Written, unguarded, words_of
from scheduler.content.render import render_email, render_first_contact, render_sms
from scheduler.content.source import read_source
from scheduler.content.templates import FIRST_CONTACT, FOOTER, Texts
from scheduler.content.uses import Rule, Use, uses
from scheduler.content.variables import Variables
from scheduler.domain.protocol import Channel
from scheduler.errors import TemplateError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.problems import Problem, in_order

COPY = "copy it from a new folder: `aftercare init DIR`"


def check_templates(
    templates_dir: Path, configuration: Configuration, texts: Texts | None = None
) -> tuple[Problem, ...]:
    """Return all problems of all texts that the configuration uses, each once, by file and line.

    `texts` are those of the folder, where the caller uses them after it: what was compiled here stays.

    Each text is rendered for each clinic that sends it, with a sample patient, with and without what may be missing:
    what passes here can be sent.
    """
    read = texts or Texts(templates_dir)
    found = (problem for use in uses(configuration) for problem in _problems(read, use, configuration))
    return in_order(_each_once(found))


def _each_once(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield what is said of a place once, not for each treatment that uses the text; a missing one with each step."""
    said: set[tuple[object, ...]] = set()
    for problem in problems:
        what = (problem.file, problem.line, problem.column, problem.code, problem.message)
        if problem.code == "missing-template" or what not in said:
            said.add(what)
            yield problem


def _problems(texts: Texts, use: Use, configuration: Configuration) -> Iterator[Problem]:
    try:
        file = _file(texts, use)
    except TemplateFaultError as error:
        yield from _faults(error, use)
        return
    try:
        bodies = [_body(texts, use, variables) for variables in use.variables]
    except TemplateFaultError as error:
        yield from _faults(error, use)
    except TemplateError as error:
        yield _unwritable(str(error).removeprefix(f"{file}: "), file, use)
    else:
        written = Written(use, _sources(file, use), bodies)
        for rule in use.rules:
            if any(_broken(rule, body, use) for body in bodies):
                yield _of_rule(rule, written)
        yield from lint(written, configuration)


def _faults(error: TemplateFaultError, use: Use) -> Iterator[Problem]:
    for fault in error.faults:
        missing = fault.code == "missing-template"
        key, hint = use.name if missing else "", COPY if missing and use.always else fault.hint
        yield Problem(
            file=fault.file,
            line=fault.line,
            column=fault.column,
            code=fault.code,
            key=key,
            message=fault.what,
            hint=hint,
        )


def _of_rule(rule: Rule, written: Written) -> Problem:
    """Return what is said of a broken rule: at the words that should not be there, else at the file's beginning."""
    source = written.sources[0]
    at = -1 if rule.wanted else fold(source.text).find(fold(rule.words))
    return written.problem(source, max(at, 0), code=rule.code, message=rule.message, hint=rule.hint, severity="error")


def _unwritable(message: str, file: Path, use: Use) -> Problem:
    """Return what is said of a text that does not come out: at the value that is missing, where it is that."""
    source = words_of(file, read_source(file).text)
    at = unguarded(source.source, message.partition(" ")[0])
    return Written(use, [source], ()).problem(
        source, at, code="unwritable-text", message=message, hint="", severity="error"
    )


def _sources(file: Path, use: Use) -> list[Words]:
    files = [file] if use.channel is Channel.SMS else [file, file.parent.parent / FOOTER]
    return [words_of(one, read_source(one).text) for one in files]


def _file(texts: Texts, use: Use) -> Path:
    if use.template == FIRST_CONTACT:
        return texts.first_contact_file(use.language)
    return texts.file(use.template, use.language, use.channel)


def _body(texts: Texts, use: Use, variables: Variables) -> str:
    if use.template == FIRST_CONTACT:
        return render_first_contact(texts, use.language, variables)
    if use.channel is Channel.SMS:
        return render_sms(texts, use.template, use.language, variables).body
    email = render_email(texts, use.template, use.language, variables)
    return f"{email.subject}\n{email.text}"


def _broken(rule: Rule, body: str, use: Use) -> bool:
    if rule.wanted:
        return rule.words not in body
    return rule.words.casefold() in body.replace(use.clinic.name, "").casefold()
