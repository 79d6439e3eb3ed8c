"""A clinic's export is looked at first, then imported; what was done is taken back."""

from scheduler.domain.access import Permission
from tests.api.office import ZOE, Office, Program
from tests.services.exports import HEADER, LEO
from tests.services.exports import ZOE as ZOE_ROW
from tests.services.workbooks import packed, parts, sheet, texts

GOOD = f"{ZOE_ROW}\n"
FILE = f"{HEADER}\n{GOOD}{LEO.replace('Léo Martin', '')}\n"
CSV = {"Content-Type": "text/csv"}


def bring(program: Program, file: str = FILE, clinic: str = "north", **headers: str) -> int:
    answer = program.ask("POST", f"/imports?clinic={clinic}", {**CSV, **headers}, content=file.encode())
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_a_file_is_reported_on_before_it_is_imported_and_then_imported_once(any_office: Office) -> None:
    program = any_office.program(Permission.READ, Permission.BOOK, clinic="north")
    path = f"/imports/{bring(program)}"
    seen = program.get(path).json()
    assert [(it["row"], it["result"]) for it in seen["report"]["rows"]] == [(2, "registered"), (3, "refused")]
    assert seen["report"]["totals"]["refused"] == 1
    assert (seen["result"], program.get("/appointments").json()["items"]) == (None, [])
    done = program.post(f"{path}/carry-out").json()
    visit = done["result"]["rows"][0]["appointment"]
    assert program.post(f"{path}/carry-out").json() == done == program.get(path).json()
    assert [it["id"] for it in program.get("/appointments").json()["items"]] == [visit]
    assert program.delete(path).json()["result"] == "forgotten"
    assert program.get(path).status_code == 404


def test_what_was_imported_is_taken_back_by_who_did_it(any_office: Office) -> None:
    program = any_office.program(Permission.READ, Permission.BOOK, clinic="north")
    undo = program.post(f"/imports/{bring(program)}/carry-out").json()["undo"]
    (visit,) = program.get(f"/undos/{undo}").json()["appointments"]
    assert any_office.program().post(f"/undos/{undo}").status_code == 404
    back = program.post(f"/undos/{undo}").json()
    assert (back["done"], back["left"]) == (True, [])
    assert program.get(f"/appointments/{visit}").json()["status"] == "cancelled"
    assert program.post(f"/undos/{undo}").status_code == 200


def test_a_registration_and_an_edit_say_what_takes_them_back(any_office: Office) -> None:
    program = any_office.program()

    def path(header: str) -> str:
        return header.removeprefix("http://127.0.0.1:8000/api/v1")

    made = program.post("/appointments", ZOE, **{"Idempotency-Key": "one"})
    assert "Undo" not in program.post("/appointments", ZOE).headers
    again = program.post("/appointments", ZOE, **{"Idempotency-Key": "one"})
    assert again.headers["Undo"] == made.headers["Undo"]
    moved = program.patch("/appointments/1", {"starts_at": "2026-03-20T10:00"})
    assert program.post(path(moved.headers["Undo"])).json()["what"] == "move"
    assert program.get("/appointments/1").json()["starts_at"] == made.json()["starts_at"]
    assert "Undo" not in program.patch("/appointments/1", {}).headers
    assert program.post(path(made.headers["Undo"])).json()["what"] == "registered"
    assert program.get("/appointments/1").json()["status"] == "cancelled"


def test_a_file_of_another_kind_too_large_or_without_rows_is_refused(any_office: Office) -> None:
    program = any_office.program()
    assert program.post("/imports?clinic=north", {"rows": []}).status_code == 415
    assert program.ask("POST", "/imports?clinic=north").status_code == 415
    large = program.ask("POST", "/imports?clinic=north", CSV, content=b"x" * (10 * 1024 * 1024 + 1))
    assert (large.status_code, large.json()["type"].endswith("too-large")) == (413, True)
    assert program.ask("POST", "/imports?clinic=north", CSV, content=b"\0\1").status_code == 422
    many = f"{HEADER}\n{GOOD * 5001}"
    assert program.ask("POST", "/imports?clinic=north", CSV, content=many.encode()).status_code == 422
    assert program.ask("POST", "/imports", CSV, content=FILE.encode()).status_code == 422
    assert program.ask("POST", "/imports?clinic=west", CSV, content=FILE.encode()).status_code == 404


def test_a_file_is_taken_in_every_form_of_an_export_and_is_called_by_its_name(any_office: Office) -> None:
    program = any_office.program()
    workbook = packed(parts(sheet(texts("Week 12", HEADER.replace(",", "|"), ZOE_ROW.replace(",", "|")))))
    spreadsheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    for media, content, line in (
        (spreadsheet, workbook, 3),
        ("application/octet-stream", workbook, 3),
        ("text/csv; charset=utf-8", FILE.encode("cp1252"), 2),
        ("text/plain", FILE.replace(",", "\t").encode("utf-16"), 2),
        ("application/vnd.ms-excel", FILE.replace(",", ";").encode(), 2),
    ):
        answer = program.ask("POST", "/imports?clinic=north", {"Content-Type": media}, content=content)
        first = answer.json()["report"]["rows"][0]
        assert (answer.status_code, first["row"], first["result"]) == (201, line, "registered"), media
    for disposition, name in (
        ('attachment; filename="week.xlsx"', "week.xlsx"),
        ("attachment; filename*=UTF-8''semaine%20%C3%A9.csv", "semaine é.csv"),
        ('attachment; filename="/home/ann/week.csv"', "week.csv"),
        ("attachment", "export"),
        ('"; filename=' + "x" * 400, "export"),
    ):
        headers = {**CSV, "Content-Disposition": disposition}
        refused = program.ask("POST", "/imports?clinic=north", headers, content=b"%PDF-1.7")
        assert (refused.status_code, refused.json()["detail"].partition(": is a PDF")[0]) == (422, f"body: {name}")


def test_a_file_of_another_clinic_does_not_exist(any_office: Office) -> None:
    number = bring(any_office.program())
    south = any_office.program(clinic="south")
    reader = any_office.program(Permission.READ, clinic="north")
    for method, path in (("GET", ""), ("POST", "/carry-out"), ("DELETE", "")):
        assert south.ask(method, f"/imports/{number}{path}").status_code == 404
        assert reader.ask(method, f"/imports/{number}{path}").status_code == 403
    assert south.ask("POST", "/imports?clinic=north", CSV, content=FILE.encode()).status_code == 404


def test_a_file_that_is_sent_again_under_its_key_is_brought_once(any_office: Office) -> None:
    program = any_office.program()
    first = bring(program, **{"Idempotency-Key": "file-1"})
    assert bring(program, **{"Idempotency-Key": "file-1"}) == first
    other = program.ask("POST", "/imports?clinic=north", {**CSV, "Idempotency-Key": "file-1"}, content=GOOD.encode())
    assert other.json()["type"].endswith("key-reused")
