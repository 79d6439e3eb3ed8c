"""An import that is killed in the middle and run again registers each appointment once, with its whole plan."""

import sqlite3
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

from tests.acceptance.conftest import Aftercare

ROWS = 1600
HEADER = "Booking,Start,Client,Mobile,E-mail,Language,Service,Status,Texts OK,Emails OK,Offers OK"


def test_an_import_killed_in_the_middle_and_run_again_registers_each_appointment_once(aftercare: Aftercare) -> None:
    lines = (
        f"A-{n},2030-03-{1 + n % 28:02} 10:00,Patient {n},(514) 555-{1000 + n},p{n}@patients.example,en,"
        "Microneedling - Full Face,Confirmed,yes,yes,no"
        for n in range(ROWS)
    )
    (aftercare.folder / "export.csv").write_text("\n".join([HEADER, *lines]), encoding="utf-8")
    database = aftercare.folder / "var" / "aftercare.db"
    with aftercare.start("import", "export.csv", "--clinic", "lumiere") as importing:
        while importing.poll() is None and appointments(database) < 300:
            time.sleep(0.02)
        importing.kill()
    assert 0 < appointments(database) < ROWS

    report = aftercare.json("import", "export.csv", "--clinic", "lumiere")
    totals = report["totals"]
    assert totals["registered"] + totals["unchanged"] == ROWS
    assert totals["unchanged"] > 0
    with closing(sqlite3.connect(database)) as connection:
        plans = Counter(dict(connection.execute("SELECT appointment_id, count(*) FROM messages GROUP BY 1")).values())
        people = connection.execute("SELECT count(*) FROM patients").fetchone()
    assert plans == {10: ROWS}
    assert people == (ROWS,)


def appointments(database: Path) -> int:
    with (
        suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection,
    ):
        return int(connection.execute("SELECT count(DISTINCT external_id) FROM appointments").fetchone()[0])
    return 0
