"""What follows from a reply over time: a recheck, never twice, until a person has to ask."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler.domain.alert import AlertKind
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.consent import Entry, Source, Verdict
from scheduler.domain.protocol import Purpose
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from scheduler.domain.triage import Triage
from scheduler.services.alerts import close_alert
from scheduler.services.appointments import call_off, reschedule
from scheduler.services.followups import plan_after_reply
from scheduler.store.alerts import all_alerts
from scheduler.store.consents import add_entries
from scheduler.store.messages import messages_of
from tests.servers.behaviours import refuse
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, EMAIL, SMS, VISIT, House, after
from tests.services.replying import answer

REPLIED = after(CHECK, hours=1)
RECHECK = datetime(2026, 3, 22, 14, 0, tzinfo=UTC)
"""Two days after the reply, at ten in Toronto."""

UTC_ZONE = ZoneInfo("UTC")


def asked(house: House) -> int:
    """Register Zoë, and send her the check."""
    appointment = house.register(treatment="needling")
    house.dispatch(CHECK)
    return appointment


def of_step(house: House, appointment: int, step: str = "recheck") -> list[tuple[int, str, datetime]]:
    with house.store.read() as tx:
        found = [it for it in messages_of(tx, appointment) if it.step == step]
    return [(it.occurrence, str(it.status), it.due_at) for it in found]


def test_the_same_is_asked_about_again_two_days_later(any_house: House) -> None:
    appointment = asked(any_house)
    taken = answer(any_house, "2", REPLIED)
    assert of_step(any_house, appointment) == [(1, "scheduled", RECHECK)]
    assert taken.planned == (any_house.message(appointment, "recheck").id,)
    assert taken.alert is None
    assert any_house.why(appointment, "recheck") == (
        "2 days after the reply of Fri 2026-03-20 11:00 to check, which was read as concern; "
        "will be sent at Sun 2026-03-22 10:00."
    )
    any_house.dispatch(RECHECK)
    assert of_step(any_house, appointment) == [(1, "accepted", RECHECK)]


def test_a_second_reply_that_says_the_same_plans_nothing_more(any_house: House) -> None:
    appointment = asked(any_house)
    answer(any_house, "2", REPLIED)
    again = answer(any_house, "it is still the same", after(REPLIED, hours=20))
    assert of_step(any_house, appointment) == [(1, "scheduled", RECHECK)]
    assert again.planned == (any_house.message(appointment, "recheck").id,)
    assert again.alert is None


def test_what_it_says_to_one_question_may_be_done_twice_and_changes_nothing(house: House) -> None:
    appointment = asked(house)
    answer(house, "2", REPLIED)
    question = house.message(appointment, "check")
    with house.store.write() as tx:
        ids = plan_after_reply(tx, house.configuration, question, Triage.CONCERN, now=REPLIED, by="test")
    assert ids == [house.message(appointment, "recheck").id]
    assert len(of_step(house, appointment)) == 1


def test_who_stays_the_same_is_asked_three_times_and_then_a_person_asks(any_house: House) -> None:
    appointment = asked(any_house)
    at = REPLIED
    for occurrence in (1, 2, 3):
        assert answer(any_house, "2", at).alert is None
        last = of_step(any_house, appointment)[-1]
        assert last[:2] == (occurrence, "scheduled")
        any_house.dispatch(last[2])
        at = after(last[2], hours=25)
    taken = answer(any_house, "2", at)
    assert (taken.alert, taken.planned) == ("reply", ())
    assert len(of_step(any_house, appointment)) == 3


def test_who_is_better_is_not_asked_again(any_house: House) -> None:
    appointment = asked(any_house)
    answer(any_house, "2", REPLIED)
    answer(any_house, "1", after(REPLIED, hours=20))
    assert of_step(any_house, appointment) == [(1, "cancelled", RECHECK)]
    assert any_house.why(appointment, "recheck").endswith("the patient has answered since that it is better.")


def test_who_is_no_longer_better_is_asked_again_after_all(any_house: House) -> None:
    appointment = asked(any_house)
    answer(any_house, "2", REPLIED)
    answer(any_house, "1", after(REPLIED, hours=20))
    answer(any_house, "2", after(REPLIED, hours=26))
    assert of_step(any_house, appointment) == [(1, "scheduled", after(RECHECK, days=1))]


def test_what_gets_worse_is_asked_about_all_the_same(house: House) -> None:
    appointment = asked(house)
    answer(house, "2", REPLIED)
    taken = answer(house, "3", after(REPLIED, hours=5))
    assert taken.alert == "urgent"
    assert of_step(house, appointment) == [(1, "scheduled", RECHECK)]


def test_a_question_does_not_take_the_recheck_back(house: House) -> None:
    appointment = asked(house)
    answer(house, "2", REPLIED)
    answer(house, "Can I go swimming?", after(REPLIED, hours=5))
    assert of_step(house, appointment) == [(1, "scheduled", RECHECK)]


def test_a_concern_that_no_step_follows_reaches_a_person(house: House) -> None:
    appointment = asked(house)
    answer(house, "1", REPLIED)
    week = house.message(appointment, "week").due_at
    house.dispatch(week)
    assert answer(house, "2", after(week, hours=1)).alert == "reply"


def test_the_recheck_goes_by_email_where_the_phone_is_gone(house: House) -> None:
    appointment = asked(house)
    answer(house, "2", REPLIED)
    assert house.message(appointment, "recheck").fallback == (EMAIL,)
    assert house.message(appointment, "recheck").channel is SMS


def test_a_recheck_stays_when_the_visit_is_corrected_and_goes_out_when_it_is_moved(any_house: House) -> None:
    appointment = asked(any_house)
    answer(any_house, "2", REPLIED)
    move(any_house, appointment, after(VISIT, hours=1))
    assert of_step(any_house, appointment) == [(1, "scheduled", RECHECK)]
    move(any_house, appointment, after(VISIT, days=28))
    assert any_house.why(appointment, "recheck").endswith("will be sent at Sun 2026-03-22 10:00.")
    any_house.dispatch(RECHECK)
    assert of_step(any_house, appointment) == [(1, "accepted", RECHECK)]


@pytest.mark.parametrize("status", [AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW])
def test_a_recheck_comes_back_with_the_visit_that_was_called_off_by_mistake(
    any_house: House, status: AppointmentStatus
) -> None:
    appointment = asked(any_house)
    answer(any_house, "2", REPLIED)
    with any_house.store.write() as tx:
        call_off(tx, appointment, status, now=REPLIED, by="test")
    assert of_step(any_house, appointment) == [(1, "cancelled", RECHECK)]
    move(any_house, appointment, VISIT)
    assert of_step(any_house, appointment) == [(1, "scheduled", RECHECK)]
    assert any_house.why(appointment, "recheck").startswith("2 days after the reply of Fri 2026-03-20 11:00 to check")


def test_what_was_taken_back_because_it_is_better_stays_so_when_the_visit_is_moved(house: House) -> None:
    appointment = asked(house)
    answer(house, "2", REPLIED)
    answer(house, "1", after(REPLIED, hours=2))
    move(house, appointment, after(VISIT, hours=1))
    assert of_step(house, appointment) == [(1, "cancelled", RECHECK)]


def test_a_reply_about_a_visit_that_was_called_off_is_for_a_person(house: House) -> None:
    appointment = asked(house)
    with house.store.write() as tx:
        call_off(tx, appointment, AppointmentStatus.CANCELLED, now=CHECK, by="test")
    taken = answer(house, "2", REPLIED)
    assert (taken.alert, taken.planned, of_step(house, appointment)) == ("reply", (), [])


def test_a_stop_beside_a_concern_keeps_the_recheck_from_going_out(house: House) -> None:
    appointment = asked(house)
    answer(house, "still the same, please stop texting me", REPLIED)
    house.dispatch(RECHECK)
    assert {status for _, status, _ in of_step(house, appointment)} <= {"suppressed", "accepted"}
    assert house.message(appointment, "recheck", SMS).status is not Status.ACCEPTED


def move(house: House, appointment: int, starts_at: datetime) -> None:
    known = house.appointment(appointment)
    with house.store.write() as tx:
        reschedule(
            tx, house.configuration, known, starts_at=starts_at, ends_at=None, now=house.clock.now(), by="test"
        )


def alerts_of(house: House) -> list[str]:
    with house.store.read() as tx:
        return [sentence(it.reasons, UTC_ZONE) for it in reversed(all_alerts(tx)) if it.kind is AlertKind.REPLY]


@pytest.mark.parametrize("stop", ["STOP", "care"])
def test_who_can_not_be_asked_again_as_things_are_is_asked_by_a_person(any_house: House, stop: str) -> None:
    appointment = any_house.register(treatment="needling", email="")
    any_house.dispatch(CHECK)
    if stop == "STOP":
        answer(any_house, "STOP", after(CHECK, minutes=30))
    else:
        with any_house.store.write() as tx:
            said = Entry(SMS, Purpose.CARE, Verdict.REVOKED, CHECK, Source.PAGE)
            add_entries(tx, [(any_house.patient(appointment).id, said)], by="patient")
    taken = answer(any_house, "2", REPLIED)
    assert (taken.alert, taken.planned) == ("reply", ())
    for days in range(1, 5):
        any_house.dispatch(after(CHECK, days=days))
    assert alerts_of(any_house) == ["A reply tells of a concern."]


def test_who_stopped_texts_and_has_an_email_is_asked_again_there(house: House) -> None:
    asked(house)
    answer(house, "STOP", after(CHECK, minutes=30))
    assert answer(house, "2", REPLIED).alert is None
    house.dispatch(RECHECK)
    assert alerts_of(house) == []


def test_a_concern_whose_recheck_did_not_go_out_reaches_a_person_once(any_house: House) -> None:
    any_house.register(treatment="needling", email="")
    any_house.dispatch(CHECK)
    answer(any_house, "2", REPLIED)
    answer(any_house, "STOP", after(REPLIED, hours=1))
    any_house.dispatch(after(RECHECK, minutes=-1))
    assert alerts_of(any_house) == []
    any_house.dispatch(RECHECK)
    (said,) = alerts_of(any_house)
    assert said == "A reply tells of a concern; the patient was to be asked again (recheck), and that did not go out."
    with any_house.store.write() as tx:
        close_alert(tx, next(it.id for it in all_alerts(tx) if it.reply_id), by="Ada", now=RECHECK)
    any_house.dispatch(after(RECHECK, hours=1))
    assert alerts_of(any_house) == [said]


def test_a_recheck_that_the_provider_refuses_reaches_a_person(live: House, twilio: TwilioServer) -> None:
    live.register(treatment="needling", email="")
    live.dispatch(CHECK)
    answer(live, "2", REPLIED)
    live.dispatch(REPLIED)
    twilio.default = refuse(400, 21211)
    live.dispatch(RECHECK)
    live.dispatch(after(RECHECK, minutes=20))
    assert [it[:2] for it in of_step(live, 1)] == [(1, "failed")]
    assert len(alerts_of(live)) == 1


def test_who_was_asked_by_another_step_since_or_is_better_needs_no_person(house: House) -> None:
    house.register(treatment="needling", email="")
    house.dispatch(CHECK)
    answer(house, "2", REPLIED)
    answer(house, "1", after(REPLIED, hours=20))
    answer(house, "STOP", after(REPLIED, hours=21))
    house.dispatch(RECHECK)
    assert alerts_of(house) == []
