"""Reads a configuration folder: all of it or nothing, with every problem of every file at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Protocol
from scheduler.errors import ConfigError
from scheduler.protocols.clinic_rules import (
    contact_doubts,
    doubts,
    import_faults,
    own_number_faults,
    reach_faults,
    title_faults,
)
from scheduler.protocols.configuration import Configuration, Instance
from scheduler.protocols.folder import find_files
from scheduler.protocols.nodes import Node
from scheduler.protocols.overrides import override_protocol
from scheduler.protocols.problems import Problem, has_errors, in_order
from scheduler.protocols.reading import Read, read_clinic, read_instance, read_protocol
from scheduler.protocols.wording import problem_at

Value = TypeVar("Value")


def load(config_dir: Path) -> Configuration:
    """Return the configuration in a folder. Raises ConfigError with the first error and how many more there are."""
    configuration, problems = check(config_dir)
    if configuration is None:
        errors = [problem for problem in problems if problem.severity == "error"]
        more = f"; and {len(errors) - 1} more" if len(errors) > 1 else ""
        raise ConfigError(f"{errors[0]}{more}: run `aftercare check`")
    return configuration


def check(config_dir: Path) -> tuple[Configuration | None, tuple[Problem, ...]]:
    """Return the configuration, None where it has errors, and all problems of all files, warnings too."""
    files, problems = find_files(config_dir)
    instance = read_instance(files.instance) if files.instance else Read(None, Instance(), ())
    protocols = {file.stem: read_protocol(file) for file in files.protocols}
    clinics = {file.stem: read_clinic(file, list(protocols)) for file in files.clinics}
    problems += instance.problems
    problems += [problem for protocol in protocols.values() for problem in protocol.problems]
    problems += [problem for clinic in clinics.values() for problem in clinic.problems]
    whole = _Whole(clinics, protocols, problems)
    configuration = whole.configuration(instance.value or Instance())
    if instance.tree is not None:
        own = own_number_faults(configuration.instance.on_call, configuration.clinics)
        problems += [problem_at(instance.tree, fault) for fault in own]
    return (None if has_errors(problems) else configuration), in_order(problems)


@dataclass(slots=True)
class _Whole:
    """All files together; what does not fit is added to `problems`."""

    clinics: Mapping[str, Read[Clinic]]
    protocols: Mapping[str, Read[Protocol]]
    problems: list[Problem]

    def configuration(self, instance: Instance) -> Configuration:
        """Put together what is sound, and check each against the others."""
        protocols, clinics = dict(_sound(self.protocols)), dict(_sound(self.clinics))
        overridden: dict[tuple[str, str], Protocol] = {}
        for clinic_id, (tree, clinic) in clinics.items():
            own, changed = self._as_changed_by(tree, protocols)
            overridden |= {(clinic_id, treatment): protocol for treatment, protocol in changed.items()}
            self.problems += [problem_at(tree, fault) for fault in reach_faults(clinic, own | changed)]
            self.problems += [problem_at(tree, fault) for fault in import_faults(clinic)]
            self.problems += [replace(problem_at(tree, fault), severity="warning") for fault in doubts(clinic)]
            contacts = contact_doubts(clinic)
            self.problems += [replace(problem_at(tree, fault), severity="warning") for fault in contacts]
        values = {clinic_id: clinic for clinic_id, (_, clinic) in clinics.items()}
        for tree, clinic in clinics.values():
            self.problems += [problem_at(tree, fault) for fault in own_number_faults(clinic.on_call, values)]
        for tree, protocol in protocols.values():
            self.problems += [problem_at(tree, fault) for fault in title_faults(protocol, values)]
        return Configuration(
            instance, values, {name: protocol for name, (_, protocol) in protocols.items()}, overridden
        )

    def _as_changed_by(
        self, clinic: Node, protocols: Mapping[str, tuple[Node, Protocol]]
    ) -> tuple[dict[str, Protocol], dict[str, Protocol]]:
        """Return the protocols that a clinic leaves as they are, and those that it changes, as changed."""
        named = {treatment for treatment, _ in clinic.entries("overrides")}
        changed: dict[str, Protocol] = {}
        for treatment in sorted(named & protocols.keys()):
            protocol, problems = override_protocol(clinic, treatment, protocols[treatment][0])
            self.problems += problems
            if protocol is not None:
                changed[treatment] = protocol
        return {name: protocol for name, (_, protocol) in protocols.items() if name not in named}, changed


def _sound(read: Mapping[str, Read[Value]]) -> Iterator[tuple[str, tuple[Node, Value]]]:
    for name, one in read.items():
        if one.tree is not None and one.value is not None:
            yield name, (one.tree, one.value)
