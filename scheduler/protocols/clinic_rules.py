"""What a clinic must be so that its protocols can be sent: known names, senders, someone who gets the answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from phonenumbers import shortnumberinfo

from scheduler.domain.clinic import Clinic, OnCall, QuietHours
from scheduler.domain.protocol import Channel, Protocol, Step
from scheduler.protocols.faults import Fault
from scheduler.protocols.fields import is_id
from scheduler.protocols.hints import suggest
from scheduler.protocols.nodes import Node

NOON, LONGEST_NIGHT = 12, 16
"""Hours of the clock."""


def name_faults(clinic: Node, treatments: Sequence[str]) -> Iterator[Fault]:
    """Yield the treatments that a clinic's file names and no protocol is for; without any that is said elsewhere."""
    if not treatments:
        return
    hint = "it is the name of a file in protocols/"
    for treatment, _ in clinic.entries("overrides"):
        if treatment not in treatments:
            message = "there is no protocol of this name"
            yield Fault(
                ("overrides", treatment), "unknown-treatment", message, suggest(treatment, treatments) or hint
            )
    for column_value, entry in clinic.entries("import", "treatments"):
        named = entry.node.value.strip() if isinstance(entry.node.value, str) else ""
        if is_id(named) and named not in treatments:
            path = ("import", "treatments", column_value)
            yield Fault(
                path, "unknown-treatment", f"there is no protocol {named}", suggest(named, treatments) or hint
            )
    for index, _ in enumerate(clinic.items("bookings")):
        of_source = ("bookings", index, "treatment")
        named = (clinic.text(*of_source) or "").strip()
        if is_id(named) and named not in treatments:
            yield Fault(
                of_source, "unknown-treatment", f"there is no protocol {named}", suggest(named, treatments) or hint
            )


def reach_faults(clinic: Clinic, protocols: Mapping[str, Protocol]) -> Iterator[Fault]:
    """Yield what the clinic lacks to send its protocols and to hear the answers, once each."""
    for channel, sender in ((Channel.SMS, clinic.sms), (Channel.EMAIL, clinic.email)):
        by_channel = "" if sender else _first(protocols, _sent_by(channel))
        if by_channel:
            message = f"is not set, but {by_channel} is sent by {channel}"
            hint = "add it, or change the step's channels under overrides"
            yield Fault((channel.value,), "missing-sender", message, hint)
    asking = _first(protocols, lambda step: step.ask is not None)
    if asking and not any(map(partial(_can_be_told, clinic), clinic.on_call)):
        whom = "nobody who could be told by what the clinic sends from" if clinic.on_call else "nobody"
        message = f"names {whom}, but {asking} asks patients something"
        yield Fault(("on_call",), "missing-contact", message, "add who gets the answers")
    by_sms = _first(protocols, lambda step: step.ask is not None and Channel.SMS in step.channels)
    if clinic.sms and clinic.sms.one_way and by_sms:
        message = f"nobody can answer {clinic.sms.name}, but {by_sms} asks for a reply by SMS"
        yield Fault(("sms", "from"), "one-way-sender", message, "use a number, or ask by email alone under overrides")


def _sent_by(channel: Channel) -> Callable[[Step], bool]:
    return lambda step: channel in step.channels


def _first(protocols: Mapping[str, Protocol], wanted: Callable[[Step], bool]) -> str:
    found = (
        (name, step.id) for name, protocol in sorted(protocols.items()) for step in protocol.steps if wanted(step)
    )
    name, step_id = next(found, ("", ""))
    return f"step {step_id} of {name}" if name else ""


def title_faults(protocol: Protocol, clinics: Mapping[str, Clinic]) -> Iterator[Fault]:
    """Yield the languages in which a clinic writes and the treatment has no title, once each."""
    speakers = {
        language: name for name, clinic in sorted(clinics.items(), reverse=True) for language in clinic.languages
    }
    for language in sorted(speakers.keys() - protocol.title.keys()):
        message = f"has nothing in {language}, which clinic {speakers[language]} speaks"
        yield Fault(("title",), "missing-title", message, f"add {language}: …")


def doubts(clinic: Clinic) -> Iterator[Fault]:
    """Yield what is likely wrong, but no error: lists of emergency numbers are never complete."""
    if not shortnumberinfo.is_emergency_number(clinic.emergency_number, clinic.country):
        message = f"{clinic.emergency_number} is no emergency number known for {clinic.country}"
        yield Fault(("emergency_number",), "unlikely-emergency-number", message, "make sure that it is right")
    if clinic.quiet_hours and _by_day(clinic.quiet_hours):
        message = "hardly anything could be sent: these hours hold noon, or leave less than eight of the day"
        yield Fault(("quiet_hours",), "unlikely-quiet-hours", message, "from is the evening, to is the morning")


def own_number_faults(on_call: Sequence[OnCall], clinics: Mapping[str, Clinic]) -> Iterator[Fault]:
    """Yield who on call would be told on a number that a clinic sends from: the text comes back as a reply."""
    senders = {clinic.sms.number: name for name, clinic in sorted(clinics.items(), reverse=True) if clinic.sms}
    for index, person in enumerate(on_call):
        if person.sms and person.sms in senders:
            message = f"is the number that messages of clinic {senders[person.sms]} come from"
            yield Fault(("on_call", index, "sms"), "own-number", message, "give a phone that somebody looks at")


def contact_doubts(clinic: Clinic) -> Iterator[Fault]:
    """Yield who on call could not be told of an alert, or is nobody else than who was told before."""
    told: dict[str, int] = {}
    for index, person in enumerate(clinic.on_call):
        path, ways = ("on_call", index), [way for way in (person.sms, person.email, person.webhook) if way]
        if not _can_be_told(clinic, person) and any(_can_be_told(clinic, other) for other in clinic.on_call):
            message = "can't be told anything: the clinic has no sender for that"
            yield Fault(path, "unlikely-contact", message, "give another way")
        if all(way in told for way in ways):
            message = f"has no way of its own: on_call#{told[ways[0]] + 1} was told there before"
            yield Fault(path, "unlikely-contact", message, "nobody else is told when that one does not answer")
        for way in ways:
            told.setdefault(way, index)


def _can_be_told(clinic: Clinic, person: OnCall) -> bool:
    return bool(person.webhook or (person.sms and clinic.sms) or (person.email and clinic.email))


def _by_day(quiet: QuietHours) -> bool:
    start, end = (at.hour + at.minute / 60 for at in (quiet.start, quiet.end))
    holds_noon = start <= NOON < end if start < end else not end <= NOON < start
    return holds_noon or (end - start) % 24 > LONGEST_NIGHT
