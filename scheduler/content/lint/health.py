"""Others may read a phone's screen: where a clinic's texts name no treatment, they name no illness either."""

from collections.abc import Iterator

from scheduler.content.lint.vocabulary import any_of, finder, fold
from scheduler.content.lint.written import Written
from scheduler.domain.protocol import Channel
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.problems import Problem


def health_details(written: Written, configuration: Configuration) -> Iterator[Problem]:
    """Yield the first word of a procedure, an illness or a private part of the body in a step's SMS.

    Skin, signs such as redness or fever, and products may be named: a check is of no use without them. An answer may
    name more: it goes to who has just written. A protocol's own title is `named_treatments`'.
    """
    words = finder(written.use.language, "health")
    if words is None or not _is_discreet(written):
        return
    titles = " ".join(fold(title) for title in _titles(configuration))
    for source in written.sources:
        found = next((it for it in words.finditer(fold(source.text)) if it[0] not in titles), None)
        if found:
            said = source.text[found.start() : found.end()]
            message = f"“{said}” tells whoever reads the screen about the patient's health"
            hint = "say it in the email, or set sms_may_name_treatment: true in the clinic's file"
            yield written.problem(source, found.start(), code="health-detail", message=message, hint=hint)


def named_treatments(written: Written, configuration: Configuration) -> Iterator[Problem]:
    """Yield the first title of any protocol in a step's SMS of a clinic that allows none."""
    if not _is_discreet(written):
        return
    titles = any_of(_titles(configuration))
    for source in written.sources:
        found = titles.search(fold(source.text))
        if found:
            said, clinic = source.text[found.start() : found.end()], written.use.clinic
            message = f"this SMS names the treatment ({said.casefold()}), which {clinic.id} does not allow"
            hint = "leave it out, or set sms_may_name_treatment: true in the clinic's file"
            yield written.problem(
                source, found.start(), code="named-treatment", message=message, hint=hint, severity="error"
            )


def _is_discreet(written: Written) -> bool:
    use = written.use
    return use.channel is Channel.SMS and use.step is not None and not use.clinic.sms_may_name_treatment


def _titles(configuration: Configuration) -> list[str]:
    return sorted({title for protocol in configuration.protocols.values() for title in protocol.title.values()})
