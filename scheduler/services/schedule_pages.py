"""The protocols as people look at them: their steps, who approved them, who goes by them, which edits wait."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scheduler.domain.access import Scope
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Protocol
from scheduler.protocols.problems import Problem
from scheduler.services.approving import Approving
from scheduler.services.desk import Desk
from scheduler.services.flight_counts import Flight
from scheduler.services.planner import InFlightEdit
from scheduler.services.step_pages import StepPage, step_page

UNAPPROVED = "unapproved"
"""The code of problems that are shown as approvals, and not once more among what is wrong."""


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """One protocol in the list. `own`: the clinics that have it otherwise; of those that the reader may see.

    `approved` of `parts` steps and texts are approved; `in_flight` visits have begun or are to come; `edits` are not
    applied to some of them.
    """

    protocol: Protocol
    own: tuple[str, ...]
    in_flight: int
    approved: int
    parts: int
    edits: tuple[InFlightEdit, ...]
    errors: int
    warnings: int


@dataclass(frozen=True, slots=True)
class SchedulePage:
    """One protocol as one clinic has it. `is_own`: otherwise than the others. `gone`: steps that an edit took out."""

    protocol: Protocol
    clinic: Clinic
    is_own: bool
    steps: tuple[StepPage, ...]
    in_flight: int
    gone: tuple[InFlightEdit, ...]
    problems: tuple[Problem, ...]

    @property
    def edits(self) -> tuple[InFlightEdit, ...]:
        """The edits of its steps that are not applied to all that is in flight."""
        return (*(it.edit for it in self.steps if it.edit), *self.gone)


def schedules(desk: Desk, scope: Scope, flight: Flight, problems: Sequence[Problem] = ()) -> tuple[ScheduleLine, ...]:
    """Return all protocols for a reader of these clinics, by treatment. `problems` are those of the files."""
    lister = _Lister(desk, scope, flight, problems)
    return tuple(map(lister.line, sorted(desk.configuration.protocols)))


def schedule(
    desk: Desk, treatment: str, clinic: str, flight: Flight, problems: Sequence[Problem] = ()
) -> SchedulePage:
    """Return one protocol as a clinic has it. Raises ConfigError for a treatment or a clinic that is not there.

    Whoever asks may read at the clinic: see to that before.
    """
    configuration = desk.configuration
    protocol, place = configuration.protocol_for(clinic, treatment), configuration.clinic(clinic)
    edits = [it for it in flight.edits if it.edit.treatment == treatment and clinic in it.clinics]
    mine = {it.edit.step: it for it in edits}
    approving = Approving(configuration, desk.texts)
    return SchedulePage(
        protocol=protocol,
        clinic=place,
        is_own=(clinic, treatment) in configuration.overridden,
        steps=tuple(step_page(desk, place, protocol, step, mine.get(step.id)) for step in protocol.steps),
        in_flight=flight.counts.get((clinic, treatment), 0),
        gone=tuple(it for step, it in mine.items() if not protocol.step(step)),
        problems=problems_of(approving, desk, treatment, problems),
    )


def problems_of(approving: Approving, desk: Desk, treatment: str, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return those problems that are in a treatment's file, texts and advice; what is not approved is left out."""
    mine = approving.files(treatment, desk.settings.config_dir)
    return tuple(it for it in problems if it.file in mine and it.code != UNAPPROVED)


@dataclass(frozen=True, slots=True)
class _Lister:
    desk: Desk
    scope: Scope
    flight: Flight
    problems: Sequence[Problem]

    def line(self, treatment: str) -> ScheduleLine:
        configuration, scope = self.desk.configuration, self.scope
        approving = Approving(configuration, self.desk.texts)
        parts = approving.items(treatment)
        found = Counter(it.severity for it in problems_of(approving, self.desk, treatment, self.problems))
        own = (clinic for clinic, name in configuration.overridden if name == treatment and scope.holds(clinic))
        return ScheduleLine(
            protocol=configuration.protocols[treatment],
            own=tuple(sorted(own)),
            in_flight=sum(n for (_, name), n in self.flight.counts.items() if name == treatment),
            approved=sum(bool(it.approved) for it in parts),
            parts=len(parts),
            edits=tuple(it for it in self.flight.edits if it.edit.treatment == treatment),
            errors=found["error"],
            warnings=found["warning"],
        )


def first_clinic(desk: Desk, scope: Scope) -> str | None:
    """Return the clinic whose protocols are shown to a reader who named none; None where no file of any is there."""
    return next((clinic for clinic in desk.configuration.clinics if scope.holds(clinic)), None)
