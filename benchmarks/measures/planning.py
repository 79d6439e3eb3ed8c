"""`aftercare plan` of an edit that touches every appointment in flight: how long it takes, in how much memory."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.bench import Bench, expect
from benchmarks.errors import BenchError
from benchmarks.figures import Measured, Side, single
from benchmarks.installation import CLINIC, TREATMENT, Installation
from benchmarks.process import end
from benchmarks.served import peak_memory
from scheduler.clock import SystemClock
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.loader import load
from scheduler.services.exports.importing import BATCH
from scheduler.services.intake import Field, Registration, read_registration
from scheduler.services.registration import Registrar
from scheduler.store.database import open_store

SINCE = timedelta(days=10)
SPREAD = timedelta(days=40)
"""Visits are from ten days ago to a month ahead: what a clinic has in flight."""
NEW_STEP = """
  - id: three_weeks
    after: 3w
    at: "10:00"
    channels: [sms]
    template: week_check
"""
TOTALS = re.compile(r'"totals": \{"in_flight": (\d+)')
LOOKS = 1000
"""Lines of the plan between two looks at its memory."""


def measure_planning(bench: Bench) -> list[Measured]:
    """Measure every store."""
    found = []
    for name, store in bench.stores.items():
        bench.say(f"{name}: {bench.sizes.in_flight} appointments in flight")
        on = bench.installation.on(store.new())
        on.run("db", "upgrade")
        _register(on, bench.sizes.in_flight)
        memory: list[float] = []
        seconds = bench.alternate("s", {"plan": _planning(_edited(on), bench.sizes.in_flight, memory)})["plan"]
        found += [
            single(f"plan-{name.lower()}", seconds),
            single(f"plan-memory-{name.lower()}", Side("memory of plan", "MB", tuple(memory))),
        ]
        store.drop(on.environ["AFTERCARE_DATABASE_URL"])
    return found


def _register(on: Installation, number: int) -> None:
    configuration = load(on.settings.config_dir)
    registrar = Registrar(configuration, SystemClock(), by="bench", follow=True)
    with open_store(on.settings) as store:
        for given in _registrations(configuration, number):
            with store.write() as tx:
                book = registrar.open(tx, CLINIC, given)
                for registration in given:
                    registrar.enter(book, registration)
                book.write()


def _registrations(configuration: Configuration, number: int) -> Iterator[list[Registration]]:
    """Yield checked registrations of so many patients, as many at a time as one commit takes."""
    clinic, first = configuration.clinic(CLINIC), datetime.now(UTC) - SINCE
    for start in range(0, number, BATCH):
        yield [
            read_registration(
                {
                    Field.NAME: f"Zoë Lachance {one}",
                    Field.PHONE: f"+1514{555 + one // 10_000}{one % 10_000:04d}",
                    Field.EMAIL: f"patient{one}@patients.example",
                    Field.EXTERNAL_ID: f"B-{one}",
                    Field.STARTS_AT: (first + SPREAD * (one / number)).isoformat(timespec="minutes"),
                },
                clinic,
                TREATMENT,
            )
            for one in range(start, min(start + BATCH, number))
        ]


def _edited(on: Installation) -> Installation:
    """Return the same with an edited protocol: two steps moved, one gone, one new."""
    folder = on.folder / "config-edited"
    if not folder.exists():
        shutil.copytree(on.settings.config_dir, folder)
        _edit(folder / "protocols" / f"{TREATMENT}.yaml")
    return Installation(on.folder, {**on.environ, "AFTERCARE_CONFIG_DIR": str(folder)})


def _edit(file: Path) -> None:
    head, *steps = re.split(r"(?m)^  - (?=id: )", file.read_text(encoding="utf-8"))
    named = {step.split()[1]: step for step in steps}
    named["redness_check"] = named["redness_check"].replace('at: "10:00"', 'at: "12:00"')
    named["avoid_actives"] = named["avoid_actives"].replace("after: 1d", "after: 2d")
    del named["recheck"]
    file.write_text("  - ".join([head, *named.values()]).rstrip() + NEW_STEP, encoding="utf-8")


def _planning(on: Installation, number: int, memory: list[float]) -> Callable[[], float]:
    def plan() -> float:
        started = time.perf_counter()
        process = on.start("plan", "--json")
        try:
            assert process.stdout
            planned, peak = 0, 0.0
            for place, line in enumerate(process.stdout):
                if place % LOOKS == 0:
                    peak = peak_memory(process)
                if totals := TOTALS.match(line):
                    planned = int(totals[1])
            took = time.perf_counter() - started
            if process.wait():
                log = (on.folder / "processes.log").read_text(encoding="utf-8")[-1000:]
                raise BenchError(f"aftercare plan ended with {process.returncode}: {log}")
        finally:
            end(process)
        expect(planned, number)
        memory.append(peak)
        return took

    return plan
