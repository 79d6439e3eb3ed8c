"""A text as a patient, or whoever is on call, would get it, with a sample patient."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.content.advice import advice_of
from scheduler.content.notices import ALERTS, CHANNELS, reasons_of
from scheduler.content.render import RenderedEmail, RenderedSms, render_email, render_sms
from scheduler.content.samples import SAMPLE_PAGE, SAMPLE_UNSUBSCRIBE, sample_alert, sample_answer
from scheduler.content.templates import Texts
from scheduler.content.variables import Variables, variables_for
from scheduler.domain.appointment import Appointment
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import PATIENT_CHANNELS, Channel, Protocol, Step
from scheduler.domain.timing import visit_of
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
        self,
        name: str,
        *,
        clinic: str,
        language: str,
        channel: Channel,
        treatment: str | None,
        now: datetime,
        first_contact: bool = False,
    ) -> RenderedSms | RenderedEmail:
        """Return the text of a step for a visit in a week, or that of an answer or an alert.

        `first_contact`: a step's SMS as the first to a number. Raises NotFoundError or TemplateError.
        """
        place = self.configuration.clinic(clinic)
        if language not in place.languages:
            raise NotFoundError(f"clinic {clinic} speaks {', '.join(place.languages)}, not {shown(language)}")
        render = render_sms if channel is Channel.SMS else render_email
        if name in CHANNELS:
            _refuse_other(channel, CHANNELS[name], name)
            return render(self.texts, name, language, _notice(place, name, language))
        protocol, step = self._find(name, clinic, treatment)
        _refuse_other(channel, PATIENT_CHANNELS, name)
        variables = variables_for(
            place,
            protocol,
            patient_name=SAMPLE_NAME,
            language=language,
            starts_at=now + timedelta(weeks=1),
            page_url=SAMPLE_PAGE,
            unsubscribe_url=SAMPLE_UNSUBSCRIBE,
            first_contact=first_contact,
        )
        visit = visit_of(Appointment(now + timedelta(weeks=1)), protocol.duration, place.timezone, None)
        variables = variables.with_advice(advice_of(step, visit, self.configuration.advice, place, language))
        return render(self.texts, step.template, language, variables)

    def _find(self, step_id: str, clinic: str, treatment: str | None) -> tuple[Protocol, Step]:
        names = [treatment] if treatment else list(self.configuration.protocols)
        protocols = [self.configuration.protocol_for(clinic, name) for name in names]
        for protocol in protocols:
            if step := protocol.step(step_id):
                return protocol, step
        known = {step.id for protocol in protocols for step in protocol.steps} | set(CHANNELS)
        raise NotFoundError(f"there is no step “{shown(step_id)}” ({suggest(step_id, sorted(known))})")


def _notice(clinic: Clinic, name: str, language: str) -> Variables:
    return sample_alert(clinic, language, reasons_of(name)[0]) if name in ALERTS else sample_answer(clinic, language)


def _refuse_other(channel: Channel, channels: tuple[Channel, ...], name: str) -> None:
    if channel not in channels:
        raise NotFoundError(f"{name} has no text for {channel}: it is written for {' and '.join(channels)}")
