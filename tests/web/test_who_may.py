"""What nobody gets around: the record, the bounds, and the clinic of what is touched."""

import pytest
import sqlalchemy as sa

from scheduler.domain.access import EVERY_CLINIC, PERMISSIONS_OF, Caller, CallerKind, Permission, Role, Scope
from scheduler.errors import ForbiddenError
from scheduler.services.applying_jobs import demand_everywhere
from scheduler.store.audit import Entry, Wanted, entries
from scheduler.store.database import Store
from scheduler.store.messages import messages_of
from scheduler.store.users import set_grant
from scheduler.web.console.shell import Shell
from tests.services.house import House
from tests.web.desk import as_session, desk_app, make_session, make_user, signed_in, with_key
from tests.web.matrix import Office

ALL = frozenset(Permission)
STAFF = PERMISSIONS_OF[Role.STAFF]
MEGABYTE = b" " * 1_000_000


def audit(store: Store, action: str) -> list[Entry]:
    with store.read() as tx:
        return list(entries(tx, Scope(None), Wanted(action=action)))


def _main(html: str) -> str:
    return html.partition("<main")[2].partition("</main>")[0]


def held(house: House) -> tuple[int, ...]:
    """Return two messages that wait for a person."""
    visit = house.register()
    with house.store.write() as tx:
        ids = tuple(it.id for it in messages_of(tx, visit))[:2]
        waits = sa.text("UPDATE messages SET status = 'held', brake = 'cap' WHERE id IN (:a, :b)")
        tx.connection.execute(waits, {"a": ids[0], "b": ids[1]})
    return ids


def test_who_cares_for_patients_releases_and_drops_by_the_api_as_in_the_console(any_house: House) -> None:
    first, second = held(any_house)
    program = with_key(desk_app(any_house), any_house.store, STAFF, "north")
    assert program.post(f"/api/v1/messages/{first}/release").json()["status"] == "scheduled"
    assert program.post(f"/api/v1/messages/{second}/drop").json()["status"] == "expired"


def test_what_the_doctor_finds_of_all_clinics_is_for_who_has_all_of_them(house: House) -> None:
    app = desk_app(house)
    assert with_key(app, house.store, ALL, "north").get("/api/v1/health").status_code == 403
    assert with_key(app, house.store, ALL, EVERY_CLINIC).get("/api/v1/health").status_code == 200
    boss = signed_in(app, house.store, Role.ADMIN, EVERY_CLINIC)
    assert boss.post("/desk/setup/examine").status_code == 303
    of_one = signed_in(app, house.store, Role.ADMIN, "north").get("/desk/setup")
    assert of_one.status_code == 200
    assert "On call" in boss.get("/desk/setup").text
    assert "On call" not in of_one.text


@pytest.mark.parametrize("path", ["inbox", "today", "deliveries", "inbox/replies"])
def test_a_look_that_a_page_is_said_to_make_by_itself_is_on_record_too(house: House, path: str) -> None:
    at = {"inbox": "inbox", "today": "", "deliveries": "deliveries"}.get(path)
    action = {"inbox": "inbox.seen", "today": "today.seen", "deliveries": "deliveries.seen"}.get(path, "thread.seen")
    office = Office.open(house)
    where = f"/desk/{at}" if at is not None else office.things["north"].path("/desk/inbox/{kind}/{number}")
    anna = signed_in(office.app, house.store)
    for _ in range(3):
        assert anna.get(where, X_Desk_Quiet="1").status_code in (200, 303)
    assert len(audit(house.store, action)) == 1


def test_who_manages_one_clinic_learns_of_no_other_by_a_mistake(house: House) -> None:
    anna = signed_in(desk_app(house), house.store, Role.ADMIN, "north")
    for clinic in ("south", "nowhere"):
        key = anna.post("/desk/setup/keys", {"name": "A", "clinic": clinic, "may": ["read"], "days": ""})
        user = anna.post("/desk/setup/users/new", {"login": "ben", "name": "B", "clinic": clinic, "role": "staff"})
        assert {key.status_code, user.status_code} == {422}
        assert "there are" not in key.text + user.text
    said = {
        clinic: anna.post("/desk/setup/keys", {"name": "A", "clinic": clinic, "may": ["read"], "days": ""}).text
        for clinic in ("south", "nowhere")
    }
    assert said["south"].replace("south", "") == said["nowhere"].replace("nowhere", "")


@pytest.mark.parametrize("path", ["patients", "appointments", "inbox/alerts", "inbox/replies", "outbox"])
def test_what_another_clinic_has_looks_like_what_nobody_has(house: House, path: str) -> None:
    office = Office.open(house)
    numbers = office.things["south"].numbers
    number = numbers[path.rpartition("/")[2]]
    anna = signed_in(office.app, house.store, Role.ADMIN)
    theirs, nobodys = (anna.get(f"/desk/{path}/{it}") for it in (number, 987654))
    assert theirs.status_code == nobodys.status_code == 404
    assert _main(theirs.text) == _main(nobodys.text)


def test_a_plan_names_only_clinics_that_its_reader_knows() -> None:
    allowed = {"north": PERMISSIONS_OF[Role.OPERATOR], "west": PERMISSIONS_OF[Role.VIEWER]}
    with pytest.raises(ForbiddenError) as told:
        demand_everywhere(Caller(CallerKind.USER, 1, "anna", allowed), ["north", "south", "west"])
    assert "west" in str(told.value)
    assert "south" not in str(told.value)


def test_a_body_where_none_is_wanted_is_read_no_further_than_any_other(house: House) -> None:
    first, _ = held(house)
    program = with_key(desk_app(house), house.store, ALL, "north")
    path = f"/api/v1/messages/{first}/release"
    sent = program.ask("POST", path, {"Idempotency-Key": "k"}, content=MEGABYTE + b"more")
    assert (sent.status_code, sent.json()["type"]) == (413, "urn:problem-type:aftercare:too-large")
    assert program.post(path).status_code == 200


def test_what_broke_off_is_on_record_as_failed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = house.register()
    anna = signed_in(desk_app(house), house.store)

    def breaks(*_args: object, **_more: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Shell, "page", breaks)
    with pytest.raises(ZeroDivisionError):
        anna.get(f"/desk/patients/{house.appointment(visit).patient_id}")
    assert [it.outcome for it in audit(house.store, "patient.seen")] == ["failed"]


def test_a_role_that_is_taken_away_counts_with_the_next_request(any_house: House) -> None:
    number = any_house.appointment(any_house.register()).patient_id
    user = make_user(any_house.store, "anna", Role.ADMIN, "north")
    anna = as_session(desk_app(any_house), make_session(any_house.store, user))
    for role, answers in ((Role.VIEWER, (200, 403, 403)), (None, (403, 403, 403))):
        with any_house.store.write() as tx:
            set_grant(tx, user, "north", role)
        asked = (f"/desk/patients/{number}", f"/desk/patients/{number}/details", "/desk/setup/keys")
        assert tuple(anna.get(it).status_code for it in asked) == answers
