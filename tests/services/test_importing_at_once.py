"""Two imports of one clinic at the same time on PostgreSQL: files that overlap, and that contradict each other."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.services.exports.importing import Importer, ImportReport
from scheduler.settings import Settings
from scheduler.store.database import open_store
from scheduler.store.tables import appointments, consents, messages, patients
from tests.services.exports import HEADER
from tests.services.house import House

pytestmark = pytest.mark.postgres
ROWS = 450


@pytest.fixture
def houses(postgres_settings: Settings, texts_dir: Path) -> Iterator[tuple[House, House]]:
    """The same installation in two processes, as far as the database can tell."""
    with open_store(postgres_settings) as one, open_store(postgres_settings) as two:
        yield House(one, postgres_settings, texts_dir), House(two, postgres_settings, texts_dir)


def row(number: int, *, booking: str, name: str = "Léo Martin") -> str:
    return f"{booking},,2026-03-18 13:00,,{name} {number},416-555-{1000 + number},,,peel,,yes,"


def import_at_once(houses: Sequence[House], files: Sequence[Sequence[str]], folder: Path) -> list[ImportReport]:
    def importing(number: int) -> ImportReport:
        house, path = houses[number], folder / f"{number}.csv"
        path.write_text("\n".join([HEADER, *files[number]]), encoding="utf-8")
        place = house.configuration.clinic("north")
        return Importer(house.store, house.configuration, house.clock, place).run(path)

    with ThreadPoolExecutor(len(files)) as pool:
        return list(pool.map(importing, range(len(files))))


def count(house: House, table: sa.Table) -> int:
    with house.store.read() as tx:
        return tx.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


@pytest.mark.parametrize("booking", ["B-{}", ""], ids=["with ids", "without ids"])
def test_overlapping_files_add_each_person_and_each_visit_once(
    houses: tuple[House, House], tmp_path: Path, booking: str
) -> None:
    rows = [row(number, booking=booking.format(number)) for number in range(ROWS)]
    reports = import_at_once(houses, [rows[:400], rows[:49:-1]], tmp_path)
    results = Counter(it.result.value for report in reports for it in report.rows)
    assert results == {"registered": ROWS, "unchanged": 350}
    house = houses[0]
    assert (count(house, patients), count(house, appointments)) == (ROWS, ROWS)
    assert count(house, messages) == 8 * ROWS
    assert count(house, consents) == 6 * ROWS


def test_of_two_people_under_one_id_the_second_is_refused_and_no_file_is_given_up(
    houses: tuple[House, House], tmp_path: Path
) -> None:
    numbers = range(ROWS)
    ours = [row(number, booking=f"B-{number}") for number in numbers]
    theirs = [row(number + ROWS, booking=f"B-{number}", name="Ann Roy") for number in reversed(numbers)]
    reports = import_at_once(houses, [ours, theirs], tmp_path)
    results = Counter(it.result.value for report in reports for it in report.rows)
    assert results == {"registered": ROWS, "refused": ROWS}
    assert {it.reason.split(" is ")[1].split(" of ")[1] for report in reports for it in report.rows if it.reason} == {
        "somebody else,"
    }
    assert count(houses[0], appointments) == count(houses[0], patients) == ROWS
