"""What is wrong stays on the list while it is so, once, and leaves it by itself."""

import asyncio
from dataclasses import replace

import pytest
import structlog

from scheduler.clock import FixedClock
from scheduler.domain.alert import AlertKind
from scheduler.domain.reasons import Reason, because
from scheduler.services.alerts import REMEDIES, end_alert, raise_alert
from scheduler.services.doctor import Doctor
from scheduler.services.finding import Health
from scheduler.services.lookout import Lookout
from scheduler.store.alerts import all_alerts, open_alerts
from tests.servers.behaviours import FAIL_AFTER_TAKING
from tests.servers.twilio import TwilioServer
from tests.services.house import CONFIG, House, after
from tests.services.test_dispatch_engines import DUE

WHY = (because("nobody_sends", count="3", before_at=DUE),)


def say(house: House, *, subject: str = "installation", reasons: tuple[Reason, ...] = WHY) -> None:
    with house.store.write() as tx:
        raise_alert(tx, AlertKind.PAST_DUE, subject, reasons=reasons, now=house.clock.now())


def take_back(house: House) -> None:
    with house.store.write() as tx:
        end_alert(tx, AlertKind.PAST_DUE, "installation", now=house.clock.now())


def kinds(house: House) -> list[str]:
    with house.store.read() as tx:
        return [it.kind.value for it in open_alerts(tx)]


def look(house: House, lookout: Lookout, **later: float) -> list[str]:
    house.clock.move_to(after(house.clock.now(), **later))
    lookout.look(house.store, now=house.clock.now())
    return kinds(house)


def test_the_same_is_raised_once_with_the_latest_words_and_one_line_in_the_log(any_house: House) -> None:
    newer = (because("nobody_sends", count="5", before_at=DUE),)
    with structlog.testing.capture_logs() as lines:
        say(any_house)
        say(any_house, reasons=newer)
        say(any_house, subject="another")
    with any_house.store.read() as tx:
        first, second = open_alerts(tx)
    assert (first.reasons, first.subject, second.subject) == (newer, "installation", "another")
    assert [(it["event"], it["log_level"]) for it in lines] == [("alert.opened", "error")] * 2


def test_what_is_over_is_kept_and_may_come_again(any_house: House) -> None:
    say(any_house)
    with structlog.testing.capture_logs() as lines:
        take_back(any_house)
        take_back(any_house)
    assert [it["event"] for it in lines] == ["alert.closed"]
    assert kinds(any_house) == []
    say(any_house)
    with any_house.store.read() as tx:
        again, before = all_alerts(tx)
    assert again.closed_at is None
    assert before.closed_at is not None


@pytest.mark.parametrize("kind", AlertKind)
def test_each_kind_says_what_to_do(kind: AlertKind) -> None:
    assert 0 < len(REMEDIES[kind]) < 200


def test_messages_that_nobody_works_on_are_told_of_and_only_when_it_lasts(any_house: House) -> None:
    any_house.register(treatment="laser")
    any_house.clock.move_to(DUE)
    lookout = Lookout()
    assert look(any_house, lookout, minutes=4) == []
    assert look(any_house, lookout, minutes=2) == []
    assert look(any_house, lookout, minutes=2) == ["past_due"]
    any_house.dispatch(any_house.clock.now())
    assert look(any_house, lookout) == []


def test_a_service_that_comes_back_after_an_hour_raises_nothing_while_it_catches_up(any_house: House) -> None:
    any_house.register(treatment="laser")
    any_house.clock.move_to(after(DUE, hours=1))
    lookout = Lookout()
    assert look(any_house, lookout) == []
    assert any_house.claim("engine")
    assert look(any_house, lookout, seconds=50) == []


def test_a_doubt_that_nothing_settles_is_told_of_after_half_an_hour(any_live: House, twilio: TwilioServer) -> None:
    any_live.register(treatment="laser")
    twilio.default = FAIL_AFTER_TAKING
    any_live.dispatch(DUE)
    twilio.away = True
    for minutes in (5, 25):
        any_live.dispatch(after(DUE, minutes=minutes))
        assert kinds(any_live) == []
    any_live.dispatch(after(DUE, minutes=31))
    assert kinds(any_live) == ["doubt"]
    twilio.away = False
    any_live.dispatch(after(DUE, minutes=40))
    any_live.dispatch(after(DUE, minutes=41))
    assert kinds(any_live) == []


def test_the_doctor_shows_what_is_open(house: House) -> None:
    say(house)
    settings = replace(house.settings, config_dir=CONFIG, templates_dir=house.texts_dir)
    findings = asyncio.run(Doctor(settings, FixedClock(DUE)).examine())
    (alert,) = [it for it in findings if it.part == "alert"]
    assert alert.health is Health.WARNING
    assert "nobody works on them" in alert.message
    assert alert.remedy
