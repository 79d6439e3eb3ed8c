"""A large export is read, registered and reported on a little at a time."""

import tracemalloc
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.errors import RegistrationError
from scheduler.services.exports.importing import BATCH, Importer
from scheduler.services.exports.opening import open_export
from scheduler.services.exports.table import Wanted
from scheduler.services.registration import Result
from scheduler.store.tables import appointments
from tests.services.exports import HEADER, LEO
from tests.services.house import House
from tests.services.workbooks import packed, parts, sheet, texts

ROWS = 12_000
MOST = 4_000_000
"""Bytes: the rows of these files as texts would be three times as much."""


def importer(house: House) -> Importer:
    return Importer(house.store, house.configuration, house.clock, house.configuration.clinic("north"))


def numbered(count: int) -> list[str]:
    return [LEO.replace("B-3", f"B-{n}").replace("0125", f"{1000 + n}") for n in range(count)]


def export(folder: Path, rows: list[str]) -> Path:
    file = folder / "export.csv"
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    return file


def registered(house: House) -> int:
    with house.store.read() as tx:
        return int(tx.connection.execute(sa.select(sa.func.count()).select_from(appointments)).scalar_one())


def test_what_a_batch_reports_is_committed_and_nothing_is_done_before_it_is_asked_for(
    any_house: House, tmp_path: Path
) -> None:
    with importer(any_house).open(export(tmp_path, numbered(450))) as table:
        running = importer(any_house).begin(table)
        assert (running.total, registered(any_house)) == (450, 0)
        assert [(len(batch), registered(any_house)) for batch in running.batches] == [
            (BATCH, BATCH),
            (BATCH, 2 * BATCH),
            (450 - 2 * BATCH, 450),
        ]


def test_an_id_that_comes_again_batches_later_is_known_by_what_its_row_said(house: House, tmp_path: Path) -> None:
    rows = numbered(BATCH + 10)
    file = export(tmp_path, [*rows, rows[3], rows[5].replace("13:00", "15:00")])
    for dry_run in (True, False):
        report = importer(house).run(file, dry_run=dry_run)
        same, other = report.rows[-2:]
        assert (same.result, same.appointment) == (Result.UNCHANGED, report.rows[3].appointment)
        assert (other.result, other.reason.partition(",")[0]) == (
            Result.REFUSED,
            "external_id: stands in row 7 too",
        )
        assert (report.rows[3].appointment is None) is dry_run


def test_a_file_that_is_written_to_while_it_is_imported_is_told_of_and_taken_to_its_end_the_next_time(
    house: House, tmp_path: Path
) -> None:
    rows = numbered(3 * BATCH)
    file = export(tmp_path, rows)
    with importer(house).open(file) as table:
        batches = importer(house).begin(table).batches
        next(batches)
        with file.open("a") as writing:
            writing.write("\n" + LEO.replace("B-3", "B-999"))
        with pytest.raises(RegistrationError, match="was changed while it was read"):
            list(batches)
    done = importer(house).run(file).totals
    assert (done["registered"] + done["unchanged"], registered(house)) == (len(rows) + 1, len(rows) + 1)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_table_is_never_in_memory_as_a_whole(tmp_path: Path, kind: str) -> None:
    lines = [f"name {n} of a person|+1416555{n:05}|{n:050}" for n in range(ROWS)]
    if kind == "csv":
        data = "\n".join(["Name|Phone|Note", *lines]).encode()
    else:
        data = packed(parts(sheet(texts("Name|Phone|Note", *lines))))
    file = tmp_path / f"export.{kind}"
    file.write_bytes(data)
    tracemalloc.start()
    try:
        with open_export(file, Wanted()) as table:
            assert sum(1 for _ in table.rows()) == table.total == ROWS
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST
