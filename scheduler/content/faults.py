"""What is wrong with a message template: where, what, and what to do."""

from dataclasses import dataclass
from pathlib import Path

from scheduler.errors import TemplateError


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule. `line` and `column` count from 1; `code` is stable, for linters and tests."""

    file: Path
    line: int
    code: str
    what: str
    hint: str
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}: {self.hint}"


class TemplateFaultError(TemplateError):
    """A message template breaks the rules; `faults` has all that were found, the message names the first."""

    def __init__(self, *faults: Fault) -> None:
        more = f" (and {len(faults) - 1} more: run `aftercare check`)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}")
        self.faults = faults
