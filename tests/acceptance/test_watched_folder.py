"""A watcher that is killed again and again beside a service: each appointment once, each file in one place."""

import random
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.acceptance.conftest import Aftercare, keys
from tests.acceptance.test_killed_import import LINES, appointments, assert_each_once, export, wait_until

WATCH = ("watch", "in", "--clinic", "lumiere", "--settle", "1s", "--json")
FILES = 6
IN_EACH = 200


@pytest.mark.long
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_watcher_killed_at_any_instant_takes_each_appointment_once_and_leaves_each_file_in_one_place(
    aftercare: Aftercare, database: str, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{aftercare.folder / 'var' / 'aftercare.db'}"
    if database == "postgresql":
        given = request.getfixturevalue("empty_postgres_url")
        aftercare.environ |= {"AFTERCARE_DATABASE_URL": given, **keys()}
        url = given.replace("postgresql://", "postgresql+psycopg://")
    aftercare.done("db", "upgrade")
    folder = aftercare.folder / "in"
    folder.mkdir()
    chance, database_now = random.Random(7), sa.create_engine(url)
    with aftercare.start("serve", "--port", "0") as service:
        for number in range(FILES):
            export(aftercare, f"in/.{number}.csv", LINES[number * IN_EACH : (number + 1) * IN_EACH])
            (folder / f".{number}.csv").rename(folder / f"{number}.csv")
        for instant in sorted(chance.sample(range(2 * FILES * IN_EACH), 8)):
            with aftercare.start(*WATCH) as watching:
                wait_until(lambda: appointments(database_now) + IN_EACH * _reports(folder) >= instant)  # noqa: B023  (it is called before the next instant)
                watching.kill()
        aftercare.done(*WATCH, "--once")
        assert service.poll() is None
        service.terminate()
        service.communicate(timeout=60)
    assert _places(folder) == [f"done/{number}.csv" for number in range(FILES)]
    assert not [it.name for it in folder.rglob("*.tmp")]
    assert appointments(database_now) == FILES * IN_EACH
    assert_each_once(database_now, FILES * IN_EACH)


def _places(folder: Path) -> list[str]:
    found = (it.relative_to(folder) for it in folder.rglob("*.csv") if it.is_file())
    return sorted(str(it) for it in found)


def _reports(folder: Path) -> int:
    """Return how many files are so far that a report of them is written."""
    return len(list(folder.glob("done/*.report.json")))
