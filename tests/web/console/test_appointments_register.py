"""Registering a visit in the console: the plan first, then the visit."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape

import httpx
import pytest
import sqlalchemy as sa

from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.domain.appointment import AppointmentStatus
from scheduler.store.tables import appointments, messages, patients
from tests.services.house import PREPARE, VISIT, House
from tests.web.desk import Visitor, desk_app, signed_in

ZOE = {
    "clinic": "north",
    "treatment": "peel",
    "name": "Zoë Lachance",
    "phone": "416 555 0123",
    "email": "zoe@patients.example",
    "day": "2026-03-18",
    "time": "10:00",
}


def desk_of(house: House, role: Role = Role.STAFF, clinic: str = "north") -> Visitor:
    return signed_in(desk_app(house), house.store, role, clinic)


def hidden(page: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, f"no hidden field {name}"
    return unescape(found[1])


def look(staff: Visitor, **changes: str) -> httpx.Response:
    answer = staff.post("/desk/appointments/new", {**ZOE, "step": "look", **changes})
    return staff.get(answer.headers["location"]) if answer.status_code == 303 else answer


def register(staff: Visitor, **changes: str) -> httpx.Response:
    plan = look(staff, **changes)
    assert plan.status_code == 200, plan.text
    return staff.post("/desk/appointments", {**ZOE, **changes, "shown": hidden(plan, "shown")})


def only(house: House, table: sa.Table) -> int:
    """Return the id of the one row: on PostgreSQL a look takes some."""
    with house.store.read() as tx:
        return int(tx.connection.execute(sa.select(table.c.id)).scalar_one())


def count(house: House, table: sa.Table) -> int:
    with house.store.read() as tx:
        return int(tx.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_the_plan_is_shown_before_anything_is_stored(any_house: House) -> None:
    staff = desk_of(any_house)

    plan = look(staff)

    assert plan.status_code == 200
    assert "Nothing is saved yet" in plan.text
    assert "New patient" in plan.text
    assert "10:00" in plan.text
    assert "EDT" in plan.text
    assert plan.text.count("Will be sent") >= 5
    assert [count(any_house, it) for it in (patients, appointments, messages)] == [0, 0, 0]


def test_what_was_shown_is_registered_in_the_name_of_who_did_it(any_house: House) -> None:
    staff = desk_of(any_house)

    done = register(staff)

    visit = only(any_house, appointments)
    assert (done.status_code, done.headers["location"]) == (303, f"/desk/appointments/{visit}")
    assert any_house.appointment(visit).starts_at == VISIT
    assert any_house.patient(visit).phone == "+14165550123"
    with any_house.store.read() as tx:
        assert str(tx.connection.execute(sa.text("SELECT by FROM events")).scalars().first()).startswith("user:")


def test_a_step_that_reaches_nobody_says_why(any_house: House) -> None:
    plan = look(desk_of(any_house), email="")

    assert "Will not be sent" in plan.text
    assert "There is no email" in plan.text


def test_the_same_form_sent_twice_makes_one_visit(any_house: House) -> None:
    staff = desk_of(any_house)
    form = {**ZOE, "shown": hidden(look(staff), "shown")}

    first, second = staff.post("/desk/appointments", form), staff.post("/desk/appointments", form)

    assert [first.status_code, second.status_code] == [303, 303]
    assert count(any_house, appointments) == 1


def test_two_people_who_register_the_same_at_once_make_one_visit(any_house: House) -> None:
    app = desk_app(any_house)
    people = [signed_in(app, any_house.store, Role.STAFF) for _ in range(2)]
    form = {**ZOE, "shown": hidden(look(people[0]), "shown")}

    with ThreadPoolExecutor() as threads:
        answers = list(threads.map(lambda it: it.post("/desk/appointments", form).status_code, people))

    assert answers == [303, 303]
    assert [count(any_house, it) for it in (patients, appointments)] == [1, 1]


def test_a_visit_that_is_there_already_is_told_before_it_is_saved(any_house: House) -> None:
    staff = desk_of(any_house)
    register(staff)

    plan = look(staff)

    assert "has this very appointment already" in plan.text
    assert "Known patient" in plan.text


def test_others_with_the_same_name_or_phone_are_shown(any_house: House) -> None:
    staff = desk_of(any_house)
    register(staff)

    plan = look(staff, email="", phone="416 555 0199")

    assert "same name" in plan.text
    assert "same phone" not in plan.text
    assert "New patient" in plan.text


def test_wrong_fields_are_named_beside_them_and_what_was_typed_stays(any_house: House) -> None:
    form = look(desk_of(any_house), name="", phone="12", time="", email="zoe@")

    assert form.status_code == 422
    assert 'id="name-problem"' in form.text
    assert 'id="phone-problem"' in form.text
    assert 'id="time-problem"' in form.text
    assert 'href="#email"' in form.text
    assert 'value="zoe@"' in form.text
    assert count(any_house, patients) == 0


@pytest.mark.parametrize(
    ("day", "time", "said"),
    [("2026-03-08", "02:30", "set forward over 02:30"), ("2026-11-01", "01:30", "comes twice")],
)
def test_hours_that_do_not_exist_or_come_twice_are_told(any_house: House, day: str, time: str, said: str) -> None:
    assert said in look(desk_of(any_house), day=day, time=time).text


def test_a_plan_that_changed_meanwhile_is_shown_again_and_nothing_saved(any_house: House) -> None:
    staff = desk_of(any_house)
    form = {**ZOE, "shown": hidden(look(staff), "shown")}
    any_house.clock.move_to(PREPARE + timedelta(days=1))

    answer = staff.post("/desk/appointments", form)

    assert answer.status_code == 409
    assert "This changed in the meantime" in answer.text
    assert count(any_house, appointments) == 0


def test_staff_of_one_clinic_cannot_register_at_another(any_house: House) -> None:
    staff = desk_of(any_house)

    assert look(staff, clinic="south").status_code == 422
    assert staff.post("/desk/appointments", {**ZOE, "clinic": "south", "shown": "[]"}).status_code == 422
    assert count(any_house, appointments) == 0


def test_a_viewer_cannot_register(any_house: House) -> None:
    viewer = desk_of(any_house, Role.VIEWER)

    assert viewer.get("/desk/appointments/new").status_code == 403
    assert viewer.post("/desk/appointments", {**ZOE, "shown": "[]"}).status_code == 403


def test_who_may_register_at_several_clinics_chooses_one(any_house: House) -> None:
    admin = desk_of(any_house, Role.ADMIN, EVERY_CLINIC)

    assert '<select id="clinic"' in admin.get("/desk/appointments/new").text
    assert look(admin, clinic="").status_code == 422
    assert look(admin, clinic="south", phone="+34 612 345 678").status_code == 200


def test_another_visit_of_a_known_patient_is_filled_in_by_number(any_house: House) -> None:
    any_house.register()

    form = desk_of(any_house).get("/desk/appointments/new?patient=1")

    assert 'value="Zoë Lachance"' in form.text
    assert 'value="+14165550123"' in form.text


def test_a_patient_of_another_clinic_is_not_filled_in(any_house: House) -> None:
    any_house.register(clinic="south", phone="+14165550123")

    answer = desk_of(any_house).get("/desk/appointments/new?patient=1")

    assert answer.status_code == 404
    assert "Lachance" not in answer.text


def test_a_name_is_never_markup(any_house: House) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x>"
    staff = desk_of(any_house)

    pages = [look(staff, name=evil), look(staff, name=evil, phone="12"), staff.get("/desk/appointments")]
    register(staff, name=evil)
    pages.append(staff.get("/desk/appointments?from=2026-03-01"))

    assert "&lt;script&gt;alert(1)" in pages[0].text
    assert "&lt;script&gt;alert(1)" in pages[-1].text
    assert all("<script>alert" not in it.text and "<img src=x" not in it.text for it in pages)


def test_another_page_cannot_register_in_somebodys_name(any_house: House) -> None:
    staff = desk_of(any_house)

    answer = staff.post("/desk/appointments", {**ZOE, "shown": "[]"}, Sec_Fetch_Site="cross-site")

    assert answer.status_code == 403
    assert count(any_house, appointments) == 0


def test_a_registration_is_taken_back_as_cancelled_by_mistake(any_house: House) -> None:
    staff = desk_of(any_house)
    register(staff, external_id="B-1")

    asked, done = staff.get("/desk/appointments/undo/1"), staff.post("/desk/appointments/undo/1")

    assert "Take it back" in asked.text
    assert done.status_code == 303
    number = only(any_house, appointments)
    visit = any_house.appointment(number)
    assert (visit.status, visit.external_id) == (AppointmentStatus.CANCELLED, None)
    assert set(any_house.statuses(number).values()) == {"cancelled"}
    with any_house.store.read() as tx:
        last = tx.connection.execute(sa.text("SELECT reasons FROM events WHERE cause = 'cancelled'")).scalar_one()
    assert "undone" in last
    assert register(staff, external_id="B-1").status_code == 303
    assert any_house.appointment(only(any_house, appointments)).status is AppointmentStatus.BOOKED


def test_what_went_out_already_cannot_be_taken_back(any_house: House) -> None:
    staff = desk_of(any_house)
    any_house.clock.move_to(PREPARE - timedelta(minutes=5))
    register(staff)
    assert any_house.dispatch(PREPARE)

    answer = staff.post("/desk/appointments/undo/1")

    assert answer.status_code == 409
    assert "a message went out since" in answer.text
    assert any_house.appointment(only(any_house, appointments)).status is AppointmentStatus.BOOKED


def test_nobody_else_takes_it_back_and_not_for_ever(any_house: House) -> None:
    staff, other = desk_of(any_house), desk_of(any_house)
    register(staff)

    assert other.post("/desk/appointments/undo/1").status_code == 404
    any_house.clock.move_to(any_house.clock.now() + timedelta(hours=1))
    assert staff.post("/desk/appointments/undo/1").status_code == 404


def test_the_plan_and_the_form_can_be_gone_back_to_and_no_address_says_whom_they_are_about(any_house: House) -> None:
    staff = desk_of(any_house)

    plan = staff.post("/desk/appointments/new", {**ZOE, "step": "look"})
    again = staff.post("/desk/appointments/new", {**ZOE, "step": "edit"})

    assert (plan.status_code, again.status_code) == (303, 303)
    where, form = plan.headers["location"], again.headers["location"]
    assert not any(it in f"{where} {form}" for it in ("Zo%C3%AB", "Lachance", "5550123", "patients.example"))
    assert "Is this right?" in staff.get(where).text
    assert "Is this right?" in staff.get(where).text
    assert "Zoë Lachance" in staff.get(form).text
    assert "Zoë Lachance" not in desk_of(any_house).get(where).text

    any_house.clock.move_by(timedelta(hours=3))
    assert "Zoë Lachance" not in staff.get(where).text


def test_the_patients_page_offers_to_take_it_back_to_who_did_it_while_that_is_possible(any_house: House) -> None:
    staff = desk_of(any_house)
    register(staff)
    visit = only(any_house, appointments)
    page = f"/desk/patients/{any_house.appointment(visit).patient_id}"
    staff.get(page)

    assert "/desk/appointments/undo/" in staff.get(page).text
    assert "/desk/appointments/undo/" not in desk_of(any_house).get(page).text

    any_house.clock.move_by(timedelta(minutes=16))
    assert "/desk/appointments/undo/" not in staff.get(page).text
