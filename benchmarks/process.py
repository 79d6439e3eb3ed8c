"""A measuring process and its parent: it says when it is warm, goes when it is told, and reports in one line."""

import json
import subprocess
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from benchmarks.errors import BenchError
from benchmarks.installation import Installation


@dataclass(frozen=True, slots=True)
class Run:
    """What a measuring process did between `started` and `ended` (seconds of the machine's monotonic clock)."""

    started: float
    ended: float
    sent: int


def wait_for_go() -> None:
    """In the child: say that it is warm, and wait."""
    _say({"warm": True})
    sys.stdin.readline()


def report(*, started: float, ended: float, sent: int) -> None:
    """In the child: say what was done."""
    _say({"started": started, "ended": ended, "sent": sent})


def _say(words: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


class Measuring:
    """In the parent: `with Measuring(installation, "engine", ...) as engine: engine.go(); engine.ended()`."""

    def __init__(self, installation: Installation, program: str, *words: str) -> None:
        self._program = program
        self._process = installation.start(*words, module=f"benchmarks.{program}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self._process)

    def warm(self) -> None:
        """Wait until it is warm."""
        self._read()

    def go(self) -> None:
        """Let it begin."""
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def ended(self) -> Run:
        """Wait for its report."""
        told = self._read()
        return Run(told["started"], told["ended"], int(told["sent"]))

    def _read(self) -> dict[str, float]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise BenchError(f"{self._program} ended with {self._process.wait()}: see its log above")
        words: dict[str, float] = json.loads(line)
        return words


def end(process: subprocess.Popen[str]) -> None:
    """End a process of ours and close its pipes."""
    process.kill()
    process.communicate()
