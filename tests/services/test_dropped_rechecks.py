"""An edit takes away what would have asked a patient with a concern again: a person is told, or it comes back."""

from dataclasses import replace

import pytest

from scheduler.domain.protocol import AfterReply
from scheduler.domain.reasons import sentence
from scheduler.domain.spans import parse_span
from scheduler.protocols.configuration import Configuration
from scheduler.services.alerts import close_alert
from scheduler.store.alerts import all_alerts
from tests.services.editing import changed, edited, planned, removed, rows
from tests.services.house import CHECK, House, after
from tests.services.replying import answer
from tests.services.test_adjusting import make
from tests.services.test_applying import apply
from tests.services.test_followups import RECHECK, REPLIED, UTC_ZONE, alerts_of, asked, of_step

TOLD = "A reply tells of a concern; the patient was to be asked again (recheck), and that did not go out."


def without(house: House) -> Configuration:
    return edited(house.configuration, "needling", recheck=removed)


def as_again(configuration: Configuration) -> Configuration:
    """Give the recheck another name."""
    return edited(configuration, "needling", recheck=changed(id="again"))


def worried(house: House) -> int:
    """Let Zoë answer the check with a concern, so that the recheck waits."""
    appointment = asked(house)
    assert answer(house, "2", REPLIED).alert is None
    return appointment


def test_an_apply_that_drops_the_only_recheck_of_a_concern_tells_a_person_in_its_own_commit(
    any_house: House,
) -> None:
    appointment = worried(any_house)
    (change,) = planned(any_house, without(any_house))[appointment].changes
    assert sentence(change.reasons, UTC_ZONE).endswith("a person is told, since nobody else asks this patient again.")
    assert alerts_of(any_house) == []
    apply(any_house, without(any_house))
    assert of_step(any_house, appointment) == [(1, "cancelled", RECHECK)]
    assert alerts_of(any_house) == [TOLD]
    any_house.configuration = without(any_house)
    any_house.dispatch(RECHECK)
    assert alerts_of(any_house) == [TOLD]


def test_of_what_a_person_dealt_with_nobody_is_told_again(any_house: House) -> None:
    appointment = worried(any_house)
    old = any_house.configuration
    apply(any_house, without(any_house))
    with any_house.store.write() as tx:
        close_alert(tx, next(it.id for it in all_alerts(tx) if it.reply_id), by="Ada", now=REPLIED)
    assert rows(any_house, appointment, old) == []
    apply(any_house, old)
    assert len(alerts_of(any_house)) == 1
    assert of_step(any_house, appointment) == [(1, "cancelled", RECHECK)]


def test_a_skip_that_cancels_the_only_recheck_of_a_concern_tells_a_person(any_house: House) -> None:
    appointment = worried(any_house)
    make(any_house, appointment, "recheck", skip=True)
    assert alerts_of(any_house) == [TOLD]
    make(any_house, appointment, "recheck", skip=True)
    assert alerts_of(any_house) == [TOLD]


def test_a_skip_of_what_asks_about_no_concern_tells_nobody(house: House) -> None:
    appointment = asked(house)
    make(house, appointment, "week", skip=True)
    answer(house, "2", REPLIED)
    assert alerts_of(house) == []


def test_a_recheck_that_an_edit_took_away_comes_back_with_its_step_while_it_helps(any_house: House) -> None:
    appointment = worried(any_house)
    old = any_house.configuration
    apply(any_house, without(any_house))
    assert rows(any_house, appointment, old) == [("added", "recheck", "sms", "", "03-22 10:00")]
    apply(any_house, old)
    assert of_step(any_house, appointment) == [(1, "scheduled", RECHECK)]
    assert planned(any_house, old) == {}
    any_house.dispatch(RECHECK)
    assert of_step(any_house, appointment) == [(1, "accepted", RECHECK)]


def test_it_does_not_come_back_for_who_is_better_or_when_it_is_over(any_house: House) -> None:
    appointment = worried(any_house)
    old = any_house.configuration
    apply(any_house, without(any_house))
    any_house.clock.move_to(after(RECHECK, days=3))
    assert rows(any_house, appointment, old) == []
    answer(any_house, "1", after(RECHECK, days=3))
    any_house.clock.move_to(after(RECHECK, hours=-1))
    assert rows(any_house, appointment, old) == []


def test_one_dropped_because_its_step_asked_for_another_answer_comes_back_too(house: House) -> None:
    appointment = worried(house)
    old = house.configuration
    recheck = old.protocols["needling"].step("recheck")
    assert recheck
    assert isinstance(recheck.timing, AfterReply)
    timing = replace(recheck.timing, triage=frozenset({"unknown"}))
    other = edited(old, "needling", recheck=changed(timing=timing))
    apply(house, other)
    assert alerts_of(house) == [TOLD]
    assert rows(house, appointment, old) == [("added", "recheck", "sms", "", "03-22 10:00")]


def test_a_renamed_recheck_waits_under_its_new_name_and_nobody_is_told(any_house: House) -> None:
    appointment = worried(any_house)
    new = as_again(any_house.configuration)
    assert rows(any_house, appointment, new) == [
        ("added", "again", "sms", "", "03-22 10:00"),
        ("dropped", "recheck", "sms", "03-22 10:00", ""),
    ]
    apply(any_house, new)
    assert planned(any_house, new) == {}
    any_house.configuration = new
    any_house.dispatch(RECHECK)
    assert alerts_of(any_house) == []
    assert of_step(any_house, appointment, "again") == [(1, "accepted", RECHECK)]


def test_a_recheck_that_went_out_does_not_come_again_by_another_name(any_house: House) -> None:
    appointment = worried(any_house)
    any_house.dispatch(RECHECK)
    assert rows(any_house, appointment, as_again(any_house.configuration)) == []


@pytest.mark.parametrize("dealt_with", [False, True])
def test_a_follow_up_that_is_new_is_planned_for_an_answer_that_nobody_has_seen_to(
    any_house: House, dealt_with: bool
) -> None:
    old = any_house.configuration
    any_house.configuration = without(any_house)
    appointment = asked(any_house)
    assert answer(any_house, "2", REPLIED).alert == "reply"
    if dealt_with:
        with any_house.store.write() as tx:
            close_alert(tx, next(it.id for it in all_alerts(tx) if it.reply_id), by="Ada", now=REPLIED)
    found = rows(any_house, appointment, old)
    assert found == ([] if dealt_with else [("added", "recheck", "sms", "", "03-22 10:00")])
    apply(any_house, old)
    assert of_step(any_house, appointment) == ([] if dealt_with else [(1, "scheduled", RECHECK)])
    assert planned(any_house, old) == {}


def test_a_new_follow_up_that_would_be_over_is_not_planned(house: House) -> None:
    old = house.configuration
    house.configuration = without(house)
    appointment = asked(house)
    answer(house, "2", REPLIED)
    short = edited(old, "needling", recheck=changed(useful_for=parse_span("2h")))
    house.clock.move_to(after(RECHECK, hours=3))
    assert rows(house, appointment, short) == []


def test_nothing_follows_from_an_answer_that_was_given_before_the_check(house: House) -> None:
    appointment = house.register(treatment="needling")
    house.clock.move_to(CHECK)
    assert rows(house, appointment, as_again(house.configuration)) == []
