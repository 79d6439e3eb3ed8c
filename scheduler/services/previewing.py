"""A step's text as a patient would get it, with a sample patient."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.content.render import RenderedEmail, RenderedSms, render_email, render_sms
from scheduler.content.templates import Texts
from scheduler.content.variables import variables_for
from scheduler.domain.protocol import Channel, Protocol, Step
from scheduler.errors import NotFoundError
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.hints import shown, suggest

SAMPLE_NAME = "Alex Sample"


@dataclass(frozen=True, slots=True)
class Previewer:
    """Renders texts with the clinic's own values."""

    configuration: Configuration
    texts: Texts

    def preview(
        self, step_id: str, *, clinic: str, language: str, channel: Channel, treatment: str | None, now: datetime
    ) -> RenderedSms | RenderedEmail:
        """Return the text of a step for a visit in a week. Raises NotFoundError or TemplateError."""
        place = self.configuration.clinic(clinic)
        if language not in place.languages:
            raise NotFoundError(f"clinic {clinic} speaks {', '.join(place.languages)}, not {shown(language)}")
        protocol, step = self._find(step_id, clinic, treatment)
        variables = variables_for(
            place, protocol, patient_name=SAMPLE_NAME, language=language, starts_at=now + timedelta(weeks=1)
        )
        render = render_sms if channel is Channel.SMS else render_email
        return render(self.texts, step.template, language, variables)

    def _find(self, step_id: str, clinic: str, treatment: str | None) -> tuple[Protocol, Step]:
        names = [treatment] if treatment else list(self.configuration.protocols)
        protocols = [self.configuration.protocol_for(clinic, name) for name in names]
        for protocol in protocols:
            if step := protocol.step(step_id):
                return protocol, step
        known = {step.id for protocol in protocols for step in protocol.steps}
        raise NotFoundError(f"there is no step “{shown(step_id)}” ({suggest(step_id, sorted(known))})")
