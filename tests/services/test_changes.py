"""What an edit of a protocol changes for a visit in flight: what it touches and nothing else."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.protocol import AfterReply, IfLate, Purpose, Remind
from scheduler.domain.reasons import sentence
from scheduler.domain.spans import parse_span
from scheduler.domain.states import Status
from scheduler.services.appointments import call_off, reschedule
from scheduler.services.holding import drop
from scheduler.store.appointments import get_appointment
from scheduler.store.held import Choice
from scheduler.store.messages import messages_of
from tests.services.editing import after as counted
from tests.services.editing import changed, edited, moved, new_step, planned, removed, rows
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, NEXT_DAY, SMS, TIPS, VISIT, House, after
from tests.services.replying import answer

BOTH = (SMS, EMAIL)
NOON = moved("2d", "12:00")


def move(house: House, appointment: int, **span: float) -> None:
    with house.store.write() as tx:
        found = get_appointment(tx, appointment)
        reschedule(tx, house.configuration, found, starts_at=after(VISIT, **span), now=house.clock.now(), by="desk")


def everything(house: House, appointment: int) -> object:
    with house.store.read() as tx:
        return get_appointment(tx, appointment), messages_of(tx, appointment)


def test_an_edited_time_moves_the_unsent_messages_of_its_step_and_nothing_is_written(any_house: House) -> None:
    appointment = any_house.register()
    before = everything(any_house, appointment)
    assert rows(
        any_house, appointment, edited(any_house.configuration, check=NOON, next_day=moved("2d", "09:30"))
    ) == [
        ("moved", "next_day", "email", "03-19 09:30", "03-20 09:30"),
        ("moved", "next_day", "sms", "03-19 09:30", "03-20 09:30"),
        ("moved", "check", "sms", "03-20 10:00", "03-20 12:00"),
    ]
    assert everything(any_house, appointment) == before


def test_a_change_says_why_in_the_words_of_the_file(house: House) -> None:
    appointment = house.register()
    (change,) = planned(house, edited(house.configuration, check=NOON))[appointment].changes
    zone = house.configuration.clinic("north").timezone
    assert sentence(change.reasons, zone) == (
        "2 days after the appointment; planned anew because the protocol was edited (at: 10:00 -> 12:00)."
    )
    assert change.planned
    assert change.planned.reasons == change.reasons


def test_what_goes_by_the_files_as_they_are_is_not_in_the_plan(any_house: House) -> None:
    appointment = any_house.register()
    assert planned(any_house, any_house.configuration) == {}
    assert planned(any_house, edited(any_house.configuration, treatment="needling", week=moved("8d", "10:00"))) == {}
    assert rows(any_house, appointment, any_house.configuration) == []


def test_a_step_that_is_gone_is_dropped_and_a_new_one_is_added_while_it_helps(any_house: House) -> None:
    appointment = any_house.register()
    any_house.clock.move_to(after(VISIT, hours=30))
    useful = new_step("useful", counted("1d", "09:00"), useful_for=parse_span("3d"), if_late=IfLate.SEND)
    over = new_step("over", counted("1h"), useful_for=parse_span("2h"))
    later = new_step("later", counted("10d", "09:00"), channels=BOTH)
    new = edited(any_house.configuration, tips=removed, added=[useful, over, later])
    assert rows(any_house, appointment, new) == [
        ("added", "useful", "sms", "", "03-19 16:00"),
        ("dropped", "tips", "sms", "03-21 10:00", ""),
        ("added", "later", "email", "", "03-28 09:00"),
        ("added", "later", "sms", "", "03-28 09:00"),
    ]


def test_what_was_sent_stays_and_is_counted(any_house: House) -> None:
    appointment = any_house.register()
    any_house.dispatch(CHECK)
    found = planned(any_house, edited(any_house.configuration, check=NOON, rebook=removed))[appointment]
    assert [(it.kind.value, it.step) for it in found.changes] == [("dropped", "rebook")]
    statuses = [it.status for it in any_house.messages(appointment).values()]
    assert found.visit.sent == statuses.count(Status.ACCEPTED) > 0
    assert found.unchanged == statuses.count(Status.SCHEDULED) - 1


def test_a_message_moved_into_the_past_goes_at_once_after_the_grace_and_says_so(house: House) -> None:
    clinic = replace(house.configuration.clinic("north"), undo_grace=timedelta(minutes=3))
    known = replace(house.configuration, clinics={**house.configuration.clinics, "north": clinic})
    appointment = house.register()
    house.clock.move_to(after(NEXT_DAY, hours=7))
    (change,) = planned(house, edited(known, check=moved("1d", "10:00")))[appointment].changes
    assert (change.kind.value, change.to_at) == ("moved", after(NEXT_DAY, hours=7, minutes=3))
    codes = [reason.code for reason in change.reasons]
    assert codes == ["after", "registered_late", "undo_grace", "edited"]


@pytest.mark.parametrize("at", ["09:00", "11:00"])
def test_what_quiet_hours_put_off_to_the_same_instant_is_changed_and_not_moved(any_house: House, at: str) -> None:
    any_house.clock.move_to(after(NEXT_DAY, hours=13))
    appointment = any_house.register()
    found = planned(any_house, edited(any_house.configuration, next_day=moved("1d", at)))[appointment].changes
    assert {(it.kind.value, it.from_at == it.to_at) for it in found} == {("changed", True)}


def test_a_message_moved_to_where_it_no_longer_helps_is_dropped(house: House) -> None:
    appointment = house.register()
    house.clock.move_to(after(VISIT, hours=30))
    new = edited(house.configuration, check=changed(timing=counted("2h"), useful_for=parse_span("1h")))
    assert rows(house, appointment, new) == [("dropped", "check", "sms", "03-20 10:00", "")]
    (change,) = planned(house, new)[appointment].changes
    assert [reason.code for reason in change.reasons][-2:] == ["not_useful", "step_dropped"]


@pytest.mark.parametrize(
    "values",
    [
        {"template": "next_day"},
        {"if_late": IfLate.SEND},
        {"purpose": Purpose.RECALL},
        {"ask": "redness"},
        {"unless": frozenset({"next_appointment"})},
        {"useful_for": parse_span("4d")},
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_step_with_other_properties_keeps_its_time(any_house: House, values: dict[str, object]) -> None:
    appointment = any_house.register()
    new = edited(any_house.configuration, tips=changed(**values))
    assert rows(any_house, appointment, new) == [("changed", "tips", "sms", "03-21 10:00", "03-21 10:00")]


def test_a_time_written_otherwise_that_means_the_same_changes_nothing(house: House) -> None:
    appointment = house.register()
    found = planned(house, edited(house.configuration, rebook=moved("28d", "11:00")))[appointment]
    assert found.changes == ()
    assert found.unchanged == found.visit.unsent


def test_a_channel_is_added_and_another_dropped(any_house: House) -> None:
    appointment = any_house.register()
    new = edited(any_house.configuration, tips=changed(channels=(EMAIL,)), first_hours=changed(channels=BOTH))
    assert rows(any_house, appointment, new) == [
        ("added", "first_hours", "email", "", "03-18 13:00"),
        ("changed", "first_hours", "sms", "03-18 13:00", "03-18 13:00"),
        ("added", "tips", "email", "", "03-21 10:00"),
        ("dropped", "tips", "sms", "03-21 10:00", ""),
    ]


def test_what_expired_comes_back_where_an_edit_moves_it_to_a_later_time(any_house: House) -> None:
    appointment = any_house.register()
    any_house.dispatch(after(VISIT, days=6))
    assert any_house.statuses(appointment)["first_hours sms"] == "expired"
    later = edited(any_house.configuration, first_hours=moved("7d", "10:00"), next_day=moved("5d", "10:00"))
    assert rows(any_house, appointment, later) == [("added", "first_hours", "sms", "", "03-25 10:00")]
    longer = edited(any_house.configuration, first_hours=changed(useful_for=parse_span("20d")))
    assert rows(any_house, appointment, longer) == []


def test_what_a_person_dropped_stays_dropped(house: House) -> None:
    late = edited(house.configuration, first_hours=changed(if_late=IfLate.HOLD))
    house.configuration = late
    appointment = house.register()
    house.dispatch(after(FIRST_HOURS, hours=2))
    assert house.statuses(appointment)["first_hours sms"] == "held"
    drop(house.store, Choice(appointment=appointment), now=house.clock.now(), by="desk")
    assert rows(house, appointment, edited(late, first_hours=moved("7d", "10:00"))) == []


def test_a_held_message_is_moved_or_stays_held(house: House) -> None:
    late = edited(house.configuration, first_hours=changed(if_late=IfLate.HOLD))
    house.configuration = late
    appointment = house.register()
    house.dispatch(after(FIRST_HOURS, hours=2))
    (change,) = planned(house, edited(late, first_hours=moved("7d", "10:00")))[appointment].changes
    assert change.planned
    assert (change.kind.value, change.planned.status) == ("moved", Status.SCHEDULED)
    (change,) = planned(house, edited(late, first_hours=changed(template="tips")))[appointment].changes
    assert change.planned
    assert (change.kind.value, change.planned.status) == ("changed", Status.HELD)


def test_a_message_of_the_first_channel_that_works_stays_where_it_waits(any_house: House) -> None:
    appointment = any_house.register(phone="")
    assert rows(any_house, appointment, edited(any_house.configuration, check=NOON)) == [
        ("moved", "check", "email", "03-20 10:00", "03-20 12:00")
    ]


def test_a_follow_up_moves_with_its_wait_and_goes_with_its_step(any_house: House) -> None:
    appointment = any_house.register(treatment="needling")
    any_house.dispatch(CHECK)
    answer(any_house, "2", after(CHECK, hours=1))
    known = any_house.configuration
    old = next(step for step in known.protocols["needling"].steps if step.id == "recheck").timing
    assert isinstance(old, AfterReply)
    later = changed(timing=replace(old, wait=parse_span("3d"), at=time(12)))
    assert rows(any_house, appointment, edited(known, "needling", recheck=later)) == [
        ("moved", "recheck", "sms", "03-22 10:00", "03-23 12:00")
    ]
    assert rows(any_house, appointment, edited(known, "needling", recheck=removed)) == [
        ("dropped", "recheck", "sms", "03-22 10:00", "")
    ]
    other = changed(timing=replace(old, triage=frozenset({"unknown"})))
    assert rows(any_house, appointment, edited(known, "needling", recheck=other)) == [
        ("dropped", "recheck", "sms", "03-22 10:00", "")
    ]


def test_a_follow_up_moved_into_the_past_goes_at_once(house: House) -> None:
    appointment = house.register(treatment="needling")
    house.dispatch(CHECK)
    answer(house, "2", after(CHECK, hours=1))
    house.clock.move_to(after(CHECK, hours=26))
    old = next(step for step in house.configuration.protocols["needling"].steps if step.id == "recheck").timing
    assert isinstance(old, AfterReply)
    sooner = changed(timing=replace(old, wait=parse_span("1d"), at=time(10)))
    assert rows(house, appointment, edited(house.configuration, "needling", recheck=sooner)) == [
        ("moved", "recheck", "sms", "03-22 10:00", "03-21 12:00")
    ]


def test_a_reminder_follows_its_question_and_not_the_time_of_the_step(any_house: House) -> None:
    appointment = any_house.register(treatment="needling")
    any_house.dispatch(CHECK)
    known = any_house.configuration
    later = changed(remind=Remind(parse_span("1d"), time(15)))
    assert rows(any_house, appointment, edited(known, "needling", check=later)) == [
        ("moved", "check", "sms", "03-21 11:00", "03-21 15:00")
    ]
    assert rows(any_house, appointment, edited(known, "needling", check=moved("2d", "12:00"))) == []
    assert rows(any_house, appointment, edited(known, "needling", check=changed(remind=None))) == [
        ("dropped", "check", "sms", "03-21 11:00", "")
    ]


def test_a_reminder_that_an_answer_took_back_stays_so(house: House) -> None:
    appointment = house.register(treatment="needling")
    house.dispatch(CHECK)
    answer(house, "1", after(CHECK, hours=1))
    later = changed(remind=Remind(parse_span("2d"), time(15)))
    assert rows(house, appointment, edited(house.configuration, "needling", check=later)) == []


def test_after_a_visit_took_place_later_its_second_round_is_what_moves(any_house: House) -> None:
    appointment = any_house.register()
    any_house.dispatch(FIRST_HOURS)
    move(any_house, appointment, days=2)
    assert rows(any_house, appointment, edited(any_house.configuration, first_hours=moved("4h"))) == [
        ("moved", "first_hours", "sms", "03-20 13:00", "03-20 15:00")
    ]
    (change,) = planned(any_house, edited(any_house.configuration, first_hours=moved("4h")))[appointment].changes
    assert change.occurrence == 2


@pytest.mark.parametrize("status", [AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW])
def test_nothing_is_planned_for_what_was_called_off(any_house: House, status: AppointmentStatus) -> None:
    appointment = any_house.register()
    with any_house.store.write() as tx:
        call_off(tx, appointment, status, now=any_house.clock.now(), by="desk")
    assert planned(any_house, edited(any_house.configuration, check=NOON)) == {}


def test_a_visit_too_old_for_any_step_to_reach_is_not_looked_at(any_house: House) -> None:
    appointment = any_house.register()
    new = edited(any_house.configuration, check=NOON)
    any_house.clock.move_to(after(VISIT, days=60))
    assert list(planned(any_house, new)) == [appointment]
    any_house.clock.move_to(after(VISIT, days=400))
    assert planned(any_house, new) == {}


def test_a_rescheduled_visit_goes_by_its_own_version_until_the_edit_is_applied(any_house: House) -> None:
    appointment = any_house.register()
    old = any_house.configuration
    any_house.configuration = edited(old, check=NOON, tips=removed)
    move(any_house, appointment, days=1)
    assert any_house.message(appointment, "check").due_at == after(CHECK, days=1)
    assert any_house.message(appointment, "tips").due_at == after(TIPS, days=1)
    assert rows(any_house, appointment, any_house.configuration) == [
        ("moved", "check", "sms", "03-21 10:00", "03-21 12:00"),
        ("dropped", "tips", "sms", "03-22 10:00", ""),
    ]


def test_a_reply_is_followed_up_by_the_version_of_its_visit(any_house: House) -> None:
    appointment = any_house.register(treatment="needling")
    any_house.dispatch(CHECK)
    any_house.configuration = edited(any_house.configuration, "needling", recheck=removed)
    answer(any_house, "2", after(CHECK, hours=1))
    assert any_house.message(appointment, "recheck").status is Status.SCHEDULED


def test_a_pinned_edit_is_named_and_changes_nothing(any_house: House) -> None:
    appointment = any_house.register()
    new = edited(
        any_house.configuration, check=NOON, tips=removed, added=[new_step("later", counted("10d", "09:00"))]
    )
    digest = any_house.configuration.protocols["peel"].digest
    found = planned(any_house, new, ("peel", "check"), ("peel", "later"))[appointment]
    assert [(it.kind.value, it.step) for it in found.changes] == [("dropped", "tips")]
    assert {it.step for it in found.switch.edits} == {"check", "tips", "later"}
    assert found.switch.pins == {"check": digest, "later": digest}
    assert found.switch.after.digest == new.protocols["peel"].digest
