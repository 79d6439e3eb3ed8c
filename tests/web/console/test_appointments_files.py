"""A file in the console: what each row would do, then the import; sealed in between, and bounded."""

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa

from scheduler.clock import FixedClock
from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.domain.appointment import AppointmentStatus
from scheduler.services.retention import Retention
from scheduler.services.uploading import MOST_ROWS
from scheduler.store.booking_tables import undos, uploads
from scheduler.store.tables import appointments
from tests.services.house import House
from tests.services.workbooks import packed, parts, sheet, texts
from tests.web.console.test_appointments_register import count, desk_of
from tests.web.desk import Visitor

HEADER = "Booking,Start,Client,Mobile,E-mail,Service,Zebra"
ZOE = "A1,2026-03-18 10:00,Zoë Lachance,416 555 0123,zoe@patients.example,peel,x"
ANA = "A2,2026-03-19 10:00,Ana Ruiz,416 555 0124,ana@patients.example,peel,x"
BAD = "A3,2026-03-19 10:00,<script>alert(1)</script>,12,,peel,x"
FILE = f"{HEADER}\n{ZOE}\n{ANA}\n{BAD}".encode()


def bring(staff: Visitor, data: bytes, clinic: str = "north", name: str = "week.csv") -> httpx.Response:
    return staff.ask(
        "POST", "/desk/appointments/import", data={"clinic": clinic}, files={"file": (name, data, "text/csv")}
    )


def brought(staff: Visitor, data: bytes = FILE) -> str:
    """Bring a file; return the path of its report."""
    answer = bring(staff, data)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_file_is_reported_on_row_by_row_before_anything_is_registered(any_house: House) -> None:
    staff = desk_of(any_house)

    report = staff.get(brought(staff))

    assert report.status_code == 200
    assert "Nothing is registered yet" in report.text
    assert "Take over 2 good rows" in report.text
    assert "Refused" in report.text
    assert "Zebra" in report.text
    assert count(any_house, appointments) == 0


def test_a_workbook_and_a_file_of_an_old_mac_are_taken_and_the_name_says_nothing(any_house: House) -> None:
    staff = desk_of(any_house)
    workbook = packed(parts(sheet(texts("Week 12", HEADER.replace(",", "|"), ZOE.replace(",", "|")))))
    mac = f"{HEADER}\r{ZOE}\r".encode("mac_roman")
    for name, data in (("week.xlsx", workbook), ("week.csv", workbook), ("week.xlsx", mac)):
        page = staff.get(bring(staff, data, name=name).headers["location"]).text
        assert "Zoë Lachance" in page
        assert "Take over 1 good row" in page
    doubtful = f"{HEADER}\n{ZOE}".replace("Zoë", "D\u2019Ann").encode("cp1252")
    page = staff.get(brought(staff, doubtful)).text
    assert "week.csv: read as windows-1252, but it could be mac-roman" in page
    assert "of your mapping" not in page.partition("read as windows-1252")[0]
    refused = bring(staff, b"\xd0\xcf\x11\xe0" + bytes(600), name="week.xls")
    assert refused.status_code == 422
    assert "is an Excel file of before 2007" in refused.text


def test_the_refused_rows_alone_are_shown_with_why(any_house: House) -> None:
    staff = desk_of(any_house)

    page = staff.get(f"{brought(staff)}?only=refused").text

    assert page.count('<td data-head="Row"') == 1
    assert "phone: is" in page


def test_why_a_row_or_a_file_was_refused_is_said_in_the_readers_language(house: House) -> None:
    staff = desk_of(house)
    again, strange = b"A1,2026-03-18 10:00,Other,416 555 0123,,peel,x", b"A4,2026-03-19 10:00,Ana Ruiz,,,tattoo,x"
    path = brought(staff, b"\n".join([FILE, again, strange, b'"cut'])) + "?only=refused"
    french, spanish = (staff.get(path, Accept_Language=it).text for it in ("fr", "es"))
    assert "Téléphone\xa0: ce numéro ne peut pas exister : vérifiez les chiffres." in french
    assert "Le soin « tattoo » " in french
    assert "La ligne 2 a le même numéro et dit autre chose." in french
    assert french.count('<span lang="en">') == 1
    assert "Teléfono: este número no puede existir: revise las cifras." in spanish
    assert "El tratamiento «tattoo» no se conoce aquí." in spanish
    for data, said in (
        (b" ", "Le fichier est vide."),
        (b"Booking,Start\n1,2", "Il manque la colonne « Client » pour « Nom »"),
    ):
        refused = staff.ask(
            "POST",
            path.partition("/import")[0] + "/import",
            {"Accept-Language": "fr"},
            data={"clinic": "north"},
            files={"file": ("week.csv", data, "text/csv")},
        )
        assert said in refused.text


def test_the_good_rows_are_registered_and_the_result_says_so(any_house: House) -> None:
    staff = desk_of(any_house)
    path = brought(staff)

    done = staff.post(path)
    page = staff.get(path)

    assert done.status_code == 303
    assert "2 appointments are registered" in page.text
    assert "/desk/appointments/undo/" in page.text
    assert count(any_house, appointments) == 2


def test_an_import_a_second_time_changes_nothing_and_shows_the_same(any_house: House) -> None:
    staff = desk_of(any_house)
    path = brought(staff)

    staff.post(path)
    first = staff.get(path).text
    again = staff.post(path)

    assert again.status_code == 303
    assert count(any_house, appointments) == 2
    assert first.count("Registered") == staff.get(path).text.count("Registered")


# The framework silences it while it builds a route at its first request, which two threads at once undo.
@pytest.mark.filterwarnings("ignore::pydantic.warnings.UnsupportedFieldAttributeWarning")
def test_two_who_register_the_same_file_at_once_register_it_once(any_house: House) -> None:
    staff = desk_of(any_house)
    path = brought(staff)
    people = [desk_of(any_house) for _ in range(3)]

    with ThreadPoolExecutor() as threads:
        answers = set(threads.map(lambda it: it.post(path).status_code, people))

    assert answers <= {303, 409}
    assert 303 in answers
    assert count(any_house, appointments) == 2


def test_what_became_different_since_the_look_is_told(any_house: House) -> None:
    staff = desk_of(any_house)
    path = brought(staff)
    any_house.register(external_id="A1", starts_at="2026-03-18T10:00")

    staff.post(path)
    page = staff.get(path).text

    assert "1 row ended otherwise than shown before" in page
    assert "Different" in page


class Ticking(FixedClock):
    """A clock of which every look takes a second."""

    def now(self) -> datetime:
        self.move_by(timedelta(seconds=1))
        return super().now()


def test_what_went_out_while_a_file_was_being_imported_is_not_taken_back(house: House) -> None:
    house.clock = Ticking(house.clock.now())
    staff = desk_of(house)
    staff.post(brought(staff))
    with house.store.read() as tx:
        first = tx.connection.execute(sa.select(sa.func.min(appointments.c.created_at))).scalar_one()
        assert tx.connection.execute(sa.select(undos.c.at)).scalar_one() <= first


def test_an_import_is_taken_back(any_house: House) -> None:
    staff = desk_of(any_house)
    staff.post(brought(staff))

    assert "Take 2 back" in staff.get("/desk/appointments/undo/1").text
    assert staff.post("/desk/appointments/undo/1").status_code == 303

    with any_house.store.read() as tx:
        found = set(tx.connection.execute(sa.select(appointments.c.status)).scalars())
    assert found == {AppointmentStatus.CANCELLED}


def test_the_file_is_sealed_while_it_waits_and_gone_after_the_import(any_house: House) -> None:
    staff = desk_of(any_house)
    path = brought(staff)
    with any_house.store.read() as tx:
        row = tx.connection.execute(sa.select(uploads)).one()
    assert b"Lachance" not in b"".join(it for it in row if isinstance(it, bytes))
    assert len(row.content_sealed) > len(FILE)

    staff.post(path)

    with any_house.store.read() as tx:
        sealed = tx.connection.execute(sa.select(uploads.c.content_sealed)).scalar_one()
        assert tx.vault.open_bytes(sealed, of="uploads.content") == b""


def test_a_file_that_nobody_registers_is_gone_after_a_day(any_house: House) -> None:
    staff = desk_of(any_house)
    path = brought(staff)

    any_house.clock.move_to(any_house.clock.now() + timedelta(days=1, minutes=1))

    assert staff.get(path).status_code == 404
    assert staff.post(path).status_code == 404
    Retention().look(any_house.store, audit_years=None, now=any_house.clock.now())
    assert count(any_house, uploads) == 0


def test_a_file_can_be_forgotten(any_house: House) -> None:
    staff = desk_of(any_house)
    path = brought(staff)

    assert staff.post(f"{path}/forget").status_code == 303
    assert staff.get(path).status_code == 404
    assert count(any_house, uploads) == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00n",
        "Zoë".encode("utf-16"),
        f"{HEADER}\nA1,2026-03-18 10:00,Zoë Côté,,,peel,".encode() + b"\xff",
        b"a;b;c\n1;2;3\n",
        b"\n\n\n",
        b'"name\n',
        b"name,name\n1,2\n",
        b"PK\x03\x04" + bytes(100),
        b"%PDF-1.7 <script>alert(1)</script>",
    ],
)
def test_a_file_that_nobody_can_read_is_refused_beside_its_field(any_house: House, data: bytes) -> None:
    answer = bring(desk_of(any_house), data, name="<script>alert(1)</script>.csv")

    assert answer.status_code == 422
    assert 'id="file-problem"' in answer.text
    assert "<script>alert" not in answer.text
    assert count(any_house, uploads) == 0


def test_cells_are_shown_and_never_executed(any_house: House) -> None:
    row = "A9,2026-03-19 10:00,Ana,416 555 0124,,<img src=x onerror=alert(1)>,=1+1"
    staff = desk_of(any_house)

    page = staff.get(brought(staff, f"{HEADER}\n{row}\n".encode())).text

    assert "<img src=x" not in page
    assert "&lt;img" in page


def test_a_file_of_fifty_megabytes_is_refused_while_it_is_read(house: House) -> None:
    staff = desk_of(house)

    answer = bring(staff, b"x" * 50_000_000)

    assert answer.status_code == 413
    assert count(house, uploads) == 0


def test_no_part_of_a_file_touches_the_disk(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_more: object) -> object:
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "_TemporaryFileWrapper", refuse)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    rows = "\n".join([HEADER, *(ZOE for _ in range(30_000))])

    assert bring(desk_of(house), rows.encode()).status_code == 422  # too many rows, and more than a megabyte


def test_a_file_of_too_many_rows_says_how_many_there_may_be(house: House) -> None:
    answer = bring(desk_of(house), "\n".join([HEADER, *(ZOE for _ in range(MOST_ROWS + 1))]).encode())

    assert answer.status_code == 422
    assert str(MOST_ROWS) in answer.text


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"x=1", "application/x-www-form-urlencoded"), (b"--x", "multipart/form-data"), (b"{}", "application/json")],
)
def test_what_is_no_form_with_a_file_is_refused(house: House, content: bytes, kind: str) -> None:
    answer = desk_of(house).ask("POST", "/desk/appointments/import", {"Content-Type": kind}, content=content)

    assert answer.status_code == 422


def test_files_of_other_clinics_do_not_exist(any_house: House) -> None:
    path = brought(desk_of(any_house))
    other = desk_of(any_house, Role.STAFF, "south")

    assert other.get(path).status_code == 404
    assert other.post(path).status_code == 404
    assert other.post(f"{path}/forget").status_code == 404
    assert bring(other, FILE).status_code == 404
    assert desk_of(any_house, Role.VIEWER).get(path).status_code == 403


def test_long_reports_have_pages(house: House) -> None:
    rows = [f"B{it},2026-03-18 10:00,Ana R{it},416 555 {it:04},,peel,x" for it in range(150)]
    admin = desk_of(house, Role.ADMIN, EVERY_CLINIC)

    page = admin.get(brought(admin, "\n".join([HEADER, *rows]).encode())).text
    later = re.search(r'rel="next" href="([^"]+)"', page)

    assert later
    assert page.count('<td data-head="Row"') == 100
    assert admin.get(later[1].replace("&amp;", "&")).text.count('<td data-head="Row"') == 50
