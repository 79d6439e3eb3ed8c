"""Runs the real command in this process, by a shared clock, with an ambush laid at a named point.

python -m tests.chaos.launch [--clock FILE] [--at POINT:PASS:SIGNAL] [--batch N] [--largest BYTES] [--looks SECONDS]
    -- serve --port 0
"""

import argparse
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

from scheduler import clock as clocks
from tests.chaos.points import Ambush, lay
from tests.servers.clock import SharedClock

FURTHEST = 0.2
"""Real seconds: a clock that is moved is noticed so soon."""


class RealClock:
    """What the machine's clock says."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clock", type=Path, help="the file of a clock that processes share")
    parser.add_argument("--at", type=Ambush.read, help="where to end or stop this process")
    parser.add_argument("--batch", type=int, help="messages that are claimed at once, at most")
    parser.add_argument("--largest", type=int, help="bytes; no file of this process grows further")
    parser.add_argument("--looks", type=float, help="seconds between two looks at edited files, and at what is due")
    parser.add_argument("words", nargs="+", help="the command")
    asked = parser.parse_args()
    if asked.largest:
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked.largest, resource.RLIM_INFINITY))
    if asked.at:
        lay(asked.at)
    if asked.clock:
        _go_by(SharedClock(asked.clock))
    if asked.batch:
        _claim_at_most(asked.batch)
    if asked.looks:
        _look_every(asked.looks)
    from scheduler.cli import main as command  # noqa: PLC0415  (what is wrapped is wrapped before it is imported)

    sys.argv = ["aftercare", *asked.words]
    command()


def _go_by(clock: SharedClock) -> None:
    """Make the machine's clock this one, for all of the product but APScheduler, which is given real instants."""
    from scheduler.runtime import alarm  # noqa: PLC0415  (what is wrapped is wrapped before it is imported)

    setattr(alarm, "SystemClock", RealClock)  # noqa: B010  (mypy knows that it is a class)
    _let_wait_at_most(FURTHEST)
    setattr(clocks.SystemClock, "now", lambda _self: clock.now())  # noqa: B010  (mypy knows that it is a method)
    setattr(clocks.SystemClock, "alarm_in", lambda _self, instant: clock.alarm_in(instant))  # noqa: B010  (mypy knows that it is a method)


def _claim_at_most(messages: int) -> None:
    """Work in small batches: every point is passed more often, and several processes share what is due."""
    from scheduler.runtime import queue, worker  # noqa: PLC0415  (what is wrapped is wrapped before it is imported)
    from scheduler.services import apply_run, applying, dispatch  # noqa: PLC0415  (what is wrapped is wrapped before it is imported)

    for module in (apply_run, applying, dispatch, worker):
        setattr(module, "BATCH", messages)  # noqa: B010  (some of them have it from another)
    for module in (queue, worker):
        setattr(module, "JOB", messages)  # noqa: B010  (some of them have it from another)


def _look_every(seconds: float) -> None:
    """Notice sooner what another process did."""
    from scheduler.services import reloading  # noqa: PLC0415  (what is wrapped is wrapped before it is imported)

    _let_wait_at_most(seconds)
    reloading.BETWEEN = seconds


def _let_wait_at_most(seconds: float) -> None:
    from scheduler.runtime import alarm, engine  # noqa: PLC0415  (what is wrapped is wrapped before it is imported)

    for module in (alarm, engine):
        setattr(module, "FURTHEST", seconds)  # noqa: B010  (one of them has it from the other)


if __name__ == "__main__":
    main()
