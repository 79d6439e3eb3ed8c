"""Who has not answered is listed for staff the next morning, until somebody has heard of them."""

from datetime import UTC, datetime

import pytest

from scheduler.domain.alert import AlertKind
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.reasons import sentence
from scheduler.services.alerts import close_alert
from scheduler.services.appointments import call_off
from scheduler.services.unanswered import NoAnswers, heard, listed
from scheduler.store.alerts import Alert, alerts_since
from scheduler.store.unanswered import unanswered
from tests.services.house import CHECK, REGISTERED, House, after
from tests.services.replying import answer

MORNING = datetime(2026, 3, 21, 12, 0, tzinfo=UTC)
"""The day after the check, at eight in Toronto."""


def asked(house: House, **more: str) -> int:
    """Register somebody for a peel, which has no reminder, and send the check."""
    appointment = house.register(**more)
    house.dispatch(CHECK)
    return appointment


def names(house: House, at: datetime, *clinics: str) -> list[tuple[int, str, str]]:
    house.clock.move_to(at)
    with house.store.read() as tx:
        found = listed(tx, house.configuration, now=at, clinics=clinics)
    return [(it.question.appointment, it.question.step, str(it.morning.day)) for it in found]


def look(house: House, at: datetime) -> list[Alert]:
    house.clock.move_to(at)
    NoAnswers().look(house.store, house.configuration, now=at)
    with house.store.read() as tx:
        return list(alerts_since(tx, AlertKind.NO_ANSWER, REGISTERED))


def test_who_did_not_answer_is_listed_from_eight_in_the_morning_of_the_next_day(any_house: House) -> None:
    appointment = asked(any_house)
    assert names(any_house, after(MORNING, minutes=-1)) == []
    assert names(any_house, MORNING) == [(appointment, "check", "2026-03-21")]
    assert names(any_house, MORNING, "south") == []
    assert names(any_house, MORNING, "north") == [(appointment, "check", "2026-03-21")]


def test_who_answered_anything_is_not_listed(any_house: House) -> None:
    asked(any_house)
    answer(any_house, "Can I swim?", after(CHECK, hours=1))
    assert names(any_house, MORNING) == []


@pytest.mark.parametrize(
    "text", ["STOP", "HELP", "I am driving now and will reply later. This is an automatic reply."]
)
def test_a_word_about_messages_and_a_machines_reply_are_no_answer(any_house: House, text: str) -> None:
    appointment = asked(any_house)
    answer(any_house, text, after(CHECK, hours=1))
    assert names(any_house, MORNING) == [(appointment, "check", "2026-03-21")]


def test_one_alert_a_morning_and_clinic_says_how_many(any_house: House) -> None:
    asked(any_house)
    other = any_house.register(name="Alice Martin", phone="+14165550177", email="alice@patients.example")
    any_house.dispatch(after(CHECK, minutes=1))
    assert look(any_house, after(MORNING, minutes=-1)) == []
    (alert,) = look(any_house, MORNING)
    assert (alert.clinic, alert.subject, alert.closed_at) == ("north", "north/2026-03-21", None)
    zone = any_house.configuration.clinic("north").timezone
    assert sentence(alert.reasons, zone) == "Unanswered of what was asked the day before: 2."
    (renewed,) = look_after_heard(any_house, other)
    assert sentence(renewed.reasons, zone) == "Unanswered of what was asked the day before: 1."
    assert renewed.id == alert.id


def look_after_heard(house: House, appointment: int) -> list[Alert]:
    with house.store.write() as tx:
        heard(tx, appointment, now=after(MORNING, minutes=5), by="desk")
    return look(house, after(MORNING, minutes=11))


def test_it_ends_by_itself_when_all_have_answered_or_were_heard(any_house: House) -> None:
    appointment = asked(any_house)
    look(any_house, MORNING)
    (alert,) = look_after_heard(any_house, appointment)
    assert alert.closed_at == after(MORNING, minutes=11)
    assert names(any_house, after(MORNING, minutes=12)) == []


def test_a_late_answer_ends_it_too(house: House) -> None:
    asked(house)
    look(house, MORNING)
    answer(house, "1", after(MORNING, hours=2))
    (alert,) = look(house, after(MORNING, hours=3))
    assert alert.closed_at is not None


def test_what_a_person_closed_stays_closed_and_is_no_longer_listed(any_house: House) -> None:
    asked(any_house)
    (alert,) = look(any_house, MORNING)
    with any_house.store.write() as tx:
        close_alert(tx, alert.id, by="desk", now=MORNING)
    assert len(look(any_house, after(MORNING, hours=1))) == 1
    assert names(any_house, after(MORNING, hours=1)) == []


def test_the_next_day_has_an_alert_of_its_own(house: House) -> None:
    asked(house)
    house.register(name="Bob Roy", phone="+14165550178", email="", starts_at="2026-03-19T10:00:00-04:00")
    house.dispatch(after(CHECK, days=1))
    assert [alert.subject for alert in look(house, after(MORNING, days=1))] == [
        "north/2026-03-21",
        "north/2026-03-22",
    ]


def test_a_look_that_was_missed_is_made_up_for(house: House) -> None:
    asked(house)
    assert [alert.subject for alert in look(house, after(MORNING, days=3))] == ["north/2026-03-21"]


def test_what_can_no_longer_be_answered_is_no_longer_listed(house: House) -> None:
    asked(house)
    look(house, MORNING)
    assert names(house, after(CHECK, days=7, minutes=1)) == []
    (alert,) = look(house, after(CHECK, days=7, minutes=1))
    assert alert.closed_at is not None


def test_while_a_reminder_is_to_come_nobody_is_listed_and_the_morning_after_it_they_are(any_house: House) -> None:
    appointment = any_house.register(treatment="needling")
    any_house.dispatch(CHECK)
    assert names(any_house, MORNING) == []
    any_house.dispatch(after(MORNING, hours=3))
    assert names(any_house, after(MORNING, hours=4)) == []
    assert names(any_house, after(MORNING, days=1)) == [(appointment, "check", "2026-03-22")]


def test_a_reminder_that_could_not_go_out_leaves_the_question_listed(house: House) -> None:
    appointment = house.register(treatment="needling")
    house.dispatch(CHECK)
    house.dispatch(after(CHECK, days=4))
    assert names(house, after(CHECK, days=4)) == [(appointment, "check", "2026-03-21")]


def test_a_visit_that_was_called_off_or_moved_on_is_not_listed(house: House) -> None:
    appointment = asked(house)
    with house.store.write() as tx:
        call_off(tx, appointment, AppointmentStatus.NO_SHOW, now=CHECK, by="test")
    assert names(house, MORNING) == []


def test_what_was_not_handed_over_was_not_asked(house: House) -> None:
    house.register(consent_sms="no", consent_email="no")
    house.dispatch(CHECK)
    with house.store.read() as tx:
        assert unanswered(tx, since=REGISTERED, until=MORNING) == ()


def test_each_pass_looks(any_house: House) -> None:
    asked(any_house)
    any_house.dispatch(MORNING)
    with any_house.store.read() as tx:
        (alert,) = alerts_since(tx, AlertKind.NO_ANSWER, REGISTERED)
    assert alert.subject == "north/2026-03-21"
