"""`aftercare import` of a large export, an error in every tenth row: how many rows a second, in how much memory."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.bench import Bench, expect
from benchmarks.databases import Databases
from benchmarks.figures import Measured, Side, single
from benchmarks.installation import CLINIC, TREATMENT
from benchmarks.process import end
from benchmarks.served import peak_memory

WRONG_EVERY = 10
SMALL = 100
"""So many times smaller is the export whose memory is taken off."""
LOOKS = 1000
"""Lines of the report between two looks at the memory."""
HEADER = "external_id;starts_at;name;phone;email;language;treatment;status;consent_sms;consent_email"


def measure_importing(bench: Bench) -> list[Measured]:
    """Measure every store."""
    rows = bench.sizes.imported
    large, small = ((_export(bench.installation.folder, count), count) for count in (rows, rows // SMALL))
    found = []
    for name, store in bench.stores.items():
        bench.say(f"{name}: import of {rows} rows")
        empty = store.new()
        bench.installation.on(empty).run("db", "upgrade")
        less: list[float] = []
        peaks: list[float] = []
        _importing(bench, store, empty, small, less)()
        rate = bench.alternate("rows/s", {"import": _importing(bench, store, empty, large, peaks)})["import"]
        grown = Side("memory of the import", "MB", tuple(peak - less[0] for peak in peaks))
        found += [single(f"import-{name.lower()}", rate), single(f"import-memory-{name.lower()}", grown)]
        store.drop(empty)
    return found


def _export(folder: Path, rows: int) -> Path:
    """Write an export as a booking system does: semicolons, Windows-1252, a phone that is none in every tenth row."""
    file = folder / f"export-{rows}.csv"
    first = datetime.now(UTC) + timedelta(days=20)
    with file.open("w", encoding="cp1252", newline="") as out:
        out.write(f"{HEADER}\r\n")
        for row in range(rows):
            starts_at = (first + timedelta(minutes=15 * (row % 2000))).isoformat(timespec="minutes")
            phone = "12" if row % WRONG_EVERY == 0 else f"+1514{555 + row // 10_000}{row % 10_000:04d}"
            who = f"Zoë Sample {row};{phone};p{row}@patients.example;en"
            out.write(f"B-{row};{starts_at};{who};{TREATMENT};booked;yes;yes\r\n")
    return file


def _importing(
    bench: Bench, store: Databases, empty: str, export: tuple[Path, int], peaks: list[float]
) -> Callable[[], float]:
    file, rows = export

    def bring() -> float:
        url = store.copy(empty)
        on = bench.installation.on(url)
        started = time.perf_counter()
        process = on.start("import", str(file), "--clinic", CLINIC, "--json")
        try:
            assert process.stdout
            peak = 0.0
            for place, line in enumerate(process.stdout):
                if place % LOOKS == 0 and place <= max(0, rows - LOOKS):  # it is there still: its pipe is full
                    peak = peak_memory(process)
                if line.lstrip().startswith('"refused"'):
                    expect(int(line.split(":")[1].strip(" ,\n")), -(-rows // WRONG_EVERY))
            took = time.perf_counter() - started
            expect(process.wait(), 1)
        finally:
            end(process)
        peaks.append(peak)
        store.drop(url)
        return rows / took

    return bring
