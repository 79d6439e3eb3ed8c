"""Reads config/approvals: all records of all treatments, those of treatments that are gone too."""

from collections.abc import Collection
from pathlib import Path

from scheduler.protocols.approvals import Approval, Approvals
from scheduler.protocols.folder import find_approvals
from scheduler.protocols.hints import suggest
from scheduler.protocols.problems import Problem
from scheduler.protocols.reading import read_approvals


def read_all_approvals(config_dir: Path, treatments: Collection[str]) -> tuple[Approvals, list[Problem]]:
    """Return what was approved, and what is wrong with the files; `treatments` have a protocol.

    A file without a protocol is a warning: what it says proves still in what version something was sent.
    """
    files, problems = find_approvals(config_dir)
    records: list[Approval] = []
    for file in files:
        read = read_approvals(file)
        problems += read.problems
        records += read.value or ()
        treatment = file.stem.split(".")[0]
        if treatment not in treatments:
            problems.append(_unknown(file, treatment, treatments))
    return Approvals.of(records), problems


def _unknown(file: Path, treatment: str, treatments: Collection[str]) -> Problem:
    hint = suggest(treatment, sorted(treatments)) or "its records still count as evidence"
    message = f"approves {treatment}, which has no protocol"
    return Problem(file=file, code="unknown-treatment", message=message, hint=hint, severity="warning")
