"""What the end of a hand-over does to its message: other channel, retry, stop, unknown."""

import asyncio
from datetime import datetime

import pytest

from scheduler.domain.outgoing import Accepted, Outgoing
from scheduler.domain.protocol import Channel
from scheduler.domain.states import Status
from scheduler.errors import ErrorKind
from scheduler.runtime.passes import one_pass
from scheduler.store.attempts import attempts_of
from scheduler.store.consents import is_stopped
from tests.servers.behaviours import CLOSE_AFTER_TAKING, FAIL, FAIL_AFTER_TAKING, Behaviour, refuse
from tests.servers.smtp import At, SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, MAIL, NEXT_DAY, PHONE, SMS, TIPS, VISIT, House, after
from tests.services.provider import Ready


def test_without_a_phone_the_email_takes_the_place_of_the_sms(house: House) -> None:
    appointment = house.register(phone="")
    assert house.dispatch(CHECK)["sent"] >= 1
    assert house.statuses(appointment)["check email"] == "accepted"
    assert ("check", SMS) not in house.messages(appointment)


def test_a_refused_consent_turns_to_the_other_channel(any_house: House) -> None:
    appointment = any_house.register(consent_sms="no")
    any_house.dispatch(CHECK)
    assert any_house.statuses(appointment)["check sms"] == "suppressed"
    assert any_house.statuses(appointment)["check email"] == "accepted"
    assert any_house.why(appointment, "check", EMAIL) == (
        "2 days after the appointment; instead of SMS, which did not work; sent at Fri 2026-03-20 10:00."
    )


def test_where_no_channel_may_be_used_nothing_is_sent_and_both_reasons_are_told(house: House) -> None:
    appointment = house.register(consent_sms="no", consent_email="no")
    assert "sent" not in house.dispatch(CHECK)
    assert house.statuses(appointment)["check sms"] == "suppressed"
    assert ("check", EMAIL) not in house.messages(appointment)


@pytest.mark.parametrize("code", [21211, 21614, 30007])
def test_a_refusal_for_good_turns_to_the_other_channel(
    live: House, twilio: TwilioServer, smtp: SmtpServer, code: int
) -> None:
    appointment = live.register()
    twilio.default = refuse(400, code)
    counts = live.dispatch(CHECK)
    assert counts["failed"] >= 1
    assert live.message(appointment, "check").status is Status.FAILED
    assert live.message(appointment, "check", EMAIL).status is Status.ACCEPTED
    assert len(smtp.delivered_to(MAIL)) >= 1
    assert str(code) in live.why(appointment, "check")
    assert PHONE not in live.why(appointment, "check")
    assert live.dispatch(after(CHECK, hours=1)) == {}


def test_a_stop_at_the_provider_is_recorded_for_its_clinic_and_the_other_channel_goes_on(
    any_live: House, twilio: TwilioServer
) -> None:
    appointment = any_live.register()
    south = any_live.register(clinic="south", starts_at=after(VISIT, days=1).isoformat())
    any_live.dispatch(FIRST_HOURS)
    any_live.dispatch(NEXT_DAY)
    twilio.script.append(refuse(400, 21610))
    any_live.dispatch(CHECK)
    sms = any_live.message(appointment, "check")
    with any_live.store.read() as tx:
        assert is_stopped(tx, "north", SMS, PHONE)
        assert not is_stopped(tx, "south", SMS, PHONE)
        (attempt,) = attempts_of(tx, sms.id)
    assert (sms.status, attempt.error_kind, attempt.error_code) == (Status.SUPPRESSED, ErrorKind.OPT_OUT, "21610")
    assert any_live.message(appointment, "check", EMAIL).status is Status.ACCEPTED
    taken = len(twilio.taken)
    any_live.dispatch(TIPS)
    assert any_live.message(appointment, "tips").status is Status.SUPPRESSED
    any_live.dispatch(after(CHECK, days=1))
    assert any_live.message(south, "check").status is Status.ACCEPTED
    assert len(twilio.taken) == taken + 1


def test_a_refusal_for_now_is_tried_again_later_and_sent_once(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register()
    twilio.script.extend([refuse(429, 20429, Retry_After="120"), refuse(429, 20429)])
    assert any_live.dispatch(FIRST_HOURS)["retried"] == 1
    message = any_live.message(appointment, "first_hours")
    assert (message.status, message.tries) == (Status.SCHEDULED, 1)
    assert after(FIRST_HOURS, seconds=120) <= message.try_at <= after(FIRST_HOURS, seconds=130)
    assert "tried again at" in any_live.why(appointment, "first_hours")
    assert any_live.dispatch(after(FIRST_HOURS, seconds=100)) == {}
    assert any_live.dispatch(after(FIRST_HOURS, minutes=3)) == {"retried": 1}
    assert any_live.dispatch(after(FIRST_HOURS, minutes=5)) == {"sent": 1}
    with any_live.store.read() as tx:
        assert [it.outcome for it in attempts_of(tx, message.id)] == ["scheduled", "scheduled", "accepted"]
    assert any_live.why(appointment, "first_hours") == (
        "2 hours after the appointment; sent at Wed 2026-03-18 13:05."
    )


def test_tries_end_when_the_message_is_no_longer_useful(live: House, twilio: TwilioServer) -> None:
    appointment = live.register(treatment="laser", clinic="south")
    twilio.default = refuse(429, 20429)
    message, tries = live.message(appointment, "first_day"), 0
    live.clock.move_to(after(message.useful_until, hours=-4))
    while message.status is Status.SCHEDULED:
        live.dispatch(max(message.try_at, live.clock.now()))
        message, tries = live.message(appointment, "first_day"), tries + 1
    assert message.status is Status.EXPIRED
    assert live.clock.now() < message.useful_until
    assert 10 < tries < 40
    assert live.why(appointment, "first_day") == (
        "The provider refused it (20429: SMS: too many requests at once (HTTP 429, Twilio 20429)); "
        "it stopped being useful at Sun 2026-03-22 10:00."
    )
    assert twilio.taken == []


def test_a_retry_waits_out_the_quiet_hours(live: House, twilio: TwilioServer) -> None:
    appointment = live.register(starts_at="2026-03-18T16:30")  # first_hours at half past seven in the evening
    twilio.default = refuse(400, 30001)
    live.dispatch(after(FIRST_HOURS, hours=6, minutes=30))
    twilio.default = Behaviour()
    assert live.dispatch(live.message(appointment, "first_hours").try_at) == {"put_off": 1}
    assert live.dispatch(after(FIRST_HOURS, hours=19)) == {"sent": 1}  # eight in the morning


@pytest.mark.parametrize("behaviour", [CLOSE_AFTER_TAKING, FAIL_AFTER_TAKING, FAIL])
def test_what_the_provider_may_have_taken_is_unknown_and_not_sent_again_blindly(
    live: House, twilio: TwilioServer, behaviour: Behaviour
) -> None:
    appointment = live.register()
    twilio.default = behaviour
    assert live.dispatch(CHECK)["unknown"] >= 1
    assert live.statuses(appointment)["check sms"] == "unknown"
    assert ("check", EMAIL) not in live.messages(appointment)
    taken = len(twilio.taken)
    twilio.default = Behaviour()
    assert live.dispatch(after(CHECK, minutes=1, seconds=59)) == {}
    assert live.statuses(appointment)["check sms"] == "unknown"
    assert len(twilio.taken) == taken


def test_a_mail_server_that_is_away_is_waited_for(live: House, smtp: SmtpServer) -> None:
    appointment = live.register(phone="")
    smtp.replies[At.RCPT, MAIL] = ["451 4.3.0 later"] * 10
    live.dispatch(CHECK)
    assert live.message(appointment, "check", EMAIL).status is Status.SCHEDULED
    smtp.replies.clear()
    first = live.message(appointment, "check", EMAIL)
    live.dispatch(first.try_at)
    assert live.message(appointment, "check", EMAIL).status is Status.ACCEPTED
    assert first.header_id
    assert first.header_id.encode() in smtp.delivered_to(MAIL)[-1].content


def test_what_a_dead_engine_had_only_claimed_is_sent_by_the_next(any_house: House) -> None:
    any_house.register(treatment="laser")
    any_house.clock.move_to(after(VISIT, days=1))
    assert any_house.claim("dead")
    assert any_house.dispatch(after(VISIT, days=1, seconds=59)) == {}
    assert any_house.dispatch(after(VISIT, days=1, seconds=60)) == {"sent": 1}


def test_what_a_dead_engine_had_begun_to_send_is_unknown(any_house: House) -> None:
    appointment = any_house.register(treatment="laser")
    due = after(VISIT, days=1)
    any_house.clock.move_to(due)
    assert len(any_house.prepare("dead", any_house.claim("dead")).letters) == 1
    assert any_house.dispatch(after(due, seconds=61)) == {}
    assert any_house.message(appointment, "first_day").status is Status.UNKNOWN
    assert any_house.why(appointment, "first_day") == (
        "The provider may have taken it; it is looked up before anything is sent again."
    )


class Faulty(Ready):
    """A channel with a fault of the program: it fails for one number and takes the others."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def send(self, message: Outgoing) -> Accepted:
        if message.to == PHONE:
            raise ZeroDivisionError
        await asyncio.sleep(0)
        self.taken.append(message.to)
        return Accepted("id")


def test_a_fault_of_the_program_is_not_swallowed_and_costs_its_own_message_only(any_house: House) -> None:
    zoe = any_house.register(treatment="laser")
    ann = any_house.register(treatment="laser", name="Ann Roy", phone="+14165550124", email="ann@patients.example")
    channel = Faulty()
    any_house.clock.move_to(after(VISIT, days=1))
    dispatcher = any_house.dispatcher(transports=dict.fromkeys(Channel, channel))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(one_pass(dispatcher))
    assert channel.taken == ["+14165550124"]
    assert any_house.statuses(ann) == {"first_day sms": "accepted"}
    assert any_house.statuses(zoe) == {"first_day sms": "sending"}
    any_house.dispatch(after(VISIT, days=1, minutes=2))
    assert any_house.statuses(zoe) == {"first_day sms": "unknown"}


class Slow(Faulty):
    """A channel that takes its time: whatever else fails meanwhile has failed when it is done."""

    async def send(self, message: Outgoing) -> Accepted:
        for _ in range(1000):
            await asyncio.sleep(0)
        return Accepted(message.attempt)


def test_a_fault_in_one_channel_does_not_lose_what_the_other_is_sending(house: House) -> None:
    appointment = house.register()
    house.dispatch(FIRST_HOURS)
    house.clock.move_to(NEXT_DAY)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(one_pass(house.dispatcher(transports={Channel.SMS: Faulty(), Channel.EMAIL: Slow()})))
    assert house.statuses(appointment)["next_day sms"] == "sending"
    assert house.statuses(appointment)["next_day email"] == "accepted"


def test_a_check_turns_to_the_other_channel_when_the_first_is_away_for_half_of_its_usefulness(
    live: House, twilio: TwilioServer
) -> None:
    appointment = live.register()
    live.dispatch(after(CHECK, hours=-1))
    twilio.default = refuse(401, 20003)
    live.dispatch(CHECK)
    assert live.statuses(appointment)["check sms"] == "scheduled"
    send_until(live, after(CHECK, hours=30))
    assert live.statuses(appointment)["check sms"] == "scheduled"
    send_until(live, after(CHECK, hours=48))  # half of three days, and a night
    assert live.statuses(appointment)["check sms"] in ("suppressed", "failed")
    assert live.statuses(appointment)["check email"] == "accepted"
    assert "20003" in live.why(appointment, "check")


def send_until(house: House, last: datetime) -> None:
    """Let an engine look every half an hour."""
    while house.clock.now() < last:
        house.dispatch(after(house.clock.now(), minutes=31))
