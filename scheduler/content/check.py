"""Finds what is wrong with the texts before a patient would: every step, language and channel that is in use."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scheduler.content.faults import TemplateFaultError
from scheduler.content.render import render_email, render_sms
from scheduler.content.samples import sample_variables
from scheduler.content.templates import Texts
from scheduler.content.variables import Variables
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Channel, Protocol, Step
from scheduler.errors import TemplateError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.problems import Problem, in_order


def check_templates(templates_dir: Path, configuration: Configuration) -> tuple[Problem, ...]:
    """Return all problems of all texts that the configuration uses, each once, by file and line.

    Each text is rendered for each clinic that sends it, with a sample patient: what passes here can be sent.
    """
    texts = Texts(templates_dir)
    return in_order([problem for use in _uses(configuration) for problem in _problems(texts, use)])


@dataclass(frozen=True, slots=True)
class _Use:
    """One text as one clinic sends it."""

    clinic: Clinic
    protocol: Protocol
    step: Step
    channel: Channel
    language: str

    @property
    def key(self) -> str:
        return f"{self.protocol.treatment}.{self.step.id}"


def _uses(configuration: Configuration) -> Iterator[_Use]:
    for clinic in configuration.clinics.values():
        for treatment in configuration.protocols:
            protocol = configuration.protocol_for(clinic.id, treatment)
            for step in protocol.steps:
                for channel in step.channels:
                    for language in clinic.languages:
                        yield _Use(clinic, protocol, step, channel, language)


def _problems(texts: Texts, use: _Use) -> Iterator[Problem]:
    variables = sample_variables(use.clinic, use.protocol, use.language)
    try:
        file = texts.file(use.step.template, use.language, use.channel)
        body = _body(texts, use, variables)
    except TemplateFaultError as error:
        for fault in error.faults:
            key = use.step.id if fault.code == "missing-template" else ""
            yield Problem(
                file=fault.file, line=fault.line, code=fault.code, key=key, message=fault.what, hint=fault.hint
            )
    except TemplateError as error:
        message = str(error).removeprefix(f"{file}: ")
        yield Problem(file=file, code="unwritable-text", key=f"{use.clinic.id}.{use.key}", message=message)
    else:
        yield from _broken_rules(use, variables, file, body)


def _body(texts: Texts, use: _Use, variables: Variables) -> str:
    if use.channel is Channel.SMS:
        return render_sms(texts, use.step.template, use.language, variables).body
    return render_email(texts, use.step.template, use.language, variables).text


def _broken_rules(use: _Use, variables: Variables, file: Path, body: str) -> Iterator[Problem]:
    """Check the rules that a text must keep whatever it says: they are in docs/reference/texts.md."""
    key = f"{use.clinic.id}.{use.key}"
    for name in ("clinic.phone", "clinic.emergency_number"):
        if use.step.ask and str(variables.values[name]) not in body:
            hint = f"write {{{{ {name} }}}} outside every {{% if %}}"
            message = f"this check does not say {name}, and a patient in trouble needs it"
            yield Problem(file=file, code="unreachable-clinic", key=key, message=message, hint=hint)
    title = str(variables.values["treatment"]).casefold()
    told = body.replace(str(variables.values["clinic.name"]), "").casefold()
    if use.channel is Channel.SMS and not use.clinic.sms_may_name_treatment and title in told:
        hint = "leave it out, or set sms_may_name_treatment: true in the clinic's file"
        message = f"this SMS names the treatment ({title}), which {use.clinic.id} does not allow"
        yield Problem(file=file, code="named-treatment", key=key, message=message, hint=hint)
