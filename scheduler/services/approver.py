"""Tells whether a message may go out as far as approval goes: its step and its text are on record as approved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from scheduler.content.faults import TemplateFaultError
from scheduler.content.templates import Texts
from scheduler.domain.protocol import Channel, Step
from scheduler.domain.reasons import Reason, because
from scheduler.protocols.approvals import advice_digest, advice_name, step_digest, text_name
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import step_of
from scheduler.services.merged_wording import common_template
from scheduler.store.due import DueMessage


class Said(NamedTuple):
    """What a text of a step is called in records, and its digest."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Approver:
    """Looks up in the records, once for what is alike; `live`: messages leave the machine."""

    configuration: Configuration
    texts: Texts
    live: bool
    _known: dict[tuple[str, Step, Channel, str], Reason | None] = field(default_factory=dict, repr=False)

    @property
    def required(self) -> bool:
        """Whether only what is approved goes out."""
        return self.configuration.requires_approval(live=self.live)

    def lacking(self, due: DueMessage) -> Reason | None:
        """Return what nobody approved of a message, None where it may go out. Its clinic is in the configuration."""
        if not self.required:
            return None
        step = step_of(due, self.configuration)
        if step is None:
            return None
        language = self.configuration.clinic(due.message.clinic).language_for(due.patient.language)
        return self.lacking_of(due.appointment.treatment, step, due.message.channel, language)

    def lacking_together(self, dues: Sequence[DueMessage]) -> bool:
        """Whether nobody approved the text that says these messages of one patient together, each approved by itself.

        Raises TemplateFaultError where there is no such text.
        """
        if not self.required:
            return False
        steps = [step for due in dues if (step := step_of(due, self.configuration))]
        first = dues[0]
        language = self.configuration.clinic(first.message.clinic).language_for(first.patient.language)
        return (
            self.text(common_template(steps), first.message.channel, language)
            not in self.configuration.approvals.texts
        )

    def lacking_of(self, treatment: str, step: Step, channel: Channel, language: str) -> Reason | None:
        """Return what nobody approved of a step as one language and channel has it, whether that is required or not.

        A text that can't be read is nobody's to approve: what sends it says so.
        """
        key = (treatment, step, channel, language)
        if key in self._known:
            return self._known[key]
        try:
            self._known[key] = self._looked_up(treatment, step, channel, language)
        except TemplateFaultError:
            return None
        return self._known[key]

    def _looked_up(self, treatment: str, step: Step, channel: Channel, language: str) -> Reason | None:
        approvals = self.configuration.approvals
        if (treatment, step_digest(step)) not in approvals.steps:
            return _unapproved(f"the step {step.id}", treatment)
        said = next((it for it in self.said(step, channel, language) if it not in approvals.texts), None)
        return _unapproved(f"the text {said.name}", treatment) if said else None

    def said(self, step: Step, channel: Channel, language: str) -> Iterator[Said]:
        """Yield what a patient would read of a step: its text, and its advice, which only emails say.

        Raises TemplateFaultError.
        """
        yield self.text(step.template, channel, language)
        if channel is Channel.EMAIL:
            for advice in step.advice:
                digest = advice_digest(self.configuration.advice, advice.tag, language)
                yield Said(advice_name(advice.tag, language), digest)

    def text(self, template: str, channel: Channel, language: str) -> Said:
        """Return one template's name in records and its digest. Raises TemplateFaultError."""
        find = self.texts.email if channel is Channel.EMAIL else self.texts.sms
        return Said(text_name(template, language, channel), find(template, language).digest)


def _unapproved(what: str, treatment: str) -> Reason:
    return because("unapproved", what=what, treatment=treatment)
