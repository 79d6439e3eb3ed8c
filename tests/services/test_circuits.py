"""What is refused for its account or its sender is kept, not tried in vain, and goes out once when that is mended."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from scheduler.domain.alert import AlertKind
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.circuit import Circuit
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Brake, Cause, Status
from scheduler.errors import ChannelError, ErrorKind, Scope
from scheduler.runtime.passes import one_pass
from scheduler.services.appointments import call_off
from scheduler.services.circuits import close
from scheduler.services.hearing import Hearing, Word
from scheduler.store.alerts import Alert, all_alerts, open_alerts
from scheduler.store.circuits import let_one_through, open_circuits
from scheduler.store.database import open_store
from scheduler.store.messages import get_message
from scheduler.store.tables import events, messages
from tests.servers.behaviours import Behaviour, refuse
from tests.servers.smtp import At, SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, EMAIL, SMS, VISIT, House, after
from tests.services.test_dispatch_engines import DUE, register_many

WRONG_TOKEN, WRONG_SENDER, FINE = refuse(401, 20003), refuse(400, 21606), Behaviour()
MINUTE = timedelta(minutes=1)


def circuits(house: House) -> tuple[Circuit, ...]:
    with house.store.read() as tx:
        return open_circuits(tx)


def alerts(house: House) -> tuple[Alert, ...]:
    with house.store.read() as tx:
        return open_alerts(tx)


def laser(house: House, *people: str, clinic: str = "north") -> list[int]:
    """Register people whose one message is due at DUE (on the south's clock in the morning before)."""
    return [
        house.register(treatment="laser", clinic=clinic, name=name, phone=f"+1416555{2000 + n}", email="")
        for n, name in enumerate(people)
    ]


def test_a_wrong_token_stops_the_channel_keeps_all_and_is_told_once(any_live: House, twilio: TwilioServer) -> None:
    register_many(any_live, 120)
    twilio.default = WRONG_TOKEN
    any_live.dispatch(DUE)
    refused = twilio.requests
    assert refused < 120  # what was on its way when it was noticed, and no more
    (circuit,) = circuits(any_live)
    assert (circuit.channel, circuit.sender, circuit.code) == (SMS, "", "20003")
    (alert,) = alerts(any_live)
    assert (alert.kind, alert.subject) == (AlertKind.CIRCUIT, "sms")
    zone = any_live.configuration.clinic("north").timezone
    assert "TWILIO_ACCOUNT_SID and its token" in sentence(alert.reasons, zone)
    assert any_live.dispatch(after(DUE, seconds=30)) == {}
    assert twilio.requests == refused
    waiting = any_live.message(1, "first_day")
    assert (waiting.status, waiting.brake) == (Status.SCHEDULED, Brake.CIRCUIT)
    assert "20003" in any_live.why(1, "first_day")


def test_when_the_account_works_again_all_goes_out_once_and_the_alert_ends(
    any_live: House, twilio: TwilioServer
) -> None:
    register_many(any_live, 120)
    twilio.default = WRONG_TOKEN
    any_live.dispatch(DUE)
    twilio.default = FINE
    assert any_live.dispatch(after(DUE, seconds=61))["sent"] == 120
    assert Counter(Counter(it.to for it in twilio.taken).values()) == {1: 120}
    assert (circuits(any_live), alerts(any_live)) == ((), ())
    with any_live.store.read() as tx:
        (over,) = all_alerts(tx)
    assert over.closed_at == after(DUE, seconds=61)


def test_a_sender_that_is_refused_lets_one_message_through_at_a_time_ever_more_seldom(
    any_live: House, twilio: TwilioServer
) -> None:
    register_many(any_live, 50)
    twilio.default = WRONG_SENDER
    any_live.dispatch(DUE)
    tried, before = [], twilio.requests
    for minute in range(1, 70):
        any_live.dispatch(after(DUE, minutes=minute))
        if twilio.requests > before:
            tried.append((minute, twilio.requests - before))
            before = twilio.requests
    assert tried == [(1, 1), (3, 1), (7, 1), (15, 1), (31, 1), (61, 1)]


def test_a_refused_sender_stops_its_own_clinic_only(any_live: House, twilio: TwilioServer) -> None:
    laser(any_live, "Ann Roy", "Bo Cole")
    twilio.default = WRONG_SENDER
    any_live.dispatch(DUE)
    (circuit,) = circuits(any_live)
    assert (circuit.channel, circuit.sender) == (SMS, "+14165550109")
    twilio.default = FINE
    south = any_live.register(treatment="laser", clinic="south", starts_at=DUE.isoformat())
    any_live.dispatch(any_live.message(south, "first_day").due_at)
    assert any_live.message(south, "first_day").status is Status.ACCEPTED


def test_of_several_engines_one_tries(any_live: House, twilio: TwilioServer) -> None:
    register_many(any_live, 30)
    twilio.default = WRONG_SENDER
    any_live.dispatch(DUE)
    any_live.clock.move_to(after(DUE, seconds=61))
    before = twilio.requests
    with open_store(any_live.settings) as other, ThreadPoolExecutor(2) as threads:
        houses = [any_live, any_live.on(other)]
        done = [threads.submit(asyncio.run, one_pass(it.dispatcher(f"engine-{n}"))) for n, it in enumerate(houses)]
        for it in done:
            it.result()
    assert twilio.requests - before == 1


def test_a_message_that_alone_is_refused_among_others_stops_nobody(any_live: House, twilio: TwilioServer) -> None:
    """Some faults of a sender are of one country only; Twilio words them alike."""
    abroad, *others = laser(any_live, "Ann Roy", "Bo Cole", "Cy Dunn")
    twilio.by_number["+14165552000"] = refuse(400, 21703)
    any_live.dispatch(DUE)
    assert circuits(any_live) == ()
    assert [any_live.message(it, "first_day").status for it in others] == [Status.ACCEPTED] * 2
    alone = any_live.message(abroad, "first_day")
    assert (alone.status, alone.brake) == (Status.SCHEDULED, None)


def test_a_message_that_is_refused_again_after_others_went_out_stops_them_once(
    any_live: House, twilio: TwilioServer
) -> None:
    (abroad,) = laser(any_live, "Ann Roy")
    twilio.by_number["+14165552000"] = refuse(400, 21703)
    any_live.dispatch(DUE)
    assert len(circuits(any_live)) == 1
    other = any_live.register(treatment="laser", name="Bo Cole", phone="+14165552001", email="")
    for minute in (1, 3, 5, 10, 20, 40):
        any_live.dispatch(after(DUE, minutes=minute))
    with any_live.store.read() as tx:
        assert len(all_alerts(tx)) == 1
    assert any_live.message(other, "first_day").status is Status.ACCEPTED
    alone = any_live.message(abroad, "first_day")
    assert (alone.status, alone.brake) == (Status.SCHEDULED, None)
    assert alone.tries > 3
    assert circuits(any_live) == ()


def test_what_waits_too_long_expires_and_says_what_it_waited_for(live: House, twilio: TwilioServer) -> None:
    appointment, _ = laser(live, "Ann Roy", "Bo Cole")
    twilio.default = WRONG_TOKEN
    live.dispatch(DUE)
    moment, message = DUE, live.message(appointment, "first_day")
    while moment < message.useful_until:
        moment = after(moment, minutes=61)
        live.dispatch(moment)
    assert live.message(appointment, "first_day").status is Status.EXPIRED
    assert "20003" in live.why(appointment, "first_day")
    assert "stopped being useful" in live.why(appointment, "first_day")


def test_the_other_channel_takes_over_from_a_closed_one_at_half_of_the_usefulness(
    any_live: House, twilio: TwilioServer
) -> None:
    appointment = any_live.register()
    any_live.dispatch(after(CHECK, hours=-1))
    twilio.default = WRONG_TOKEN
    any_live.dispatch(CHECK)
    message = any_live.message(appointment, "check")
    half = message.planned_at + (message.useful_until - message.planned_at) / 2
    moment = CHECK
    while moment < half - 31 * MINUTE:
        moment = after(moment, minutes=31)
        any_live.dispatch(moment)
    assert any_live.statuses(appointment)["check sms"] == "scheduled"
    night_over = after(half, hours=12)
    any_live.dispatch(half)
    any_live.dispatch(night_over)
    assert any_live.statuses(appointment)["check sms"] in ("suppressed", "failed")  # it was the one to try
    assert any_live.statuses(appointment)["check email"] == "accepted"
    assert "20003" in any_live.why(appointment, "check")


def hear(house: House, message_id: int, said: Status, code: str = "", *, left: bool = False) -> None:
    with house.store.read() as tx:
        message = get_message(tx, message_id)
    assert message.attempt
    word = Word(said, message.provider_id or "", code, house.clock.now(), left=left)
    with house.store.write() as tx:
        Hearing(house.configuration, "test").hear(tx, message.attempt, message.id, word, now=house.clock.now())


def test_a_sender_that_carriers_refuse_afterwards_is_stopped_and_only_a_report_opens_it_again(
    any_live: House, twilio: TwilioServer
) -> None:
    first, *others = laser(any_live, "Ann Roy", "Bo Cole", "Cy Dunn")
    any_live.clock.move_to(DUE)
    for other in others:
        postpone(any_live, other)
    any_live.dispatch(DUE)
    hear(any_live, any_live.message(first, "first_day").id, Status.UNDELIVERED, "30034")
    assert any_live.message(first, "first_day").status is Status.UNDELIVERED
    (circuit,) = circuits(any_live)
    assert (circuit.sender, circuit.reported) == ("+14165550109", True)
    any_live.dispatch(after(DUE, minutes=5))
    assert len(twilio.taken) == 1
    any_live.dispatch(after(DUE, minutes=31))
    assert len(twilio.taken) == 2  # the trial, which Twilio takes as it took the first
    (circuit,) = circuits(any_live)
    assert circuit.trial
    hear(any_live, circuit.trial, Status.ACCEPTED, left=True)
    assert circuits(any_live) == ()
    any_live.dispatch(after(DUE, minutes=32))
    assert len(twilio.taken) == 3


def postpone(house: House, appointment: int) -> None:
    """Let a message be tried a little later than it is due."""
    later = sa.update(messages).where(messages.c.appointment_id == appointment)
    with house.store.write() as tx:
        tx.connection.execute(later.values(try_at=after(house.clock.now(), minutes=1)))


@pytest.mark.parametrize("late", [timedelta(days=2), timedelta(days=700)])
def test_a_report_that_comes_late_says_nothing_of_today(live: House, twilio: TwilioServer, late: timedelta) -> None:
    (appointment,) = laser(live, "Ann Roy")
    live.dispatch(DUE)
    live.clock.move_to(DUE + late)
    hear(live, live.message(appointment, "first_day").id, Status.UNDELIVERED, "30034")
    assert circuits(live) == ()
    assert len(twilio.taken) == 1


def test_a_login_that_the_mail_server_refuses_stops_email_only(live: House, smtp: SmtpServer) -> None:
    appointment = live.register()
    smtp.always[At.MAIL, "care@north.example"] = "535 5.7.8 no"
    live.dispatch(after(VISIT, days=1))
    (circuit,) = circuits(live)
    assert (circuit.channel, circuit.sender, circuit.code) == (EMAIL, "", "535 5.7.8")
    assert live.message(appointment, "next_day", EMAIL).brake is Brake.CIRCUIT
    assert live.message(appointment, "next_day").status is Status.ACCEPTED
    smtp.always.clear()
    assert live.dispatch(after(VISIT, days=1, minutes=2))["sent"] == 1
    assert alerts(live) == ()


def test_a_rehearsal_whose_folder_can_not_be_written_waits_for_it(any_house: House) -> None:
    appointment = any_house.register(treatment="laser", email="")
    any_house.settings.outbox_dir.write_text("in the way")
    any_house.dispatch(DUE)
    assert any_house.message(appointment, "first_day").brake is Brake.CIRCUIT
    assert any_house.dispatch(after(DUE, minutes=1)) == {}
    any_house.settings.outbox_dir.unlink()
    assert any_house.dispatch(after(DUE, minutes=4)) == {"sent": 1}
    assert circuits(any_house) == ()


def test_a_channel_that_answers_and_has_nothing_to_try_is_taken_for_mended(live: House, twilio: TwilioServer) -> None:
    appointment = live.register(treatment="laser", email="")
    twilio.default = WRONG_TOKEN
    live.dispatch(DUE)
    live.clock.move_to(after(DUE, seconds=10))
    with live.store.write() as tx:
        call_off(tx, appointment, AppointmentStatus.CANCELLED, now=live.clock.now(), by="test")
    live.dispatch(after(DUE, minutes=1))
    assert (circuits(live), alerts(live)) == ((), ())


def test_a_new_sender_in_the_clinics_file_is_used_at_once_after_the_start(live: House, twilio: TwilioServer) -> None:
    (appointment,) = laser(live, "Ann Roy")
    twilio.default = WRONG_SENDER
    live.dispatch(DUE)
    north = live.configuration.clinic("north")
    assert north.sms
    clinics = {**live.configuration.clinics, "north": replace(north, sms=replace(north.sms, number="+14165550108"))}
    live.configuration = replace(live.configuration, clinics=clinics)
    twilio.default = FINE
    live.dispatch(after(DUE, minutes=1))
    live.dispatch(after(DUE, minutes=1, seconds=1))
    assert live.message(appointment, "first_day").status is Status.ACCEPTED


def test_what_is_refused_alone_takes_no_turn_from_the_rest_of_its_batch(
    any_live: House, twilio: TwilioServer
) -> None:
    register_many(any_live, 40)
    instance = replace(any_live.configuration.instance, sms_at_once=8)
    any_live.configuration = replace(any_live.configuration, instance=instance)
    twilio.by_number["+14165551003"] = WRONG_SENDER
    assert any_live.dispatch(DUE)["sent"] == 39
    assert circuits(any_live) == ()
    with any_live.store.read() as tx:
        given_back = sa.select(sa.func.count()).where(events.c.cause == Cause.RELEASE)
        assert tx.connection.execute(given_back).scalar_one() == 0


def test_the_circuit_of_a_sender_that_no_clinic_has_any_more_ends(any_live: House, twilio: TwilioServer) -> None:
    laser(any_live, "Ann Roy")
    twilio.default = WRONG_SENDER
    any_live.dispatch(DUE)
    north = any_live.configuration.clinic("north")
    assert north.sms
    clinics = {
        **any_live.configuration.clinics,
        "north": replace(north, sms=replace(north.sms, number="+14165550777")),
    }
    twilio.default = FINE
    any_live.configuration = replace(any_live.configuration, clinics=clinics)
    any_live.dispatch(after(DUE, minutes=2))
    assert (circuits(any_live), alerts(any_live)) == ((), ())


REFUSED = ChannelError("no", kind=ErrorKind.CONFIGURATION, code="21606", scope=Scope.SENDER)


def test_a_refusal_of_a_call_that_began_before_its_circuit_closed_opens_none(any_live: House) -> None:
    laser(any_live, "Ann Roy", "Bo Cole")
    any_live.clock.move_to(DUE)
    first, second = any_live.prepare("engine", any_live.claim("engine")).letters
    recorder = any_live.dispatcher("engine").sender().recorder
    recorder.record([(first, REFUSED)], now=after(DUE, seconds=1))
    with any_live.store.write() as tx:
        close(tx, any_live.configuration, open_circuits(tx), now=after(DUE, seconds=2))
    (late,) = recorder.record([(second, REFUSED)], now=after(DUE, seconds=3))
    assert (circuits(any_live), late.stops) == ((), False)
    assert any_live.message(2, "first_day").status is Status.SCHEDULED


def test_a_late_refusal_of_another_leaves_the_trial_that_is_under_way(any_live: House) -> None:
    laser(any_live, "Ann Roy", "Bo Cole")
    any_live.clock.move_to(DUE)
    first, second = any_live.prepare("engine", any_live.claim("engine")).letters
    recorder = any_live.dispatcher("engine").sender().recorder
    recorder.record([(first, REFUSED)], now=after(DUE, seconds=1))
    with any_live.store.write() as tx:
        tried = let_one_through(tx, open_circuits(tx)[0], ["north"], now=after(DUE, seconds=2))
    assert tried == first.due.message.id
    recorder.record([(second, REFUSED)], now=after(DUE, seconds=3))
    assert circuits(any_live)[0].trial == tried
    any_live.clock.move_to(after(DUE, seconds=4))
    (trial,) = any_live.prepare("engine", any_live.claim("engine")).letters
    recorder.record([(trial, REFUSED)], now=after(DUE, seconds=5))
    assert circuits(any_live)[0].trial is None
