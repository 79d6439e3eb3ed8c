"""Of a person the newest row counts, in whatever order the rows stand, and what is not followed is said."""

from itertools import permutations
from pathlib import Path

from tests.services.exports import run
from tests.services.house import House
from tests.services.test_words_in_order import dated, take

PAST = "1,,2025-03-18 10:00,,{name},416-555-0{n}3,{n}@patients.example,es,Face peel,Completed,yes,yes"
NEXT = "2,,2026-03-18 10:00,,{name},416-555-0{n}2,{n}@patients.example,fr,Face peel,Confirmed,yes,no"
LAST = "3,,2026-05-18 10:00,,{name},416-555-0{n}1,{n}@patients.example,en,Face peel,Confirmed,no,"
OFF = "4,,2026-09-18 10:00,,{name},416-555-0{n}4,{n}@patients.example,es,Face peel,Cancelled,yes,yes"


def test_in_whatever_order_rows_stand_the_latest_visits_particulars_and_answers_count(
    any_house: House, tmp_path: Path
) -> None:
    for number, order in enumerate(permutations((PAST, NEXT, LAST)), start=10):
        name = f"Flip {'ABCDEFG'[number - 10]}lee"
        rows = [f"{number}-{it.format(name=name, n=number)}" for it in (*order, OFF)]
        run(any_house, tmp_path, *rows)
        report = run(any_house, tmp_path, *rows)
        said = {rows[it.row - 2].split(",")[0][3:]: it for it in report.rows}
        visit = said["3"].appointment
        assert visit, rows
        patient, ledger = any_house.patient(visit), any_house.ledger(visit)
        assert (patient.phone, patient.language) == (f"+14165550{number}1", "en"), rows
        assert ledger["sms", "care"][-1] == "revoked", rows
        assert ledger["email", "care"][-1] == "revoked", rows
        assert len(ledger["sms", "care"]) <= 3, (rows, ledger)
        line = said["3"].row
        assert said["1"].reason == f"phone, language: row {line} says otherwise, and that counts"
        assert said["3"].reason == ""


def test_where_rows_are_dated_the_row_that_was_changed_last_counts_in_later_files_too(
    any_house: House,
) -> None:
    house = dated(any_house)
    newer = NEXT.format(name="Flip Lee", n=10) + ",2026-02-20 10:00:00"
    older = LAST.format(name="Flip Lee", n=10) + ",2026-02-10 10:00:00"
    for rows in ([newer, older], [older, newer], [newer], [older]):
        report = take(house, *rows)
        visit = report.rows[0].appointment
        assert visit
        assert (any_house.patient(visit).phone, any_house.patient(visit).language) == ("+14165550102", "fr"), rows
    assert report.rows[0].reason == "phone, language: what was said later says otherwise, and that counts"
    (row,) = take(house, older.replace("02-10", "02-21")).rows
    assert (row.reason, any_house.patient(row.appointment or 0).phone) == ("", "+14165550101")
