"""Reads a configuration folder: all of it or nothing, with every problem of every file at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from scheduler.domain.advice import Catalogue
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Protocol
from scheduler.errors import ConfigError
from scheduler.protocols.advice_rules import (
    language_faults,
    names_advice,
    override_tag_faults,
    source_faults,
    step_tag_faults,
)
from scheduler.protocols.approvals_folder import read_all_approvals
from scheduler.protocols.clinic_rules import (
    contact_doubts,
    doubts,
    own_number_faults,
    reach_faults,
    title_faults,
)
from scheduler.protocols.configuration import Configuration, Instance
from scheduler.protocols.folder import ADVICE, SOURCES, find_files, own_or_shipped
from scheduler.protocols.import_rules import import_faults
from scheduler.protocols.lint.sound import Sound
from scheduler.protocols.nodes import Node
from scheduler.protocols.overrides import override_protocol
from scheduler.protocols.problems import Problem, has_errors, in_order
from scheduler.protocols.reading import Read, read_advice, read_clinic, read_instance, read_protocol, read_sources
from scheduler.protocols.wording import problem_at

Value = TypeVar("Value")


def load(config_dir: Path) -> Configuration:
    """Return the configuration in a folder. Raises ConfigError with the first error and how many more there are."""
    configuration, problems = check(config_dir)
    if configuration is None:
        raise ConfigError(f"{first_error(problems)}: run `aftercare check`")
    return configuration


def load_sound(config_dir: Path) -> tuple[Configuration, tuple[Problem, ...]]:
    """Return what is sound in a folder, and the errors of the rest: for what has to work whatever is broken.

    With errors nothing may be planned by it: a clinic can lack its overrides, a protocol or the whole installation
    can be missing, and `clinic` says of a clinic whose file can't be used what is wrong with it.
    """
    together, problems = _put_together(config_dir)
    errors = tuple(problem for problem in problems if problem.severity == "error")
    unsound = {file.stem: first_error(faults) for file, faults in _by_clinic(config_dir, errors).items()}
    known = together.configuration
    return replace(known, unsound={it: said for it, said in unsound.items() if it not in known.clinics}), errors


def check(config_dir: Path) -> tuple[Configuration | None, tuple[Problem, ...]]:
    """Return the configuration, None where it has errors, and all problems of all files, warnings too."""
    sound, problems = examine(config_dir)
    return (sound.configuration if sound else None), problems


def examine(config_dir: Path) -> tuple[Sound | None, tuple[Problem, ...]]:
    """Return the configuration with the trees of its files, None where it has errors, and all problems."""
    together, problems = _put_together(config_dir)
    return (None if has_errors(problems) else together), problems


def first_error(problems: Sequence[Problem]) -> str:
    """Return the first error, and how many more there are; there is one."""
    errors = [problem for problem in problems if problem.severity == "error"]
    return f"{errors[0]}; and {len(errors) - 1} more" if len(errors) > 1 else str(errors[0])


def _by_clinic(config_dir: Path, errors: Sequence[Problem]) -> dict[Path, list[Problem]]:
    """Return the errors in the files of clinics, by file."""
    found: dict[Path, list[Problem]] = {}
    for problem in errors:
        if problem.file.parent == config_dir / "clinics":
            found.setdefault(problem.file, []).append(problem)
    return found


def _put_together(config_dir: Path) -> tuple[Sound, tuple[Problem, ...]]:
    """Return what is sound in a folder, and all problems: with an error among them it is not the whole."""
    files, problems = find_files(config_dir)
    instance = read_instance(files.instance) if files.instance else Read(None, Instance(), ())
    protocols = {file.stem: read_protocol(file) for file in files.protocols}
    clinics = {file.stem: read_clinic(file, list(protocols)) for file in files.clinics}
    problems += instance.problems
    problems += [problem for protocol in protocols.values() for problem in protocol.problems]
    problems += [problem for clinic in clinics.values() for problem in clinic.problems]
    whole = _Whole(clinics, protocols, problems)
    configuration = whole.configuration(instance.value or Instance())
    configuration = replace(configuration, advice=_advice(config_dir, configuration, whole))
    approvals, doubtful = read_all_approvals(config_dir, protocols.keys())
    configuration = replace(configuration, approvals=approvals)
    problems += doubtful
    if instance.tree is not None:
        own = own_number_faults(configuration.instance.on_call, configuration.clinics)
        problems += [problem_at(instance.tree, fault) for fault in own]
    return Sound(configuration, _trees(clinics), _trees(protocols)), in_order(problems)


def _advice(config_dir: Path, configuration: Configuration, whole: "_Whole") -> Catalogue:
    """Return the tags of advice; the shipped ones are read only where a step names one.

    What does not fit to the other files is added to the problems.
    """
    clinics = [one.tree for one in whole.clinics.values() if one.tree]
    protocols = [one.tree for one in whole.protocols.values() if one.tree]
    file = own_or_shipped(config_dir, ADVICE)
    if file.parent != config_dir and not names_advice([*clinics, *protocols]):
        return Catalogue()
    read = read_advice(file)
    whole.problems += read.problems
    if read.tree is None or read.value is None:
        return Catalogue()
    for tree in protocols:
        whole.problems += [problem_at(tree, fault) for fault in step_tag_faults(tree, read.value)]
    for tree in clinics:
        whole.problems += [problem_at(tree, fault) for fault in override_tag_faults(tree, read.value)]
    sources = read_sources(own_or_shipped(config_dir, SOURCES))
    whole.problems += sources.problems
    every = [*configuration.protocols.values(), *configuration.overridden.values()]
    faults = [
        *language_faults(read.value, every, configuration.clinics),
        *source_faults(read.value, sources.value.rows if sources.value else None),
    ]
    whole.problems += [problem_at(read.tree, fault) for fault in faults]
    return read.value


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


def _trees(read: Mapping[str, Read[Value]]) -> dict[str, Node]:
    return {name: one.tree for name, one in read.items() if one.tree is not None}
