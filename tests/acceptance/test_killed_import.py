"""An import that is killed in the middle and run again registers each appointment once, with its whole plan."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.acceptance.conftest import Aftercare, keys

ROWS = 3000
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


def export(aftercare: Aftercare, name: str, lines: list[str]) -> None:
    Path(aftercare.folder / name).write_text("\n".join([HEADER, *lines]), encoding="utf-8")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)


def appointments(database: sa.Engine) -> int:
    with suppress(sa.exc.OperationalError), database.connect() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM appointments")).scalar_one())
    return 0


def assert_each_once(database: sa.Engine) -> None:
    with database.connect() as connection:
        plans = connection.execute(sa.text("SELECT count(*) FROM messages GROUP BY appointment_id")).scalars()
        assert Counter(plans) == {10: ROWS}
        for table in ("patients", "appointments"):
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() == ROWS
        consents = connection.execute(sa.text("SELECT count(*) FROM consents GROUP BY patient_id")).scalars()
        assert set(consents) == {6}
    database.dispose()
