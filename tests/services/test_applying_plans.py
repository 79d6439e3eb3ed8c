"""Applying a plan that was written to a file: as it says, or not at all once what it rests on changed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.spans import parse_span
from scheduler.domain.states import Cause, Status
from scheduler.errors import ConflictError
from scheduler.services.appointments import call_off, reschedule
from scheduler.store.applies import all_applies
from scheduler.store.appointments import get_appointment
from scheduler.store.moves import Move
from scheduler.store.transitions import move_all
from tests.services.editing import changed, edited, planned, removed
from tests.services.house import CHECK, FIRST_HOURS, OFFER, PREPARE, VISIT, House, after
from tests.services.test_adjusting import make
from tests.services.test_applying import NOON, StoppedError, applier, crowd, edit, stop_after, write_plan


def test_a_plan_is_applied_as_its_file_says(any_house: House, tmp_path: Path) -> None:
    appointment = any_house.register()
    new = edit(any_house)
    plan = write_plan(any_house, new, tmp_path / "plan.jsonl", ("peel", "rebook"))
    assert plan.stat().st_mode & 0o777 == 0o600
    done = applier(any_house, new).apply_file(plan)
    assert done.apply
    assert (done.refused, done.apply.counts["moved"]) == ({}, 1)
    assert any_house.message(appointment, "check").due_at == after(CHECK, hours=2)
    assert any_house.statuses(appointment)["rebook email"] == "scheduled"
    assert planned(any_house, new) == {}
    again = applier(any_house, new).apply_file(plan)
    assert again.before
    assert again.apply == done.apply


def test_a_plan_has_no_data_of_a_patient(house: House, tmp_path: Path) -> None:
    appointment = house.register()
    make(house, appointment, "check", note="afraid of needles")
    text = write_plan(house, edit(house), tmp_path / "plan.jsonl").read_text(encoding="utf-8")
    assert not any(word in text for word in ("Zo", "Lachance", "5550123", "zoe@", "needles"))


def test_a_plan_that_was_stopped_goes_on_with_the_same_file(any_house: House, tmp_path: Path) -> None:
    visits = crowd(any_house, 5)
    new = edit(any_house)
    plan = write_plan(any_house, new, tmp_path / "plan.jsonl")
    with pytest.raises(StoppedError):
        applier(any_house, new, batch=2, progress=stop_after(1)).apply_file(plan)
    done = applier(any_house, new, batch=2).apply_file(plan)
    assert (done.resumed, done.refused) == (True, {})
    assert all(any_house.message(it, "check").due_at == after(CHECK, hours=2) for it in visits)


Since = Callable[[House, int], object]
PATIENT = "its patient's name, id, addresses, language or time zone were changed"


def moves_visit(house: House, appointment: int) -> None:
    with house.store.write() as tx:
        found = get_appointment(tx, appointment)
        reschedule(tx, house.configuration, found, starts_at=after(VISIT, days=1), now=house.clock.now(), by="desk")


def calls_off(house: House, appointment: int) -> None:
    with house.store.write() as tx:
        call_off(tx, appointment, AppointmentStatus.CANCELLED, now=house.clock.now(), by="desk")


def registers_again(house: House, _appointment: int) -> None:
    said = {"external_id": "B-1", "email": "", "starts_at": VISIT.isoformat(), "timezone": "Europe/Madrid"}
    house.enter(house.registration(**said), follow=True)


def has_a_new_phone(house: House, _appointment: int) -> None:
    house.enter(house.registration(external_id="B-1", phone="416-555-0188"), follow=True)


def speaks_french(house: House, _appointment: int) -> None:
    house.enter(house.registration(external_id="B-1", language="fr"), follow=True)


def decides(house: House, appointment: int) -> None:
    message = house.message(appointment, "check")
    expire = Move(message.id, Status.SCHEDULED, Cause.DECIDE, Status.EXPIRED, by="test")
    with house.store.write() as tx:
        move_all(tx, [expire], now=house.clock.now())


@pytest.mark.parametrize(
    ("since", "why"),
    [
        (moves_visit, "it was moved, or its status or its id at the clinic was changed"),
        (calls_off, "it was called off"),
        (registers_again, PATIENT),
        (has_a_new_phone, PATIENT),
        (speaks_french, PATIENT),
        (lambda house, visit: make(house, visit, "tips", skip=True), "an exception was made for it, or taken back"),
        (lambda house, _: house.dispatch(CHECK), r"message \d+ was sent, or something was decided about it"),
        (decides, r"message \d+ was sent, or something was decided about it"),
    ],
)
def test_a_plan_is_refused_in_words_when_something_that_it_rests_on_changed(
    any_house: House, tmp_path: Path, since: Since, why: str
) -> None:
    appointment = any_house.register(external_id="B-1")
    other = any_house.register(name="Ann Roy", phone="416-555-0177", email="", starts_at=OFFER.isoformat())
    new = edited(any_house.configuration, check=NOON)
    plan = write_plan(any_house, new, tmp_path / "plan.jsonl")
    since(any_house, appointment)
    with pytest.raises(ConflictError, match=f"nothing was done.* appointment {appointment}: {why}.*: plan again"):
        applier(any_house, new).apply_file(plan)
    assert other in planned(any_house, new)
    with any_house.store.read() as tx:
        assert all_applies(tx) == ()


def test_a_plan_is_refused_when_a_visit_got_an_id_of_the_booking_system(house: House, tmp_path: Path) -> None:
    house.register()
    new = edited(house.configuration, check=NOON)
    plan = write_plan(house, new, tmp_path / "plan.jsonl")
    house.enter(house.registration(external_id="B-1"), follow=True)
    with pytest.raises(ConflictError, match="its id at the clinic was changed"):
        applier(house, new).apply_file(plan)


def test_what_does_not_concern_a_plan_does_not_make_it_out_of_date(any_house: House, tmp_path: Path) -> None:
    appointment = any_house.register(external_id="B-1")
    new = edited(any_house.configuration, check=NOON)
    plan = write_plan(any_house, new, tmp_path / "plan.jsonl")
    any_house.dispatch(PREPARE)
    any_house.dispatch(FIRST_HOURS)
    any_house.register(name="Ann Roy", phone="416-555-0177", email="")
    any_house.enter(any_house.registration(external_id="B-1"), follow=True)
    any_house.clock.move_to(after(CHECK, minutes=-1))
    assert applier(any_house, new).apply_file(plan).refused == {}
    assert any_house.message(appointment, "check").due_at == after(CHECK, hours=2)


def test_a_plan_is_refused_when_the_files_were_edited_again(house: House, tmp_path: Path) -> None:
    house.register()
    new = edited(house.configuration, check=NOON)
    plan = write_plan(house, new, tmp_path / "plan.jsonl")
    with pytest.raises(ConflictError, match="the files were edited since"):
        applier(house, edited(new, tips=removed)).apply_file(plan)


def test_a_visit_that_changes_while_a_plan_is_applied_is_left_and_told_of(any_house: House, tmp_path: Path) -> None:
    visits = crowd(any_house, 4)
    new = edited(any_house.configuration, check=NOON, tips=changed(useful_for=parse_span("6d")))
    plan = write_plan(any_house, new, tmp_path / "plan.jsonl")

    def meanwhile(done: int, _total: int) -> None:
        if done == 2:
            make(any_house, visits[3], "tips", skip=True)

    done = applier(any_house, new, batch=2, progress=meanwhile).apply_file(plan)
    assert done.refused == {visits[3]: "an exception was made for it, or taken back"}
    assert any_house.message(visits[2], "check").due_at == after(CHECK, hours=2)
    assert any_house.message(visits[3], "check").due_at == CHECK
    assert list(planned(any_house, new)) == [visits[3]]
