"""What an export that comes every hour does to what is known: it calls off, repeats and contradicts itself."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from scheduler.domain.appointment import AppointmentStatus
from scheduler.services.appointments import call_off
from tests.services.exports import LEO, ZOE, results, run
from tests.services.house import VISIT, House


def many(count: int) -> list[str]:
    """Return rows of so many people."""
    return [LEO.replace("B-3", f"L-{n}").replace("0125", f"{1000 + n}") for n in range(count)]


@pytest.mark.parametrize(
    "broken",
    [
        "B-1,,,,,,,,,Called off,,",
        "B-1,,18.3.26,,Zoë Lachance,12,zoe@,français,botox,Called off,perhaps,",
        "B-1,chart-9,2026-05-05 10:00,,Zoë Stone,416-555-0123,,,peel,called  OFF,,no",
    ],
    ids=["all empty", "all wrong", "all others"],
)
def test_a_row_that_calls_a_known_visit_off_needs_its_id_and_status_only(
    any_house: House, tmp_path: Path, broken: str
) -> None:
    zoe = run(any_house, tmp_path, ZOE).rows[0].appointment
    assert zoe
    known = any_house.patient(zoe)
    (row,) = run(any_house, tmp_path, broken).rows
    assert (row.result.value, row.reason, row.appointment) == ("cancelled", "cancelled", zoe)
    assert set(any_house.statuses(zoe).values()) == {"cancelled"}
    assert any_house.patient(zoe) == known
    assert results(run(any_house, tmp_path, broken)) == ["unchanged"]


@pytest.mark.parametrize(
    ("another", "said"),
    [
        (ZOE.replace("Face peel", "laser"), "appointment 1 is for peel, not laser: it was not called off"),
        (
            ZOE.replace("Zoë Lachance", "Otto Two").replace("0123", "0166").replace("zoe@", "otto@"),
            "of somebody else",
        ),
        (ZOE.replace("Zoë Lachance", "Otto Two"), "of somebody else"),
    ],
    ids=["another treatment", "another person", "another name at the same address"],
)
def test_a_row_that_calls_off_what_is_plainly_another_visit_calls_nothing_off(
    house: House, tmp_path: Path, another: str, said: str
) -> None:
    run(house, tmp_path, ZOE)
    (row,) = run(house, tmp_path, another.replace("Confirmed", "Called off")).rows
    assert (row.result.value, said in row.reason) == ("refused", True), row.reason
    assert house.appointment(1).status is AppointmentStatus.BOOKED


def test_a_row_that_calls_an_unknown_visit_off_is_read_in_full_since_it_may_be_one_entered_by_hand(
    house: House, tmp_path: Path
) -> None:
    by_hand = house.register()
    (row,) = run(house, tmp_path, ZOE.replace("Confirmed", "Called off")).rows
    assert (row.result.value, row.appointment) == ("cancelled", by_hand)
    assert results(run(house, tmp_path, LEO.replace("peel,,", "botox,Called off,"))) == ["refused"]


def test_what_staff_cancelled_stays_so_for_an_export_that_says_nothing_about_its_status(
    house: House, tmp_path: Path
) -> None:
    leo = run(house, tmp_path, LEO).rows[0].appointment
    assert leo
    with house.store.write() as tx:
        call_off(tx, leo, AppointmentStatus.CANCELLED, now=house.clock.now(), by="desk")
    (row,) = run(house, tmp_path, LEO).rows
    assert row.result == "unchanged"
    assert row.reason == "cancelled here; say booked in the status column or reschedule to book it again"
    assert set(house.statuses(leo).values()) == {"cancelled"}
    (row,) = run(house, tmp_path, LEO.replace("peel,,", "peel,Confirmed,")).rows
    assert (row.result.value, row.reason) == ("rescheduled", "booked again")
    assert set(house.statuses(leo).values()) == {"scheduled"}


def test_what_was_entered_by_hand_is_taken_over_by_the_export_that_names_it(house: House, tmp_path: Path) -> None:
    by_hand = house.register()
    assert [row.appointment for row in run(house, tmp_path, ZOE, dry_run=True).rows] == [by_hand]
    assert house.appointment(by_hand).external_id is None
    (row,) = run(house, tmp_path, ZOE).rows
    assert (row.result.value, row.appointment) == ("unchanged", by_hand)
    (row,) = run(house, tmp_path, ZOE.replace("03-18", "03-19")).rows
    assert (row.result.value, row.appointment) == ("rescheduled", by_hand)


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("between", [0, 250], ids=["in one batch", "batches apart"])
def test_one_external_id_for_two_things_in_a_file_is_refused_with_the_line_of_the_first(
    house: House, tmp_path: Path, between: int, *, dry_run: bool
) -> None:
    other = ZOE.replace("03-18", "03-25")
    report = run(house, tmp_path, ZOE, *many(between), other, ZOE, dry_run=dry_run)
    first, second, third = report.rows[0], *report.rows[-2:]
    assert (first.result, second.result, third.result) == ("registered", "refused", "unchanged")
    assert second.reason == "external_id: stands in row 2 too, with other content: keep the row that is right"
    assert third.appointment == first.appointment
    assert (first.appointment is None) == dry_run
    assert first.appointment is None or house.appointment(first.appointment).starts_at == VISIT


def test_the_second_row_of_an_external_id_counts_where_the_first_was_refused(house: House, tmp_path: Path) -> None:
    assert results(run(house, tmp_path, ZOE.replace("0123", "0123 x9"), ZOE)) == ["refused", "registered"]


def test_a_patient_id_that_is_mapped_wrongly_refuses_its_row(house: House, tmp_path: Path) -> None:
    family = [row.replace(",,2026", ",family-7,2026", 1) for row in (ZOE, LEO)]
    report = run(house, tmp_path, *family)
    assert results(report) == ["registered", "refused"]
    assert report.rows[1].reason == (
        "patient_id: is another person's, of another name, phone and email: check what is mapped to patient_id"
    )


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_long_file_is_never_one_long_transaction(house: House, tmp_path: Path, *, dry_run: bool) -> None:
    ended: list[str] = []

    def rolled_back(_connection: Any) -> None:
        ended.append("rolled back")

    def committed(_connection: Any) -> None:
        ended.append("committed")

    sa.event.listen(house.store._engine, "rollback", rolled_back)
    sa.event.listen(house.store._engine, "commit", committed)
    assert run(house, tmp_path, *many(450), dry_run=dry_run).totals["registered"] == 450
    assert ended == ["rolled back" if dry_run else "committed"] * 3
