"""A clinic's export, row by row."""

from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.errors import RegistrationError
from scheduler.services.appointments import call_off
from scheduler.services.exports.importing import Importer
from scheduler.services.exports.rows import RowReport
from tests.services.exports import ANN, HEADER, LEO, ZOE, results, run
from tests.services.house import CHECK, VISIT, House, after
from tests.store.samples import Person, find


def count_messages(house: House, *appointments: int | None) -> int:
    return sum(len(house.messages(number)) for number in appointments if number)


def test_each_row_becomes_an_appointment_with_its_plan(any_house: House, tmp_path: Path) -> None:
    report = run(any_house, tmp_path, ZOE, ANN, LEO)
    assert [(row.row, row.result.value, row.reason) for row in report.rows] == [
        (2, "registered", ""),
        (3, "registered", ""),
        (4, "registered", ""),
    ]
    assert report.totals == {"registered": 3, "unchanged": 0, "rescheduled": 0, "cancelled": 0, "refused": 0}
    first = report.rows[0].appointment
    assert first
    assert any_house.appointment(first).starts_at == VISIT
    assert any_house.message(first, "check").due_at == CHECK
    assert any_house.patient(first).language == "fr"


def test_the_same_file_again_changes_nothing(any_house: House, tmp_path: Path) -> None:
    first = run(any_house, tmp_path, ZOE, ANN, LEO)
    again = run(any_house, tmp_path, ZOE, ANN, LEO)
    assert results(again) == ["unchanged"] * 3
    assert [row.appointment for row in again.rows] == [row.appointment for row in first.rows]


def test_a_later_export_moves_cancels_and_corrects(house: House, tmp_path: Path) -> None:
    first = run(house, tmp_path, ZOE, ANN, LEO)
    zoe, ann, leo = (row.appointment or 0 for row in first.rows)
    report = run(
        house,
        tmp_path,
        ZOE.replace("2026-03-18", "2026-03-19"),
        ANN.replace("confirmed", "Called off"),
        LEO.replace("0125", "0126"),
    )
    assert [(row.result.value, row.reason) for row in report.rows] == [
        ("rescheduled", ""),
        ("cancelled", "cancelled"),
        ("unchanged", ""),
    ]
    assert house.message(zoe, "check").due_at == after(CHECK, days=1)
    assert set(house.statuses(ann).values()) == {"cancelled"}
    assert house.patient(leo).phone == "+14165550126"


def test_a_patient_who_came_is_completed_and_one_who_did_not_gets_nothing(house: House, tmp_path: Path) -> None:
    first = run(house, tmp_path, ZOE, ANN)
    zoe, ann = (row.appointment or 0 for row in first.rows)
    house.clock.move_to(after(VISIT, hours=1))
    report = run(house, tmp_path, ZOE.replace("Confirmed", "Arrived"), ANN.replace("confirmed", "No show"))
    assert results(report) == ["unchanged", "cancelled"]
    assert report.rows[1].reason == "no-show"
    assert house.appointment(zoe).status is AppointmentStatus.COMPLETED
    assert house.appointment(ann).status is AppointmentStatus.NO_SHOW


def test_a_missed_visit_stays_missed_for_an_export_that_never_heard_of_it(house: House, tmp_path: Path) -> None:
    zoe = run(house, tmp_path, ZOE).rows[0].appointment
    assert zoe
    house.clock.move_to(after(VISIT, hours=1))
    with house.store.write() as tx:
        call_off(tx, zoe, AppointmentStatus.NO_SHOW, now=house.clock.now(), by="desk")
    assert results(run(house, tmp_path, ZOE)) == ["unchanged"]
    assert house.appointment(zoe).status is AppointmentStatus.NO_SHOW
    assert results(run(house, tmp_path, ZOE.replace("Confirmed", "Arrived"))) == ["rescheduled"]
    assert house.appointment(zoe).status is AppointmentStatus.COMPLETED
    assert house.message(zoe, "check").status == "scheduled"


def test_bad_rows_are_refused_with_their_reason_and_the_good_ones_are_registered(
    house: House, tmp_path: Path
) -> None:
    report = run(
        house,
        tmp_path,
        ZOE.replace("416-555-0123", "12").replace("zoe@", "zoe"),
        ANN,
        LEO.replace("peel", "botox"),
        "B-9,too,short",
        LEO.replace("2026-03-18 13:00", "18.3.26"),
    )
    assert report.rows[1].result == "registered"
    assert [(row.row, row.reason) for row in report.rows if row.result == "refused"] == [
        (2, ("phone: is no number that exists: check the digits; email: is not an email address: it needs one "
            "name@domain, without spaces or line breaks")),
        (4, ("treatment: “botox” is not known: map it under import.treatments of clinic north "
            "(one of Face peel, laser, needling, peel)")),
        (5, "has 3 cells where the header has 12 columns"),
        (6, "starts_at: is not a date and time such as 2026-03-22 14:30"),
    ]  # fmt: skip
    assert report.totals["refused"] == 4


def test_a_row_without_a_treatment_says_that_it_is_empty(house: House, tmp_path: Path) -> None:
    (row,) = run(house, tmp_path, LEO.replace(",peel,", ",,")).rows
    assert row.reason == "treatment: is empty"


def test_a_patient_id_that_is_somebody_elses_refuses_its_row_and_not_the_whole_file(
    any_house: House, tmp_path: Path
) -> None:
    run(any_house, tmp_path, ZOE, ANN.replace("B-2,", "B-2,chart-8"))
    report = run(any_house, tmp_path, ZOE.replace("B-1,", "B-1,chart-8"), LEO)
    assert results(report) == ["refused", "registered"]
    assert "another p" in report.rows[0].reason


def test_an_external_id_that_was_given_to_somebody_else_refuses_its_row(house: House, tmp_path: Path) -> None:
    run(house, tmp_path, ZOE)
    report = run(house, tmp_path, LEO.replace("B-3", "B-1"), ANN)
    assert results(report) == ["refused", "registered"]


def test_an_id_that_a_spreadsheet_rounded_moves_and_calls_off_nothing(house: House, tmp_path: Path) -> None:
    rounded = ZOE.replace("B-1", "1.23457E+11"), ANN.replace("B-2,", "B-2,1.5E+11")
    report = run(house, tmp_path, *rounded, LEO.replace("B-3", "4E10"))
    assert results(report) == ["refused", "refused", "registered"]
    assert [row.reason.partition(":")[0] for row in report.rows] == ["external_id", "patient_id", ""]
    called_off = "1.23457E+11,,,,,,,,,cancelled,,"
    assert results(run(house, tmp_path, called_off)) == ["refused"]


def test_what_stands_for_no_id_is_none(house: House, tmp_path: Path) -> None:
    rows = [row.replace(f"B-{number},", "N/A,-", 1) for number, row in ((1, ZOE), (2, ANN), (3, LEO))]
    assert results(run(house, tmp_path, *rows)) == ["registered"] * 3
    gone = rows[1].replace("confirmed", "cancelled")
    assert results(run(house, tmp_path, rows[0], gone)) == ["unchanged", "cancelled"]


def test_a_row_that_stands_twice_in_a_file_is_one_appointment(house: House, tmp_path: Path) -> None:
    report = run(house, tmp_path, ZOE, ZOE)
    assert results(report) == ["registered", "unchanged"]
    assert report.rows[0].appointment == report.rows[1].appointment


def test_a_dry_run_says_what_would_happen_and_stores_nothing(any_house: House, tmp_path: Path) -> None:
    known = run(any_house, tmp_path, ANN).rows[0].appointment
    report = run(
        any_house, tmp_path, ZOE, ZOE, ANN.replace("11:30", "15:30"), LEO.replace("peel", "botox"), dry_run=True
    )
    assert [(row.result.value, row.appointment) for row in report.rows] == [
        ("registered", None),
        ("unchanged", None),
        ("rescheduled", known),
        ("refused", None),
    ]
    with any_house.store.read() as tx:
        assert find(tx, Person(phone="+14165550123"), clinic="north") is None
    assert known
    assert any_house.appointment(known).starts_at == after(VISIT, hours=1.5)
    assert results(run(any_house, tmp_path, ZOE)) == ["registered"]


def test_more_rows_than_a_transaction_takes_are_all_imported_and_counted(house: House, tmp_path: Path) -> None:
    rows = [LEO.replace("B-3", f"B-{n}").replace("0125", f"{1000 + n}") for n in range(450)]
    seen: list[tuple[int, int]] = []
    file = tmp_path / "export.csv"
    file.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    place = house.configuration.clinic("north")
    report = Importer(house.store, house.configuration, house.clock, place).run(
        file, progress=lambda done, total: seen.append((done, total))
    )
    assert report.totals["registered"] == 450
    assert seen == [(200, 450), (400, 450), (450, 450)]


def test_a_header_without_a_mapped_column_names_the_nearest_and_registers_nothing(
    house: House, tmp_path: Path
) -> None:
    with pytest.raises(RegistrationError) as refused:
        run(house, tmp_path, ZOE, header=HEADER.replace("Mobile", "Mobil"))
    assert str(refused.value) == (
        "export.csv:1: no column “Mobile” for phone in the header (did you mean Mobil?): rename it there, or map "
        "phone anew under import.columns of clinic north"
    )


def test_a_mapped_column_that_is_not_needed_may_be_missing_and_is_told_of(house: House, tmp_path: Path) -> None:
    header = "Booking,Chart,Start,Client,Mobile,Service,Status,Texts,Emails"
    report = run(house, tmp_path, "B-1,,2026-03-18 10:00,Zoë Sample,4165550123,Face peel,,,", header=header)
    assert results(report) == ["registered"]
    assert report.warnings == tuple(
        f"export.csv:1: no column “{column}” in the header: {field} is taken as not known for all rows"
        for column, field in (("End", "ends_at"), ("E-mail", "email"), ("Language", "language"))
    )


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Booking", "external_id"),
        ("Status", "status"),
        ("Texts", "consent_sms"),
        ("Emails", "consent_email"),
    ],
)
def test_a_file_in_which_a_cancellation_a_no_or_an_id_would_be_missed_is_refused(
    house: House, tmp_path: Path, column: str, field: str
) -> None:
    header = HEADER.replace(column, "Estado")
    assert any(f"no column “{column}”" in it for it in run(house, tmp_path, ZOE, header=header).warnings)
    north = house.configuration.clinic("north")
    strict = replace(north, imports=replace(north.imports, optional=frozenset()))
    house.configuration = replace(house.configuration, clinics={**house.configuration.clinics, "north": strict})
    with pytest.raises(RegistrationError, match=f"no column “{column}” for {field} .* name {field} under import.opt"):
        run(house, tmp_path, ZOE, header=header)


def test_a_header_without_the_mapped_phone_and_email_registers_nothing(house: House, tmp_path: Path) -> None:
    with pytest.raises(RegistrationError, match="no column “Mobile” for phone in the header"):
        run(house, tmp_path, "2026-03-18 10:00,Zoë Sample,Face peel", header="Start,Client,Service")


def test_without_a_mapping_the_columns_are_named_like_the_fields(house: House, tmp_path: Path) -> None:
    header = "starts_at;name;email;treatment;language"
    report = run(house, tmp_path, "2026-03-18 10:00;Ana;ana@pacientes.example;peel;es", header=header, clinic="south")
    assert results(report) == ["registered"]


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("starts_at,name,treatment", "phone or email"),
        ("name,email,treatment", "starts_at"),
        ("starts_at,name,email", "treatment"),
        ("starts_at,email,treatment", "name or first_name or last_name"),
    ],
)
def test_a_header_that_lacks_what_a_registration_needs_is_refused(
    house: House, tmp_path: Path, header: str, missing: str
) -> None:
    with pytest.raises(RegistrationError, match=rf"export\.csv:1: no column for {missing} in the header"):
        run(house, tmp_path, "x,y,z", header=header, clinic="south")


def test_no_report_holds_what_the_patient_entered(house: House, tmp_path: Path) -> None:
    bad = (
        ZOE.replace("416-555-0123", "416-555-0123 x9")
        .replace("zoe@patients.example", "zoe@")
        .replace("fr,", "français,")
    )
    (row,) = run(house, tmp_path, bad).rows
    assert isinstance(row, RowReport)
    assert not any(secret in row.reason for secret in ("Zo", "555", "zoe"))
