"""Reads one file of each kind: its tree for the rules across files, its value where it is sound, and its problems."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from scheduler.domain.advice import Catalogue
from scheduler.domain.clinic import Clinic
from scheduler.domain.lexicon import Lexicon
from scheduler.domain.protocol import Protocol
from scheduler.protocols.advice_file import AdviceFile, build_catalogue
from scheduler.protocols.approvals import Approval
from scheduler.protocols.approvals_file import ApprovalsFile, build_approvals, edited
from scheduler.protocols.blocks import Block
from scheduler.protocols.building import build_clinic, build_instance, build_protocol
from scheduler.protocols.clinic_file import ClinicFile
from scheduler.protocols.clinic_rules import name_faults
from scheduler.protocols.configuration import Instance
from scheduler.protocols.expectations_file import TestsFile
from scheduler.protocols.faults import Fault
from scheduler.protocols.fields import is_id
from scheduler.protocols.instance_file import InstanceFile
from scheduler.protocols.nodes import Node
from scheduler.protocols.problems import Problem
from scheduler.protocols.protocol_file import ProtocolFile
from scheduler.protocols.protocol_rules import protocol_faults
from scheduler.protocols.source import UnreadableError, read_tree
from scheduler.protocols.sources_file import SourcesFile
from scheduler.protocols.triage_file import TriageFile, build_lexicon
from scheduler.protocols.wording import problem_at, read_block

Value = TypeVar("Value")
Model = TypeVar("Model", bound=Block)


@dataclass(frozen=True, slots=True)
class Read(Generic[Value]):
    """What became of a file: the tree where there is one, the value where it has no error by itself."""

    tree: Node | None
    value: Value | None
    problems: Sequence[Problem]


def read_instance(file: Path) -> Read[Instance]:
    """Read aftercare.yaml. It may be empty: every key has a default."""
    tree, problems = _tree(file, may_be_empty=True)
    block = _block(tree, InstanceFile, problems)
    return Read(tree, build_instance(block) if block else None, problems)


def read_protocol(file: Path) -> Read[Protocol]:
    """Read a protocol; its file is called like its treatment."""
    tree, problems = _tree(file)
    problems += _name_problems(file, tree, "treatment")
    if tree is not None:
        problems += [problem_at(tree, fault) for fault in protocol_faults(tree)]
    block = _block(tree, ProtocolFile, problems)
    return Read(tree, build_protocol(block) if block and not problems else None, problems)


def read_clinic(file: Path, treatments: Sequence[str]) -> Read[Clinic]:
    """Read a clinic; its file is called like its id. `treatments` are the names that it may use."""
    tree, problems = _tree(file)
    problems += _name_problems(file, tree, "clinic")
    if tree is not None:
        problems += [problem_at(tree, fault) for fault in name_faults(tree, treatments)]
    block = _block(tree, ClinicFile, problems)
    return Read(tree, build_clinic(file.stem, block) if block else None, problems)


def read_advice(file: Path) -> Read[Catalogue]:
    """Read the tags of advice."""
    tree, problems = _tree(file)
    block = _block(tree, AdviceFile, problems)
    return Read(tree, build_catalogue(block) if block else None, problems)


def read_approvals(file: Path, *, treatment: str = "") -> Read[tuple[Approval, ...]]:
    """Read what was approved of a treatment, which the file is called like: `microneedling.2027.yaml` too."""
    treatment = treatment or file.stem.split(".")[0]
    tree, problems = _tree(file, may_be_empty=True)
    block = _block(tree, ApprovalsFile, problems)
    if tree is None or block is None:
        return Read(tree, None if problems else (), problems)
    problems += [problem_at(tree, fault) for fault in edited(treatment, block)]
    return Read(tree, build_approvals(treatment, block), problems)


def read_sources(file: Path) -> Read[SourcesFile]:
    """Read where the texts' facts come from."""
    tree, problems = _tree(file)
    return Read(tree, _block(tree, SourcesFile, problems), problems)


def read_lexicon(file: Path) -> Read[Lexicon]:
    """Read the words of triage in one language; the file is called like it."""
    tree, problems = _tree(file)
    said = tree.text("language") if tree is not None else None
    if tree is not None and said and said.strip() != file.stem:
        message = f"is {said.strip()}, but the file is called {file.name}"
        problems.append(problem_at(tree, Fault(("language",), "file-name", message, "rename one of them")))
    block = _block(tree, TriageFile, problems)
    return Read(tree, build_lexicon(block) if block else None, problems)


def read_tests(file: Path) -> Read[TestsFile]:
    """Read tests of protocols, as they are written: what they name may not be there."""
    tree, problems = _tree(file)
    return Read(tree, _block(tree, TestsFile, problems), problems)


def _tree(file: Path, *, may_be_empty: bool = False) -> tuple[Node | None, list[Problem]]:
    try:
        tree, problems = read_tree(file)
    except UnreadableError as error:
        return None, [error.problem]
    if tree is None and not may_be_empty:
        problems.append(
            Problem(file=file, code="empty-file", message="the file is empty", hint="fill it or delete it")
        )
    return tree, problems


def _block(tree: Node | None, model: type[Model], problems: list[Problem]) -> Model | None:
    """Return the tree as a model; what is wrong is added to `problems`."""
    if tree is None:
        return None
    block, found = read_block(tree, model)
    problems += found
    return block


def _name_problems(file: Path, tree: Node | None, what: str) -> list[Problem]:
    if not is_id(file.stem):
        message = f"{file.stem} can't be the id of a {what}"
        hint = "rename the file: lower-case letters, digits and _, a letter first"
        return [Problem(file=file, code="file-name", message=message, hint=hint)]
    said = tree.text("protocol") if tree is not None and what == "treatment" else None
    if tree is None or said is None or said.strip() == file.stem or not is_id(said.strip()):
        return []
    fault = Fault(
        ("protocol",), "file-name", f"is {said.strip()}, but the file is called {file.name}", "rename one of them"
    )
    return [problem_at(tree, fault)]
