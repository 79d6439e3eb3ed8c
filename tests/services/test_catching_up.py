"""What a provider may have had at an apply and did not take or deliver goes out by the new plan, or not at all."""

from pathlib import Path

import sqlalchemy as sa

from scheduler.domain.alert import AlertKind
from scheduler.domain.spans import parse_span
from scheduler.domain.states import Cause, Status
from scheduler.protocols.configuration import Configuration
from scheduler.services.unheard import tell_of_unheard
from scheduler.store.alerts import open_alerts
from scheduler.store.moves import Move
from scheduler.store.tables import messages
from scheduler.store.transitions import move_all
from tests.servers.behaviours import FAIL
from tests.servers.twilio import TwilioServer
from tests.services.editing import after as counted
from tests.services.editing import changed, edited, moved, new_step, removed, rows
from tests.services.house import CHECK, EMAIL, NEXT_DAY, SMS, VISIT, House, after
from tests.services.replying import answer
from tests.services.reports import Report
from tests.services.several import FIRST_DUE, both, refit
from tests.services.test_applying import apply

DUE = after(VISIT, days=1)
"""When the one step of a laser visit, an SMS, is due."""


def lost_at_an_apply(house: House, new: Configuration) -> int:
    """Nobody knows whether the provider took a message; then its protocol is edited, and that is applied."""
    appointment = house.register(treatment="laser")
    assert house.dispatch(DUE) == {"unknown": 1}
    apply(house, new)
    house.configuration = new
    assert house.message(appointment, "first_day").status is Status.UNKNOWN
    return appointment


def test_what_was_not_taken_goes_by_the_new_plan(any_live: House, twilio: TwilioServer) -> None:
    twilio.script.append(FAIL)
    new = edited(any_live.configuration, "laser", first_day=moved("1d", "16:00"))
    appointment = lost_at_an_apply(any_live, new)
    for minutes in (2, 5, 10):
        assert any_live.dispatch(after(DUE, minutes=minutes)) == {}
    message = any_live.message(appointment, "first_day")
    assert (message.status, message.due_at) == (Status.SCHEDULED, after(VISIT, days=1, hours=6))
    assert message.protocol_digest == new.protocols["laser"].digest
    assert any_live.dispatch(message.due_at) == {"sent": 1}
    assert len(twilio.taken) == 1


def test_what_was_not_taken_of_a_step_that_is_gone_does_not_go_out(any_live: House, twilio: TwilioServer) -> None:
    twilio.script.append(FAIL)
    other = new_step("later", counted("4d", "09:00"))
    appointment = lost_at_an_apply(any_live, edited(any_live.configuration, "laser", [other], first_day=removed))
    for minutes in (2, 5, 10):
        assert any_live.dispatch(after(DUE, minutes=minutes)) == {}
    assert any_live.message(appointment, "first_day").status is Status.CANCELLED
    assert "edited" in any_live.why(appointment, "first_day")
    assert twilio.taken == []


def undelivered_after_an_apply(live: House, new: Configuration) -> int:
    appointment = live.register()
    live.dispatch(NEXT_DAY)
    assert live.dispatch(CHECK)["sent"] == 1
    apply(live, new)
    live.configuration = new
    message = live.message(appointment, "check", SMS)
    Report(str(message.provider_id), "undelivered", "30003", attempt=str(message.attempt)).tell(live)
    assert live.message(appointment, "check", SMS).status is Status.UNDELIVERED
    return appointment


def test_what_did_not_arrive_takes_its_other_channel_by_the_new_plan(any_live: House) -> None:
    new = edited(any_live.configuration, check=moved("2d", "12:00"))
    appointment = undelivered_after_an_apply(any_live, new)
    message = any_live.message(appointment, "check", EMAIL)
    assert (message.due_at, message.protocol_digest) == (after(CHECK, hours=2), new.protocols["peel"].digest)


def test_what_did_not_arrive_of_a_step_that_is_gone_takes_no_other_channel(any_live: House) -> None:
    appointment = undelivered_after_an_apply(any_live, edited(any_live.configuration, check=removed))
    assert any_live.message(appointment, "check", EMAIL).status is Status.CANCELLED


def test_what_did_not_arrive_goes_in_the_new_words(any_live: House) -> None:
    new = edited(any_live.configuration, check=changed(template="tips"))
    appointment = undelivered_after_an_apply(any_live, new)
    message = any_live.message(appointment, "check", EMAIL)
    assert (message.status, message.protocol_digest) == (Status.SCHEDULED, new.protocols["peel"].digest)


def alerts(house: House) -> list[str]:
    tell_of_unheard(house.store, house.configuration, now=house.clock.now())
    with house.store.read() as tx:
        return [str(it.subject) for it in open_alerts(tx) if it.kind is AlertKind.REPLY]


def concerned(house: House) -> int:
    """A patient is concerned, and is to be asked again in two days."""
    appointment = house.register(treatment="needling")
    house.dispatch(CHECK)
    answer(house, "2", after(CHECK, hours=1))
    assert house.statuses(appointment)["recheck sms"] == "scheduled"
    return appointment


def test_a_person_is_told_of_a_concern_whose_recheck_an_edit_takes_away(any_house: House) -> None:
    appointment = concerned(any_house)
    assert alerts(any_house) == []
    new = edited(any_house.configuration, "needling", recheck=removed, week=removed)
    apply(any_house, new)
    any_house.configuration = new
    assert any_house.statuses(appointment)["recheck sms"] == "cancelled"
    assert len(alerts(any_house)) == 1


def test_a_person_is_told_of_a_concern_whose_recheck_expired_whatever_the_files_call_that_step(
    any_house: House,
) -> None:
    appointment = concerned(any_house)
    any_house.configuration = edited(any_house.configuration, "needling", recheck=moved("9d", "10:00"), week=removed)
    message = any_house.message(appointment, "recheck")
    late = Move(message.id, Status.SCHEDULED, Cause.DECIDE, Status.EXPIRED, by="test")
    with any_house.store.write() as tx:
        move_all(tx, [late], now=any_house.clock.now())
        tx.connection.execute(sa.delete(messages).where(messages.c.step == "week"))
    assert len(alerts(any_house)) == 1


def test_what_another_visits_message_has_said_already_is_not_said_again_by_the_new_plan(
    any_live: House, twilio: TwilioServer, tmp_path: Path
) -> None:
    refit(any_live, tmp_path)
    _, second = both(any_live)
    assert any_live.dispatch(FIRST_DUE) == {"sent": 2}
    later = changed(timing=counted("1d", "18:00"), useful_for=parse_span("2d"))
    new = edited(any_live.configuration, "lift", care=later)
    assert rows(any_live, second, new) == []
    apply(any_live, new)
    any_live.configuration = new
    for hours in (1, 24, 36):
        any_live.dispatch(after(FIRST_DUE, hours=hours))
    assert [any_live.message(second, "care", it).status for it in (SMS, EMAIL)] == [Status.SUPPRESSED] * 2
    assert len(twilio.taken) == 1


def test_what_was_said_already_of_a_step_that_is_gone_waits_for_nothing(any_live: House, tmp_path: Path) -> None:
    refit(any_live, tmp_path)
    _, second = both(any_live)
    any_live.dispatch(FIRST_DUE)
    apply(any_live, edited(any_live.configuration, "lift", care=removed))
    assert [any_live.message(second, "care", it).status for it in (SMS, EMAIL)] == [Status.CANCELLED] * 2
