"""`python -m benchmarks`: measures all rows in one run, prints the table, writes JSON, chart and page."""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import postgres
from benchmarks.bench import Bench
from benchmarks.databases import Databases, PostgresDatabases, SqliteDatabases
from benchmarks.errors import BenchError
from benchmarks.figures import Measured, Results, write_results
from benchmarks.goals import GOALS
from benchmarks.groups import GROUPS
from benchmarks.installation import make_installation
from benchmarks.machine import facts
from benchmarks.page import write_pages
from benchmarks.paths import LATEST, RESULTS
from benchmarks.servers.capacity import capacity
from benchmarks.servers.control import ServerProcess
from benchmarks.sizes import SIZES
from benchmarks.table import print_table, say


def main() -> int:
    """Run and return what the process ends with: 1 when a row could not be measured as it should."""
    asked = _arguments()
    results = run(asked.size, asked.only or list(GROUPS), asked.scratch)
    file = asked.json or (LATEST if asked.size == "full" else RESULTS / f"{asked.size}.json")
    write_results(results, file)
    if file == LATEST:
        write_pages(results)
    print_table(results)
    return int(any(it.missing.startswith(FAILED) for it in results.measured))


FAILED = "failed: "


def run(size: str, groups: list[str], scratch: Path | None = None) -> Results:
    """Measure some groups of rows, everything on this machine now."""
    with _bench(size, scratch) as bench:
        bench.sms.begin()
        able = capacity(bench.sms.port)
        say(f"the server takes {able:,.0f} messages a second")
        found = [row for name in groups for row in _measured(bench, name)]
        order = {goal.id: place for place, goal in enumerate(GOALS)}
        return Results(
            made_on=datetime.now(UTC).date().isoformat(),
            size=size,
            facts=facts(bench.installation.folder),
            capacity=able,
            measured=tuple(sorted(found, key=lambda row: order[row.goal])),
        )


def _measured(bench: Bench, name: str) -> Iterator[Measured]:
    """Yield the rows of a group, all of them: one that failed or can't be measured here says why."""
    group, started = GROUPS[name], time.monotonic()
    say(f"[bold]{name}[/bold]")
    why, rows = "not measured: no PostgreSQL", []
    try:
        rows = group.measure(bench)
    except BenchError as error:
        why = f"{FAILED}{error}"
        say(f"[red]{why}[/red]")
    yield from rows
    for goal in group.goals:
        if goal not in {row.goal for row in rows}:
            yield Measured(goal, missing=why)
    say(f"{name}: {time.monotonic() - started:.0f} s")


@contextmanager
def _bench(size: str, scratch: Path | None) -> Iterator[Bench]:
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=scratch)))
        sms, smtp = (opened.enter_context(ServerProcess(name)) for name in ("twilio", "smtp"))
        stores: dict[str, Databases] = {"SQLite": SqliteDatabases(folder)}
        if programs := postgres.programs():
            stores["PostgreSQL"] = PostgresDatabases(opened.enter_context(postgres.running(programs, scratch)))
        installation = make_installation(folder, sms_port=sms.port, smtp_port=smtp.port)
        try:
            yield Bench(installation, sms, smtp, stores, SIZES[size], say)
        except BaseException:
            sys.stderr.write(_end_of(folder / "processes.log"))
            raise


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:] if log.exists() else ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--only", action="append", choices=GROUPS, help="a group of rows; may be repeated")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--scratch", type=Path, help="a folder on the disk to measure; 30 GB of room for full size")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
