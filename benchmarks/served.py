"""The real `aftercare serve` (and `aftercare worker`): started, watched from the outside, stopped."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.errors import BenchError
from benchmarks.installation import Installation
from benchmarks.process import end

PATIENCE = 120.0
"""Seconds after which what is waited for is taken to come no more."""


@contextmanager
def serving(installation: Installation) -> Iterator[subprocess.Popen[str]]:
    """Run `aftercare serve` on a free port; SIGTERM ends it."""
    with _stopped(installation.start("serve", "--port", "0")) as process:
        yield process


@contextmanager
def working(installation: Installation) -> Iterator[subprocess.Popen[str]]:
    """Run `aftercare worker`; SIGTERM ends it."""
    with _stopped(installation.start("worker")) as process:
        yield process


def wait_until(
    condition: Callable[[], bool], *processes: subprocess.Popen[str], every: float = 0.05, what: str
) -> None:
    """Return when the condition holds; raise BenchError when a process ends or patience does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline or any(process.poll() is not None for process in processes):
            raise BenchError(f"{what} did not happen")
        time.sleep(every)


def peak_memory(process: subprocess.Popen[str]) -> float:
    """Return the most memory that a process has had in RAM so far, in MB. Raises BenchError off Linux."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    except OSError:
        raise BenchError("this system does not say how much memory a process has had") from None
    (kilobytes,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(kilobytes) / 1000


@contextmanager
def _stopped(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise BenchError("SIGTERM did not end a process") from None
    finally:
        end(process)
