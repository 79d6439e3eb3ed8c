"""A renamed step is the same step: who got it gets it no more, and what a person decided about it holds."""

from dataclasses import replace

from scheduler.domain.protocol import AfterReply, IfLate
from scheduler.domain.spans import parse_span
from scheduler.domain.states import Status
from scheduler.protocols.edit_words import words_of
from scheduler.services.holding import drop
from scheduler.store.adjustments import adjustments_of
from scheduler.store.held import Choice
from tests.services.editing import after as counted
from tests.services.editing import changed, edited, moved, new_step, planned, removed, rows
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, NEXT_DAY, TIPS, VISIT, House, after
from tests.services.replying import answer
from tests.services.test_adjusting import make, move_visit
from tests.services.test_applying import apply

RENAMED = changed(id="care")


def test_it_is_not_sent_again_to_who_got_it_and_no_later_edit_or_move_sends_it(any_house: House) -> None:
    appointment = any_house.register()
    any_house.dispatch(TIPS)
    new = edited(any_house.configuration, tips=RENAMED)
    assert rows(any_house, appointment, new) == []
    apply(any_house, new)
    assert planned(any_house, new) == {}
    any_house.configuration = new
    assert any_house.why(appointment, "care").endswith("it was told under the step's name of before (tips).")
    later = edited(new, care=moved("4d", "10:00"))
    assert rows(any_house, appointment, later) == []
    apply(any_house, later)
    any_house.configuration = later
    move_visit(any_house, appointment, after(VISIT, hours=1))
    any_house.dispatch(after(TIPS, days=2))
    assert any_house.message(appointment, "care").status is Status.SUPPRESSED


def test_the_plan_says_that_it_was_renamed(house: House) -> None:
    appointment = house.register()
    found = planned(house, edited(house.configuration, tips=RENAMED))[appointment].switch
    assert [words_of(it) for it in found.edits] == [
        ("step added", "renamed: tips"),
        ("step removed", "renamed to: care"),
    ]


def test_what_waits_is_moved_over_with_the_time_of_the_new_name(any_house: House) -> None:
    appointment = any_house.register()
    new = edited(any_house.configuration, tips=changed(id="care", timing=counted("4d", "10:00")))
    assert rows(any_house, appointment, new) == [
        ("dropped", "tips", "sms", "03-21 10:00", ""),
        ("added", "care", "sms", "", "03-22 10:00"),
    ]
    apply(any_house, new)
    any_house.configuration = new
    any_house.dispatch(after(TIPS, days=1))
    assert any_house.statuses(appointment)["care sms"] == "accepted"
    assert any_house.statuses(appointment)["tips sms"] == "cancelled"


def test_what_could_not_go_out_on_one_channel_is_not_tried_there_by_another_name(any_house: House) -> None:
    appointment = any_house.register(email="")
    any_house.dispatch(NEXT_DAY)
    statuses = any_house.statuses(appointment)
    assert (statuses["next_day sms"], statuses["next_day email"]) == ("accepted", "suppressed")
    assert rows(any_house, appointment, edited(any_house.configuration, next_day=changed(id="care"))) == []


def test_a_step_that_is_named_back_is_not_sent_again_either(any_house: House) -> None:
    appointment, old = any_house.register(), any_house.configuration
    any_house.configuration = edited(old, tips=RENAMED)
    apply(any_house, any_house.configuration)
    any_house.dispatch(TIPS)
    assert any_house.statuses(appointment)["care sms"] == "accepted"
    apply(any_house, old)
    any_house.configuration = old
    assert any_house.statuses(appointment)["tips sms"] == "suppressed"
    assert rows(any_house, appointment, edited(old, tips=moved("5d", "10:00"))) == []


def test_another_channel_of_what_was_sent_is_not_added(house: House) -> None:
    appointment = house.register()
    house.dispatch(TIPS)
    assert rows(house, appointment, edited(house.configuration, tips=changed(id="care", channels=(EMAIL,)))) == []


def test_a_question_that_was_answered_is_not_asked_again_by_another_name_or_in_other_words(any_house: House) -> None:
    appointment = any_house.register(treatment="needling")
    any_house.dispatch(CHECK)
    answer(any_house, "1", after(CHECK, hours=1))
    for values in ({}, {"template": "tips"}):
        renamed = edited(any_house.configuration, "needling", check=changed(id="skin", **values))
        assert [it for it in rows(any_house, appointment, renamed) if it[1] == "skin"] == []


def test_the_answer_to_a_question_that_was_renamed_since_is_followed_up_by_its_new_name(any_house: House) -> None:
    appointment, old = any_house.register(treatment="needling"), any_house.configuration
    any_house.dispatch(CHECK)
    recheck = old.protocols["needling"].step("recheck")
    assert recheck
    assert isinstance(recheck.timing, AfterReply)
    waits = changed(timing=replace(recheck.timing, to="skin"))
    any_house.configuration = edited(old, "needling", check=changed(id="skin"), recheck=waits)
    apply(any_house, any_house.configuration)
    assert answer(any_house, "2", after(CHECK, hours=1)).alert is None
    assert any_house.message(appointment, "recheck").status is Status.SCHEDULED
    answer(any_house, "1", after(CHECK, hours=2))
    assert any_house.message(appointment, "recheck").status is Status.CANCELLED


def test_a_reminder_that_waits_goes_out_under_the_new_name(any_house: House) -> None:
    appointment = any_house.register(treatment="needling")
    any_house.dispatch(CHECK)
    found = rows(any_house, appointment, edited(any_house.configuration, "needling", check=changed(id="skin")))
    assert found == [("dropped", "check", "sms", "03-21 11:00", ""), ("added", "skin", "sms", "", "03-21 11:00")]


def test_what_expired_does_not_come_back_by_another_name(any_house: House) -> None:
    appointment = any_house.register()
    any_house.dispatch(after(VISIT, days=6))
    assert any_house.statuses(appointment)["first_hours sms"] == "expired"
    longer = changed(id="care", useful_for=parse_span("20d"))
    assert rows(any_house, appointment, edited(any_house.configuration, first_hours=longer)) == []


def test_what_a_person_dropped_stays_dropped_by_another_name(any_house: House) -> None:
    late = edited(any_house.configuration, first_hours=changed(if_late=IfLate.HOLD))
    any_house.configuration = late
    appointment = any_house.register()
    any_house.dispatch(after(FIRST_HOURS, hours=2))
    drop(any_house.store, Choice(appointment=appointment), now=any_house.clock.now(), by="desk")
    new = edited(late, first_hours=changed(id="care", timing=counted("7d", "10:00")))
    assert rows(any_house, appointment, new) == []
    apply(any_house, new)
    assert rows(any_house, appointment, edited(new, care=moved("8d", "10:00"))) == []


def test_an_exception_holds_under_the_new_name_and_can_be_taken_back_there(any_house: House) -> None:
    appointment = any_house.register()
    make(any_house, appointment, "tips", skip=True)
    make(any_house, appointment, "check", at=after(CHECK, hours=5), note="works nights")
    new = edited(any_house.configuration, tips=RENAMED, check=changed(id="skin", template="check"))
    assert [it[:3] for it in rows(any_house, appointment, new)] == [
        ("dropped", "check", "sms"),
        ("added", "skin", "sms"),
    ]
    apply(any_house, new)
    any_house.configuration = new
    with any_house.store.read() as tx:
        stored = [it for it in adjustments_of(tx, appointment) if it.lifted_at is None]
    assert {(it.adjustment.step, it.adjustment.by, it.note_sealed is not None) for it in stored} == {
        ("care", "Ada", False),
        ("skin", "Ada", True),
    }
    assert any_house.message(appointment, "skin").due_at == after(CHECK, hours=5)
    any_house.dispatch(after(TIPS, hours=1))
    assert "care sms" not in any_house.statuses(appointment)


def test_a_new_step_with_a_text_of_its_own_is_no_renamed_one(house: House) -> None:
    appointment = house.register()
    house.dispatch(FIRST_HOURS)
    other = new_step("other", counted("5h"), template="next_day", useful_for=parse_span("9h"))
    assert rows(house, appointment, edited(house.configuration, first_hours=removed, added=[other])) == [
        ("added", "other", "sms", "", "03-18 16:00")
    ]
