"""A sender goes no faster than it may, and Twilio's queue never holds what would be stale when it leaves."""

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.domain.reasons import because
from scheduler.domain.states import Brake, Status
from scheduler.errors import ChannelError, ErrorKind, Scope
from scheduler.runtime.passes import one_pass
from scheduler.services.pacing import hold_back
from scheduler.settings import Delivery
from scheduler.store.database import open_store
from scheduler.store.senders import hold_until
from tests.servers.behaviours import Behaviour, refuse
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, EMAIL, SMS, House, after
from tests.services.test_dispatch_engines import DUE, register_many

FIVE_MINUTES = 5 * 60


def at_rate(house: House, rate: int | None) -> House:
    """Let the north clinic's number send so many segments a second, None what such a number may by itself."""
    north = house.configuration.clinic("north")
    assert north.sms
    clinics = {**house.configuration.clinics, "north": replace(north, sms=replace(north.sms, rate=rate))}
    house.configuration = replace(house.configuration, clinics=clinics)
    return house


def test_five_minutes_of_work_go_out_and_the_rest_waits_for_its_turn(any_live: House) -> None:
    register_many(at_rate(any_live, None), 400)
    counts = any_live.dispatch(DUE)
    assert counts == {"sent": FIVE_MINUTES + 1, "put_off": 400 - FIVE_MINUTES - 1}
    waiting = [any_live.message(n, "first_day") for n in range(1, 401)]
    slots = sorted(it.slot_at for it in waiting if it.slot_at)
    assert slots == [after(DUE, seconds=FIVE_MINUTES + n) for n in range(1, 100)]
    assert {it.brake for it in waiting if it.slot_at} == {Brake.RATE}


def test_what_waits_goes_out_one_by_one_and_each_once(any_live: House, twilio: TwilioServer) -> None:
    register_many(at_rate(any_live, None), 310)
    any_live.dispatch(DUE)
    sent = []
    for second in range(12):
        any_live.dispatch(after(DUE, seconds=second))
        sent.append(len(twilio.taken))
    assert sent == [301, 302, 303, 304, 305, 306, 307, 308, 309, 310, 310, 310]
    assert len({it.to for it in twilio.taken}) == 310


def test_a_turn_that_was_missed_is_taken_anew(any_live: House) -> None:
    register_many(at_rate(any_live, None), 310)
    any_live.dispatch(DUE)
    assert any_live.dispatch(after(DUE, hours=1)) == {"sent": 9}


def test_segments_count_not_messages(live: House, tmp_path: Path) -> None:
    live.texts_dir = Path(shutil.copytree(live.texts_dir, tmp_path / "texts"))
    for folder in ("en", "fr", "es"):
        text = live.texts_dir / folder / "first_day" / "sms.txt"
        text.write_text("long " * 100 + "{{ patient.first_name }}")
    register_many(at_rate(live, None), 100)
    assert live.dispatch(DUE) == {"sent": FIVE_MINUTES // 4 + 1, "put_off": 100 - FIVE_MINUTES // 4 - 1}


def test_two_engines_share_one_rate(any_live: House) -> None:
    register_many(at_rate(any_live, None), 700)
    with open_store(any_live.settings) as other, ThreadPoolExecutor(2) as threads:
        houses = [any_live, any_live.on(other)]
        done = [threads.submit(asyncio.run, one_pass(it.dispatcher(f"engine-{n}"))) for n, it in enumerate(houses)]
        assert sum(it.result().counts["sent"] for it in done) == FIVE_MINUTES + 1
    slots = [any_live.message(n, "first_day").slot_at for n in range(1, 701)]
    assert len({slot for slot in slots if slot}) == 700 - FIVE_MINUTES - 1


def test_a_turn_past_its_usefulness_turns_to_the_other_channel_or_ends(any_live: House) -> None:
    appointment = at_rate(any_live, None).register()
    any_live.dispatch(after(CHECK, seconds=-1))
    busy(any_live, hours=24 * 4)
    any_live.dispatch(CHECK)
    assert any_live.statuses(appointment)["check sms"] == "suppressed"
    assert any_live.statuses(appointment)["check email"] == "accepted"
    lone = any_live.register(
        treatment="laser", name="Ann Roy", phone="+14165552000", starts_at=after(CHECK, hours=-48).isoformat()
    )
    any_live.dispatch(any_live.message(lone, "first_day").try_at)
    assert any_live.message(lone, "first_day").status is Status.EXPIRED
    assert "turn would have come too late" in any_live.why(lone, "first_day")


def busy(house: House, *, hours: int) -> None:
    """Give the north's number work for so many hours."""
    with house.store.write() as tx:
        now = house.clock.now()
        hold_until(tx, SMS, "+14165550109", after(now, hours=hours), now=now)


def test_a_rehearsal_has_no_rates(any_house: House) -> None:
    assert any_house.settings.delivery is Delivery.REHEARSAL
    register_many(at_rate(any_house, None), 320)
    assert any_house.dispatch(DUE) == {"sent": 320}


@pytest.mark.parametrize(("status", "code", "wait"), [(429, 20429, 90), (400, 21611, 3600)])
def test_a_sender_that_is_told_to_wait_does_so_with_all_its_messages(
    any_live: House, twilio: TwilioServer, status: int, code: int, wait: int
) -> None:
    register_many(at_rate(any_live, None), 1)
    headers = {"Retry_After": "90"} if status == 429 else {}
    twilio.default = refuse(status, code, **headers)
    any_live.dispatch(DUE)
    twilio.default, before = Behaviour(), twilio.requests
    later = any_live.register(treatment="laser", name="Ann Roy", phone="+14165552000", email="")
    assert any_live.dispatch(after(DUE, seconds=1)) == {"put_off": 1}
    assert twilio.requests == before
    assert "its sender's turn" in any_live.why(later, "first_day")
    any_live.dispatch(after(DUE, seconds=wait + 1))
    assert any_live.message(later, "first_day").status is Status.ACCEPTED


def test_email_has_no_rate(live: House) -> None:
    appointment = at_rate(live, None).register(phone="")
    busy(live, hours=100)
    live.dispatch(CHECK)
    assert live.message(appointment, "check", EMAIL).status is Status.ACCEPTED


def test_waiting_for_a_turn_is_not_lateness(live: House) -> None:
    register_many(at_rate(live, None), 1)
    busy(live, hours=2)
    live.dispatch(DUE)
    message = live.message(1, "first_day")
    assert message.due_at == message.try_at == after(DUE, hours=2, minutes=-5)
    assert because("rate", turn_at=after(DUE, hours=2)) in message.reasons
    assert timedelta(0) == message.planned_at - DUE


@pytest.mark.parametrize("wish", ["9999999999999", "Fri, 31 Dec 9999 23:59:00 GMT"])
def test_a_wish_beyond_all_time_leaves_nothing_of_its_portion_unrecorded(
    any_live: House, twilio: TwilioServer, wish: str
) -> None:
    register_many(at_rate(any_live, None), 8)
    twilio.by_number["+14165551003"] = refuse(429, 20429, Retry_After=wish)
    assert any_live.dispatch(DUE)["sent"] == 7


def test_a_sender_that_rests_sends_nothing_that_had_its_turn_before(any_live: House, twilio: TwilioServer) -> None:
    register_many(at_rate(any_live, None), 320)
    any_live.dispatch(DUE)
    before = twilio.requests
    full = ChannelError("full", kind=ErrorKind.TRANSIENT, code="21611", retry_after=3600.0, scope=Scope.SENDER)
    with any_live.store.write() as tx:
        hold_back(tx, SMS, "+14165550109", full, now=DUE)
    for minutes in (1, 5, 59):
        any_live.dispatch(after(DUE, minutes=minutes))
    assert twilio.requests == before
    assert any_live.dispatch(after(DUE, hours=1, minutes=1))["sent"] == 320 - FIVE_MINUTES - 1


def test_a_clock_that_was_ahead_leaves_no_sender_busy(any_live: House) -> None:
    any_live.clock.move_to(after(DUE, hours=9))
    busy(at_rate(any_live, None), hours=24 * 4)
    any_live.clock.move_to(DUE)
    register_many(any_live, 320)
    assert any_live.dispatch(DUE) == {"sent": FIVE_MINUTES + 1, "put_off": 320 - FIVE_MINUTES - 1}
    busy(any_live, hours=1)
    assert any_live.dispatch(after(DUE, seconds=30)) == {"put_off": 19}


def test_what_is_given_back_keeps_its_turn(any_live: House, twilio: TwilioServer) -> None:
    register_many(at_rate(any_live, None), 200)
    twilio.default = refuse(400, 21606)
    any_live.dispatch(DUE)
    slots = [any_live.message(n, "first_day").slot_at for n in range(1, 201)]
    given_back = [slot for slot in slots if slot]
    assert len(given_back) == len(set(given_back)) == 200 - twilio.requests
