"""An import that is killed in the middle and run again registers each appointment once, with its whole plan."""

import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.acceptance.conftest import Aftercare, keys

ROWS = 3000
LARGE = 100_000
MOST_KILOBYTES = 300_000
"""Of an import, the program itself with them: a hundred thousand rows kept would be three times as much."""
TOTAL = re.compile(r'\s+"(registered|unchanged|refused)": (\d+)')
HEADER = "Booking,Start,Client,Mobile,E-mail,Language,Service,Status,Texts OK,Emails OK,Offers OK"
LINES = [
    f"A-{n},2030-03-{1 + n % 28:02} 10:00,Patient {n},(514) 555-{1000 + n},p{n}@patients.example,en,"
    "Microneedling - Full Face,Confirmed,yes,yes,no"
    for n in range(ROWS)
]


def test_an_import_killed_in_the_middle_and_run_again_registers_each_appointment_once(aftercare: Aftercare) -> None:
    export(aftercare, "export.csv", LINES)
    database = sa.create_engine(f"sqlite:///{aftercare.folder / 'var' / 'aftercare.db'}")
    with aftercare.start("import", "export.csv", "--clinic", "lumiere") as importing:
        wait_until(lambda: importing.poll() is not None or appointments(database) >= 300)
        importing.kill()
    assert 0 < appointments(database) < ROWS

    report = aftercare.json("import", "export.csv", "--clinic", "lumiere")
    totals = report["totals"]
    assert totals["registered"] + totals["unchanged"] == ROWS
    assert totals["unchanged"] > 0
    assert_each_once(database)


@pytest.mark.postgres
def test_one_of_two_imports_on_postgresql_is_killed_and_the_other_and_its_next_run_miss_nothing(
    aftercare: Aftercare, empty_postgres_url: str
) -> None:
    aftercare.environ |= {"AFTERCARE_DATABASE_URL": empty_postgres_url, **keys()}
    aftercare.done("db", "upgrade")
    export(aftercare, "morning.csv", LINES[:2000])
    export(aftercare, "evening.csv", LINES[:999:-1])
    database = sa.create_engine(sa.make_url(empty_postgres_url).set(drivername="postgresql+psycopg"))
    with (
        aftercare.start("import", "morning.csv", "--clinic", "lumiere") as killed,
        aftercare.start("import", "evening.csv", "--clinic", "lumiere") as other,
    ):
        wait_until(lambda: killed.poll() is not None or appointments(database) >= 600)
        killed.kill()
        other.communicate(timeout=60)
    assert (killed.returncode < 0, other.returncode) == (True, 0)
    totals = aftercare.json("import", "morning.csv", "--clinic", "lumiere")["totals"]
    assert totals["registered"] + totals["unchanged"] == 2000
    assert_each_once(database)


@pytest.mark.long
@pytest.mark.parametrize(
    ("database", "rows"), [("sqlite", LARGE), pytest.param("postgresql", LARGE // 5, marks=pytest.mark.postgres)]
)
def test_a_large_file_with_an_error_in_every_tenth_row_killed_in_the_middle_is_each_once(
    aftercare: Aftercare, database: str, rows: int, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{aftercare.folder / 'var' / 'aftercare.db'}"
    if database == "postgresql":
        url = request.getfixturevalue("empty_postgres_url")
        aftercare.environ |= {"AFTERCARE_DATABASE_URL": url, **keys()}
        aftercare.done("db", "upgrade")
        url = url.replace("postgresql://", "postgresql+psycopg://")
    export(aftercare, "export.csv", [large(n) for n in range(rows)])
    engine = sa.create_engine(url)
    with aftercare.start("import", "export.csv", "--clinic", "lumiere") as importing:
        assert importing.stdout
        threading.Thread(target=deque, args=(importing.stdout, 0)).start()  # who prints a row is waited for
        wait_until(lambda: importing.poll() is not None or appointments(engine) >= rows // 3, seconds=600)
        importing.kill()
    assert rows // 3 <= appointments(engine) < rows * 9 // 10

    with aftercare.start("import", "export.csv", "--clinic", "lumiere", "--json") as again:
        peak, totals = 0, dict[str, int]()
        assert again.stdout
        for place, line in enumerate(again.stdout):
            if place % 5_000 == 0 and place < rows - 5_000:
                peak = peak_kilobytes(again.pid)
            if found := TOTAL.match(line):
                totals[found[1]] = int(found[2])
    assert (again.wait(), totals["refused"]) == (1, rows // 10)
    assert totals["registered"] + totals["unchanged"] == rows * 9 // 10
    assert totals["unchanged"] >= rows // 3
    assert peak < MOST_KILOBYTES
    assert_each_once(engine, rows * 9 // 10)


def large(n: int) -> str:
    """Return a row of the large export: in every tenth the phone is none."""
    phone = "12" if n % 10 == 0 else f"+1514{555 + n // 10_000}{n % 10_000:04d}"
    return (
        f"A-{n},2030-03-{1 + n % 28:02} 10:00,Patient {n},{phone},p{n}@patients.example,en,"
        "Microneedling - Full Face,Confirmed,yes,yes,no"
    )


def peak_kilobytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def export(aftercare: Aftercare, name: str, lines: list[str]) -> None:
    Path(aftercare.folder / name).write_text("\n".join([HEADER, *lines]), encoding="utf-8")


def wait_until(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)


def appointments(database: sa.Engine) -> int:
    with suppress(sa.exc.OperationalError), database.connect() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM appointments")).scalar_one())
    return 0


def assert_each_once(database: sa.Engine, rows: int = ROWS) -> None:
    with database.connect() as connection:
        plans = connection.execute(sa.text("SELECT count(*) FROM messages GROUP BY appointment_id")).scalars()
        assert Counter(plans) == {10: rows}
        for table in ("patients", "appointments"):
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() == rows
        consents = connection.execute(sa.text("SELECT count(*) FROM consents GROUP BY patient_id")).scalars()
        assert set(consents) == {6}
    database.dispose()
