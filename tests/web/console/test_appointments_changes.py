"""What is done with a visit in the console, told before it happens, and taken back."""

from datetime import timedelta

import pytest

from scheduler.domain.access import Role
from scheduler.domain.appointment import AppointmentStatus
from scheduler.services.appointments import call_off
from tests.services.house import CHECK, FIRST_HOURS, PREPARE, VISIT, House
from tests.web.console.test_appointments_register import desk_of, hidden


def test_a_move_says_first_what_becomes_of_the_messages(any_house: House) -> None:
    visit = any_house.register()
    staff = desk_of(any_house)

    seen = staff.post(f"/desk/appointments/{visit}/move", {"day": "2026-03-25", "time": "11:00", "step": "look"})

    assert seen.status_code == 200
    assert "Moves" in seen.text
    assert "Mar 25" in seen.text
    assert any_house.appointment(visit).starts_at == VISIT


def test_a_visit_is_moved_with_its_messages_and_back_again(any_house: House) -> None:
    visit = any_house.register()
    staff, before = desk_of(any_house), any_house.messages(visit)
    path = f"/desk/appointments/{visit}/move"
    seen = staff.post(path, {"day": "2026-03-25", "time": "10:00", "step": "look"})
    form = {"day": "2026-03-25", "time": "10:00", "step": "save", "state": hidden(seen, "state")}

    done = staff.post(path, form)

    assert done.status_code == 303
    assert any_house.appointment(visit).starts_at == VISIT + timedelta(days=7)
    assert staff.post("/desk/appointments/undo/1").status_code == 303
    assert any_house.appointment(visit).starts_at == VISIT
    after = any_house.messages(visit)
    assert {it: after[it].due_at for it in after} == {it: before[it].due_at for it in before}


@pytest.mark.parametrize(
    ("path", "status"), [("cancel", AppointmentStatus.CANCELLED), ("no-show", AppointmentStatus.NO_SHOW)]
)
def test_calling_off_tells_what_is_not_sent_and_can_be_taken_back(
    any_house: House, path: str, status: AppointmentStatus
) -> None:
    visit = any_house.register()
    any_house.dispatch(FIRST_HOURS)
    staff, before = desk_of(any_house), any_house.statuses(visit)

    asked = staff.get(f"/desk/appointments/{visit}/{path}")
    assert asked.text.count("Is not sent") == sum(it == "scheduled" for it in before.values())
    assert "What was sent already stays" in asked.text
    assert any_house.statuses(visit) == before
    done = staff.post(f"/desk/appointments/{visit}/{path}", {"state": hidden(asked, "state"), "step": "save"})

    assert done.status_code == 303
    assert any_house.appointment(visit).status is status
    assert staff.post("/desk/appointments/undo/1").status_code == 303
    assert any_house.appointment(visit).status is AppointmentStatus.BOOKED
    assert any_house.statuses(visit) == before


def test_a_visit_took_place_only_after_it_began(any_house: House) -> None:
    visit = any_house.register()
    staff = desk_of(any_house)

    early = staff.get(f"/desk/appointments/{visit}/complete")
    assert early.status_code == 409
    assert "can&#39;t be done" in early.text
    any_house.clock.move_to(CHECK)
    assert staff.post(f"/desk/appointments/{visit}/complete", {"step": "save"}).status_code == 303

    assert any_house.appointment(visit).status is AppointmentStatus.COMPLETED
    assert staff.post("/desk/appointments/undo/1").status_code == 303
    assert any_house.appointment(visit).status is AppointmentStatus.BOOKED


def test_a_visit_that_somebody_else_changed_is_shown_anew(any_house: House) -> None:
    visit = any_house.register()
    staff, other = desk_of(any_house), desk_of(any_house)
    seen = staff.get(f"/desk/appointments/{visit}/cancel")
    other.post(f"/desk/appointments/{visit}/move", {"day": "2026-03-25", "time": "11:00", "step": "save"})

    answer = staff.post(f"/desk/appointments/{visit}/cancel", {"state": hidden(seen, "state"), "step": "save"})

    assert answer.status_code == 409
    assert any_house.appointment(visit).status is AppointmentStatus.BOOKED


def test_doing_the_same_twice_is_harmless(any_house: House) -> None:
    visit = any_house.register()
    staff = desk_of(any_house)
    form = {"state": hidden(staff.get(f"/desk/appointments/{visit}/cancel"), "state"), "step": "save"}

    answers = [staff.post(f"/desk/appointments/{visit}/cancel", form).status_code for _ in range(2)]

    assert answers == [303, 303]


def test_a_cancelled_visit_is_booked_again_by_a_move(any_house: House) -> None:
    visit = any_house.register()
    staff = desk_of(any_house)
    staff.post(f"/desk/appointments/{visit}/cancel", {"step": "save"})

    assert "Book it again" in staff.get(f"/desk/appointments/{visit}/move").text
    staff.post(f"/desk/appointments/{visit}/move", {"day": "2026-03-18", "time": "10:00", "step": "save"})

    assert any_house.appointment(visit).status is AppointmentStatus.BOOKED


@pytest.mark.parametrize(("day", "time"), [("", "10:00"), ("2026-03-25", ""), ("x", "y"), ("1900-01-01", "10:00")])
def test_a_time_that_is_none_is_told_at_the_field(any_house: House, day: str, time: str) -> None:
    visit = any_house.register()

    answer = desk_of(any_house).post(f"/desk/appointments/{visit}/move", {"day": day, "time": time})

    assert answer.status_code == 422
    assert 'id="day-problem"' in answer.text


def test_visits_of_other_clinics_do_not_exist_and_viewers_change_none(any_house: House) -> None:
    visit = any_house.register(clinic="south", phone="+34612345678")
    own = any_house.register()
    staff, viewer = desk_of(any_house), desk_of(any_house, Role.VIEWER)

    for path in ("move", "cancel", "complete", "no-show"):
        assert staff.get(f"/desk/appointments/{visit}/{path}").status_code == 404
        assert staff.post(f"/desk/appointments/{visit}/{path}", {"step": "save"}).status_code == 404
        assert viewer.post(f"/desk/appointments/{own}/{path}", {"step": "save"}).status_code == 403
    assert staff.get(f"/desk/appointments/{visit}").status_code == 404
    assert viewer.get(f"/desk/appointments/{own}").headers["location"].endswith(f"?visit={own}")
    assert any_house.appointment(visit).status is AppointmentStatus.BOOKED


def test_a_move_is_not_taken_back_once_a_message_went_out(any_house: House) -> None:
    visit = any_house.register()
    staff = desk_of(any_house)
    any_house.clock.move_to(PREPARE - timedelta(minutes=2))
    staff.post(f"/desk/appointments/{visit}/move", {"day": "2026-03-18", "time": "10:30", "step": "save"})
    assert any_house.dispatch(PREPARE)

    answer = staff.post("/desk/appointments/undo/1")

    assert answer.status_code == 409
    assert any_house.appointment(visit).starts_at == VISIT + timedelta(minutes=30)


def cancel_by(house: House, visit: int, by: str) -> None:
    with house.store.write() as tx:
        call_off(tx, visit, AppointmentStatus.CANCELLED, now=house.clock.now(), by=by)


@pytest.mark.parametrize("step", ["look", "save"])
def test_a_form_of_a_move_that_a_colleague_overtook_says_who_did_what_and_asks_anew(
    any_house: House, step: str
) -> None:
    visit = any_house.register()
    staff = desk_of(any_house)
    form = {"day": "2026-03-25", "time": "11:00", "step": step}
    form["state"] = hidden(staff.get(f"/desk/appointments/{visit}/move"), "state")
    cancel_by(any_house, visit, "user:ben")

    stale = staff.post(f"/desk/appointments/{visit}/move", form)

    assert stale.status_code == 409
    assert "ben cancelled it" in stale.text
    assert "This did not happen" in stale.text
    assert any_house.appointment(visit).status is AppointmentStatus.CANCELLED
    assert staff.post(f"/desk/appointments/{visit}/move", {**form, "state": hidden(stale, "state")}).status_code < 400


def test_a_move_does_not_undo_a_colleagues_move(any_house: House) -> None:
    visit = any_house.register()
    anna, ben = desk_of(any_house), desk_of(any_house)
    path = f"/desk/appointments/{visit}/move"
    state = hidden(anna.get(path), "state")
    ben.post(path, {"day": "2026-03-25", "time": "10:00", "step": "save", "state": state})

    stale = anna.post(path, {"day": "2026-03-26", "time": "11:00", "step": "save", "state": state})

    assert stale.status_code == 409
    assert "moved it" in stale.text
    assert any_house.appointment(visit).starts_at == VISIT + timedelta(days=7)


def test_a_second_cancel_says_by_whom_it_was_cancelled(any_house: House) -> None:
    visit = any_house.register()
    staff = desk_of(any_house)
    path = f"/desk/appointments/{visit}/cancel"
    state = hidden(staff.get(path), "state")
    cancel_by(any_house, visit, "user:ben")

    late = staff.post(path, {"state": state, "step": "save"})

    assert late.status_code == 409
    assert "ben cancelled it" in late.text
    assert 'value="save"' not in late.text
    assert "ben cancelled it" in staff.get(path).text
