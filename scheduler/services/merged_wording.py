"""What a message says that may speak for others too: one template, every advice once, all treatments by name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.content.advice import advice_lines
from scheduler.content.formats import in_a_row
from scheduler.content.variables import Variables, title_of, variables_for
from scheduler.domain.advice import Catalogue
from scheduler.domain.advised import Held, still_held, strictest
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Protocol, Step
from scheduler.errors import TemplateError
from scheduler.protocols.configuration import Configuration
from scheduler.services.binding import advised_by, protocol_of, step_of, visit_of_due
from scheduler.store.due import DueMessage


@dataclass(frozen=True, slots=True)
class Wording:
    """The text of a message: its carrier's protocol, the template, the treatments and what is advised."""

    protocol: Protocol
    template: str
    treatments: tuple[Protocol, ...]
    advised: tuple[Held, ...]
    zone: ZoneInfo
    catalogue: Catalogue

    def complete(self, variables: Variables, clinic: Clinic, language: str, *, now: datetime) -> Variables:
        """Return the carrier's values with the advice of all, and all treatments. Raises TemplateError.

        Of a message that goes out late, what is over at `now` (aware UTC) is left out.
        """
        if self.advised:
            advised = still_held(self.advised, self.zone, now=now)
            lines = advice_lines(advised, self.catalogue, clinic, language, self.zone)
            variables = variables.with_advice(lines)
        titles = tuple(dict.fromkeys(title_of(it, language) for it in self.treatments))
        if len(titles) == 1:
            return variables
        return variables.with_treatments(in_a_row(titles, language, clinic.country))

    def of_other_visits(
        self, variables: Variables, passengers: Sequence[DueMessage], clinic: Clinic, language: str
    ) -> Iterator[Variables]:
        """Yield the values as each passenger's visit would have them; nothing where they are the same for all."""
        for due, protocol in zip(passengers, self.treatments[1:], strict=True):
            starts_at = due.appointment.starts_at
            own = variables_for(
                clinic, protocol, patient_name=due.patient.name, language=language, starts_at=starts_at
            )
            other = variables.with_visit_of(own)
            if other != variables:
                yield other


def wording_of(configuration: Configuration, due: DueMessage, passengers: Sequence[DueMessage]) -> Wording:
    """Return what a message says, for its passengers too. Raises TemplateError where a step is gone."""
    parts = [_part(configuration, it) for it in (due, *passengers)]
    protocol = parts[0][0]
    advising = [it for it, (_, step) in zip((due, *passengers), parts, strict=True) if step.advice]
    zone = visit_of_due(due, protocol, configuration).zone
    return Wording(
        protocol=protocol,
        template=common_template([step for _, step in parts]),
        treatments=tuple(protocol for protocol, _ in parts),
        advised=strictest([one for it in advising for one in advised_by(it, configuration)], zone),
        zone=zone,
        catalogue=configuration.advice,
    )


def common_template(steps: Sequence[Step]) -> str:
    """Return the template that all of these steps share; where they differ, the one named like their kind."""
    templates = {step.template for step in steps}
    return templates.pop() if len(templates) == 1 else steps[0].merges_as


def _part(configuration: Configuration, due: DueMessage) -> tuple[Protocol, Step]:
    protocol, step = protocol_of(due, configuration), step_of(due, configuration)
    if protocol is None or step is None:
        raise TemplateError(f"the protocol no longer has the step {due.message.step}")
    return protocol, step
