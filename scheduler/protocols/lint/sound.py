"""What the rules look at: a configuration without errors, and the trees that know where each key stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Protocol, Step
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.nodes import Node, Place
from scheduler.protocols.problems import Problem, Severity
from scheduler.protocols.protocol_rules import step_ids


@dataclass(frozen=True, slots=True)
class Planned:
    """A protocol as one clinic has it. A step that no clinic changes is the same value in all of them."""

    clinic: Clinic
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class Sound:
    """A configuration that can be used, with the trees of its files by clinic and by treatment."""

    configuration: Configuration
    clinics: Mapping[str, Node]
    protocols: Mapping[str, Node]

    def planned(self) -> Iterator[Planned]:
        """Yield every protocol of every clinic, with the clinic's changes."""
        for clinic in self.configuration.clinics.values():
            for treatment in self.configuration.protocols:
                yield Planned(clinic, self.configuration.protocol_for(clinic.id, treatment))

    def writes(self, planned: Planned, step: Step, *key: str) -> str | None:
        """Return the text that stands under a key of a step, None where the file leaves the key out."""
        _, node = self._written(planned, step, key)
        return node.text(*key) if node else None

    def problem(
        self,
        planned: Planned,
        step: Step,
        *key: str,
        code: str,
        message: str,
        hint: str,
        severity: Severity = "warning",
    ) -> Problem:
        """Return a problem at a key of a step: in the clinic's overrides where they say it, else in the protocol.

        Where the key is left out, it stands at the step.
        """
        overriding, node = self._written(planned, step, key)
        place = _place(node, key) if node else self.clinics[planned.clinic.id].at
        treatment = planned.protocol.treatment
        said = () if key == ("id",) else key
        path = ("overrides", treatment, step.id, *said) if overriding else ("steps", step.id, *said)
        return Problem(
            file=place.file,
            line=place.line,
            column=place.column,
            code=code,
            key=".".join(path),
            message=message,
            hint=hint,
            severity=severity,
        )

    def _written(self, planned: Planned, step: Step, key: tuple[str, ...]) -> tuple[bool, Node | None]:
        """Return whether the clinic's overrides say the key, and the step's node there or in the protocol."""
        change = self.clinics[planned.clinic.id].find(("overrides", planned.protocol.treatment, step.id))
        if change is not None and change.find(key[:1]) is not None:
            return True, change
        tree = self.protocols[planned.protocol.treatment]
        return False, dict(zip(step_ids(tree), tree.items("steps"), strict=True)).get(step.id)


def _place(node: Node, key: tuple[str, ...]) -> Place:
    """Return where the key stands, or the innermost key around it that is there, or the step's own id."""
    while key and node.find(key) is None:
        key = key[:-1]
    return node.place_of(key or ("id",), key=True)
