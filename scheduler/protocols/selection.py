"""Which of the shipped configuration files a clinic takes: those of the treatments that it chose."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from scheduler.domain.protocol import Protocol
from scheduler.errors import ConfigError
from scheduler.protocols.hints import shown, suggest
from scheduler.protocols.source import read_tree


def chosen(wanted: Collection[str], shipped: Collection[str]) -> frozenset[str]:
    """Return the treatments that somebody asked for; all where nobody did. Raises ConfigError for an unknown one."""
    for treatment in wanted:
        if treatment not in shipped:
            hint = suggest(treatment, sorted(shipped))
            raise ConfigError(f"--treatments: there is no protocol for “{shown(treatment)}” ({hint})")
    return frozenset(wanted or shipped)


def templates_of(protocols: Collection[Protocol]) -> frozenset[str]:
    """Return the names of the texts that these protocols use, also those of messages that became one."""
    steps = [step for protocol in protocols for step in protocol.steps]
    kinds = [step.merges_as for step in steps]
    shared = {kind for kind in kinds if kinds.count(kind) > 1}
    return frozenset({step.template for step in steps} | shared)


def without_treatments(clinic: str, gone: Collection[str]) -> str:
    """Return a clinic's file without the lines of its import that lead to a treatment that is not there."""
    leads = re.compile(rf"\s+[^#\s].*: ({'|'.join(map(re.escape, sorted(gone)))})\s*(#.*)?")
    lines = clinic.splitlines(keepends=True)
    kept = [line for line in lines if not (gone and leads.fullmatch(line.rstrip("\n")))]
    return "".join(_without_empty_treatments(kept))


def _without_empty_treatments(lines: list[str]) -> Iterator[str]:
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        depth = len(line) - len(line.lstrip())
        deeper = len(after) - len(after.lstrip()) > depth
        if not line.strip().startswith("treatments:") or deeper or not line.split("#")[0].rstrip().endswith(":"):
            yield line


def fits(expectations: Path, treatments: Collection[str], clinics: Collection[str]) -> bool:
    """Whether every case of a file in config/tests is about one of these treatments and clinics."""
    tree, _ = read_tree(expectations)
    cases = tree.items("tests") if tree is not None else []
    return all(case.text("treatment") in treatments and case.text("clinic") in clinics for case in cases)
