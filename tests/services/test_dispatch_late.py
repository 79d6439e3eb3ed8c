"""After an outage: what several late messages of one patient become."""

from scheduler.domain.states import Status
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, EMAIL, TIPS, VISIT, House, after


def test_a_message_up_to_half_an_hour_late_goes_out_as_if_nothing_had_been(house: House) -> None:
    house.register(treatment="laser")
    assert house.dispatch(after(VISIT, days=1, minutes=30)) == {"sent": 1}


def test_of_several_late_messages_only_the_latest_is_sent_beside_those_that_ask(
    any_live: House, twilio: TwilioServer, smtp: SmtpServer
) -> None:
    appointment = any_live.register()
    monday = after(TIPS, hours=1)
    counts = any_live.dispatch(monday)
    assert counts == {"sent": 1, "expired": 4, "put_off": 1}
    assert any_live.statuses(appointment) | {"rebook email": "", "offer email": ""} == {
        "prepare email": "expired",
        "first_hours sms": "expired",
        "next_day sms": "expired",
        "next_day email": "expired",
        "check sms": "accepted",
        "tips sms": "scheduled",
        "rebook email": "",
        "offer email": "",
    }
    assert any_live.why(appointment, "next_day", EMAIL) == (
        "1 day after the appointment; late, and a later message (tips) says what counts now."
    )
    tips = any_live.message(appointment, "tips")
    assert (tips.due_at, tips.try_at) == (TIPS, after(monday, minutes=10))
    assert any_live.dispatch(after(monday, minutes=10)) == {"sent": 1}
    assert [it.body.split()[1] for it in twilio.taken] == ["check", "tips"]
    assert smtp.delivered == []


def test_both_channels_of_the_latest_step_go_out(any_live: House, twilio: TwilioServer, smtp: SmtpServer) -> None:
    appointment = any_live.register()
    any_live.dispatch(after(CHECK, hours=-1))
    assert any_live.message(appointment, "first_hours").status is Status.EXPIRED
    assert (len(twilio.taken), len(smtp.delivered)) == (1, 1)
    assert any_live.message(appointment, "next_day").status is Status.ACCEPTED
    assert any_live.message(appointment, "next_day", EMAIL).status is Status.ACCEPTED


def test_late_messages_of_two_patients_have_nothing_to_do_with_each_other(live: House, twilio: TwilioServer) -> None:
    live.register()
    live.register(name="Ann Roy", email="ann@patients.example")
    live.dispatch(after(TIPS, hours=1))
    assert sorted(it.body.partition(" on ")[0] for it in twilio.taken) == ["en check for Ann", "en check for Zoë"]


def test_what_another_engine_holds_takes_part_in_deciding_what_counts(any_house: House) -> None:
    """Two engines that hold one late message each of a patient come to one answer, and collapse only one of them."""
    appointment = any_house.register(consent_email="no")
    any_house.dispatch(VISIT)
    any_house.clock.move_to(after(CHECK, hours=-1))
    held = [(owner, any_house.claim(owner, limit=1)) for owner in ("first", "second")]
    told = [any_house.prepare(owner, ids) for owner, ids in held]
    assert [len(it.letters) for it in told] == [0, 1]
    assert any_house.message(appointment, "first_hours").status is Status.EXPIRED
    assert any_house.message(appointment, "next_day").status is Status.SENDING
