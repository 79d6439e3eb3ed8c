"""The story of an appointment: one sentence for each step, whatever became of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scheduler.domain.states import Cause, Status
from scheduler.errors import ConfigError, NotFoundError
from scheduler.services.timeline import timeline
from scheduler.store.moves import Move
from scheduler.store.transitions import move_all
from tests.servers.behaviours import refuse
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, PREPARE, REGISTERED, VISIT, House, after


def test_a_new_appointment_says_when_each_message_goes_out_and_why_then(house: House) -> None:
    appointment = house.register()
    story = house.story(appointment)
    assert [(step, channel.value) for step, channel in story] == [
        ("prepare", "email"),
        ("first_hours", "sms"),
        ("next_day", "sms"),
        ("next_day", "email"),
        ("check", "sms"),
        ("tips", "sms"),
        ("rebook", "email"),
        ("offer", "email"),
    ]
    assert [it.reason for it in story.values()] == [
        "2 days before the appointment; will be sent at Mon 2026-03-16 10:00.",
        "2 hours after the appointment; will be sent at Wed 2026-03-18 13:00.",
        "1 day after the appointment; will be sent at Thu 2026-03-19 09:30.",
        "1 day after the appointment; will be sent at Thu 2026-03-19 09:30.",
        "2 days after the appointment; will be sent at Fri 2026-03-20 10:00.",
        "3 days after the appointment; will be sent at Sat 2026-03-21 10:00.",
        "4 weeks after the appointment; will be sent at Wed 2026-04-15 11:00.",
        (
            "6 weeks after the appointment; will not be sent; consent to marketing messages by email is not known, "
            "which this clinic takes as no."
        ),
    ]


def test_the_head_says_which_appointment_it_is_and_in_which_zone_times_are_shown(house: House) -> None:
    appointment = house.register(external_id="B-1", timezone="Europe/Madrid")
    with house.store.read() as tx:
        told = timeline(tx, house.configuration, appointment, now=REGISTERED)
    assert (told.appointment, told.external_id, told.clinic, told.treatment) == (appointment, "B-1", "north", "peel")
    assert (told.starts_at, told.status, told.timezone.key) == (VISIT, "booked", "America/Toronto")
    check = told.messages[4]
    assert check.due_at == datetime(2026, 3, 20, 9, tzinfo=UTC)  # ten in the morning where the patient is
    assert check.reason.endswith("will be sent at Fri 2026-03-20 05:00.")


def test_what_was_sent_and_what_the_send_made_of_the_rest(live: House, twilio: TwilioServer) -> None:
    appointment = live.register()
    live.dispatch(PREPARE)
    assert live.why(appointment, "prepare", EMAIL) == "2 days before the appointment; sent at Mon 2026-03-16 10:00."
    twilio.script.append(refuse(400, 21211))
    live.dispatch(FIRST_HOURS)
    assert live.why(appointment, "first_hours") == (
        "The provider refused it (21211: SMS: the phone number is not valid (HTTP 400, Twilio 21211))."
    )


def test_a_late_registration_says_what_it_missed(house: House) -> None:
    house.clock.move_to(after(VISIT, days=1))
    appointment = house.register()
    missed = house.why(appointment, "prepare", EMAIL)
    assert missed.startswith("2 days before the appointment; its time (Mon 2026-03-16 10:00) had passed ")
    assert missed.endswith("; it stopped being useful at Wed 2026-03-18 10:00.")
    assert house.why(appointment, "check") == "2 days after the appointment; will be sent at Fri 2026-03-20 10:00."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"phone": "+14165550199", "consent_sms": "no"}, "will not be sent; the patient did not agree to care"),
        ({"status": "cancelled"}, "The appointment was cancelled."),
        ({"status": "no_show"}, "The patient did not come."),
    ],
)
def test_what_will_happen_is_seen_from_what_is_known_now(house: House, changes: dict[str, str], said: str) -> None:
    appointment = house.register(external_id="B-1")
    house.enter(house.registration(external_id="B-1", **changes), follow=True)
    assert said in house.why(appointment, "first_hours")


def test_a_message_that_an_engine_holds_keeps_its_sentence(any_house: House) -> None:
    appointment = any_house.register()
    any_house.clock.move_to(PREPARE)
    ids = any_house.claim("engine")
    assert any_house.story(appointment)["prepare", EMAIL].status is Status.CLAIMED
    assert any_house.why(appointment, "prepare", EMAIL) == "2 days before the appointment."
    any_house.prepare("engine", ids)
    assert any_house.story(appointment)["prepare", EMAIL].status is Status.SENDING
    assert any_house.why(appointment, "prepare", EMAIL) == "2 days before the appointment."


@pytest.mark.parametrize("status", [Status.DELIVERED, Status.UNDELIVERED])
def test_what_the_provider_said_later_keeps_the_sentence_of_the_send(house: House, status: Status) -> None:
    appointment = house.register()
    house.dispatch(PREPARE)
    message = house.message(appointment, "prepare", EMAIL)
    with house.store.write() as tx:
        receipt = Move(message.id, Status.ACCEPTED, Cause.RECEIPT, status, by="twilio")
        assert move_all(tx, [receipt], now=house.clock.now())
    told = house.story(appointment)["prepare", EMAIL]
    assert (told.status, told.reason) == (status, "2 days before the appointment; sent at Mon 2026-03-16 10:00.")


def test_an_overdue_message_is_foreseen_for_now_and_not_for_the_past(house: House) -> None:
    appointment = house.register()
    house.clock.move_to(after(CHECK, hours=3))
    assert house.why(appointment, "check").endswith("will be sent at Fri 2026-03-20 13:00.")
    assert house.why(appointment, "prepare", EMAIL) == (
        "2 days before the appointment; will not be sent; it stopped being useful at Wed 2026-03-18 10:00."
    )


def test_an_appointment_or_a_clinic_that_is_not_there_is_named(house: House) -> None:
    appointment = house.register()
    without = replace(house.configuration, clinics={})
    with house.store.read() as tx:
        with pytest.raises(NotFoundError, match="there is no appointment 77"):
            timeline(tx, house.configuration, 77, now=REGISTERED)
        with pytest.raises(ConfigError, match="there is no clinic 'north'"):
            timeline(tx, without, appointment, now=REGISTERED)


def test_no_sentence_names_the_patient(house: House) -> None:
    appointment = house.register()
    house.dispatch(CHECK)
    told = " ".join(it.reason for it in house.story(appointment).values())
    assert not any(secret in told for secret in ("Zo", "Lachance", "416555", "zoe"))
