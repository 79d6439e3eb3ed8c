"""Which texts a configuration uses, and the rules that each must keep: they are in docs/reference/texts.md."""

from collections.abc import Iterator
from dataclasses import dataclass

from scheduler.content.notices import ALERTS, CHANNELS, reasons_of
from scheduler.content.samples import sample_advice, sample_alert, sample_answer, sample_variables
from scheduler.content.templates import FIRST_CONTACT
from scheduler.content.variables import Variables
from scheduler.domain.advice import Catalogue
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Channel, Protocol, Step
from scheduler.protocols.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Rule:
    """Words that a text has to say, or (`wanted` is False) must not say; and what is said when it is broken."""

    words: str
    wanted: bool
    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Use:
    """One text as one clinic sends it.

    `name` is what asks for it, `key` the same with the clinic. It has to come out with each of `variables`: a page's
    link may be there or not, an alert may be of several kinds. `always`: no protocol can do without it. `step` is
    that of a step's text.
    """

    clinic: Clinic
    template: str
    channel: Channel
    language: str
    name: str
    key: str
    variables: tuple[Variables, ...]
    rules: tuple[Rule, ...]
    always: bool = True
    step: Step | None = None


def uses(configuration: Configuration) -> Iterator[Use]:
    """Yield every text that the configuration uses, once for each clinic and language."""
    for clinic in configuration.clinics.values():
        protocols = [configuration.protocol_for(clinic.id, treatment) for treatment in configuration.protocols]
        channels = {channel for protocol in protocols for step in protocol.steps for channel in step.channels}
        for language in clinic.languages:
            for protocol in protocols:
                for step in protocol.steps:
                    for channel in step.channels:
                        yield _of_step(
                            clinic, protocol, step, channel, language=language, catalogue=configuration.advice
                        )
            if Channel.SMS in channels:
                yield _of_first_contact(clinic, language)
            titles = {title for protocol in protocols for title in protocol.title.values()}
            for template, ways in CHANNELS.items():
                for channel in ways:
                    yield _of_notice(clinic, template, channel, language, titles)


def _of_step(
    clinic: Clinic, protocol: Protocol, step: Step, channel: Channel, *, language: str, catalogue: Catalogue
) -> Use:
    advice = sample_advice(clinic, protocol, step, catalogue, language)
    variables = tuple(
        sample_variables(clinic, protocol, language, links=links).with_advice(advice) for links in (True, False)
    )
    rules: list[Rule] = []
    if step.ask:
        rules += [_reachable("check", name, variables[0]) for name in ("clinic.phone", "clinic.emergency_number")]
    key = f"{clinic.id}.{protocol.treatment}.{step.id}"
    return Use(clinic, step.template, channel, language, step.id, key, variables, tuple(rules), False, step)


def _of_first_contact(clinic: Clinic, language: str) -> Use:
    """Return the line under a first text. A name that nobody can answer takes no STOP: then it says whom to call."""
    variables = sample_answer(clinic, language, links=False)
    if variables.values["clinic.takes_replies"]:
        message = "the line under a first text does not say STOP, the word that every carrier takes"
        rule = Rule("STOP", wanted=True, code="no-way-to-stop", message=message, hint="say how to stop the texts")
    else:
        message = "the line under a first text does not say clinic.phone, and its sender takes no replies"
        hint = "write {{ clinic.phone }} where {% if clinic.takes_replies %} does not hold"
        words = str(variables.values["clinic.phone"])
        rule = Rule(words, wanted=True, code="no-way-to-stop", message=message, hint=hint)
    key = f"{clinic.id}.first_contact"
    return Use(clinic, FIRST_CONTACT, Channel.SMS, language, "first_contact", key, (variables,), (rule,))


def _of_notice(clinic: Clinic, template: str, channel: Channel, language: str, titles: set[str]) -> Use:
    variables = (
        tuple(sample_alert(clinic, language, reason) for reason in reasons_of(template))
        if template in ALERTS
        else tuple(sample_answer(clinic, language, links=links) for links in (True, False))
    )
    rules = [_unnamed(title, template) for title in sorted(titles)]
    if template in ALERTS:
        rules.append(_reachable("alert", "alert.link", variables[0]))
    else:
        rules.append(_reachable("answer", "clinic.phone", variables[0]))
    if template == "answer_urgent":
        rules.append(_reachable("answer", "clinic.emergency_number", variables[0]))
    return Use(clinic, template, channel, language, template, f"{clinic.id}.{template}", variables, tuple(rules))


def _reachable(what: str, name: str, variables: Variables) -> Rule:
    who = "whoever is on call can't take it" if what == "alert" else "a patient in trouble needs it"
    message = f"this {what} does not say {name}, and {who}"
    code = "missing-link" if what == "alert" else "unreachable-clinic"
    hint = f"write {{{{ {name} }}}} outside every {{% if %}}"
    return Rule(str(variables.values[name]), wanted=True, code=code, message=message, hint=hint)


def _unnamed(title: str, template: str) -> Rule:
    message = f"{template} names a treatment ({title.casefold()}), and others may read it"
    return Rule(title, wanted=False, code="named-treatment", message=message, hint="leave it out")
