"""What a provider may have had at an apply, and did not take or deliver: it goes out by the new plan, or not at all."""

from scheduler.domain.states import Status
from scheduler.protocols.configuration import Configuration
from tests.servers.behaviours import FAIL
from tests.servers.twilio import TwilioServer
from tests.services.editing import after as counted
from tests.services.editing import changed, edited, moved, new_step, removed
from tests.services.house import CHECK, EMAIL, NEXT_DAY, SMS, VISIT, House, after
from tests.services.reports import Report
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
    appointment = lost_at_an_apply(
        any_live, edited(any_live.configuration, "laser", [other], first_day=removed)
    )
    for minutes in (2, 5, 10):
        assert any_live.dispatch(after(DUE, minutes=minutes)) == {}
    assert any_live.message(appointment, "first_day").status is Status.CANCELLED
    assert "edited" in any_live.why(appointment, "first_day")
    assert twilio.taken == []


def undelivered_after_an_apply(live: House, twilio: TwilioServer, new: Configuration) -> int:
    appointment = live.register()
    live.dispatch(NEXT_DAY)
    assert live.dispatch(CHECK)["sent"] == 1
    apply(live, new)
    live.configuration = new
    message = live.message(appointment, "check", SMS)
    Report(str(message.provider_id), "undelivered", "30003", attempt=str(message.attempt)).tell(live)
    assert live.message(appointment, "check", SMS).status is Status.UNDELIVERED
    return appointment


def test_what_did_not_arrive_takes_its_other_channel_by_the_new_plan(any_live: House, twilio: TwilioServer) -> None:
    new = edited(any_live.configuration, check=moved("2d", "12:00"))
    appointment = undelivered_after_an_apply(any_live, twilio, new)
    message = any_live.message(appointment, "check", EMAIL)
    assert (message.due_at, message.protocol_digest) == (after(CHECK, hours=2), new.protocols["peel"].digest)


def test_what_did_not_arrive_of_a_step_that_is_gone_takes_no_other_channel(
    any_live: House, twilio: TwilioServer
) -> None:
    appointment = undelivered_after_an_apply(any_live, twilio, edited(any_live.configuration, check=removed))
    assert any_live.message(appointment, "check", EMAIL).status is Status.CANCELLED


def test_what_did_not_arrive_goes_in_the_new_words(any_live: House, twilio: TwilioServer) -> None:
    new = edited(any_live.configuration, check=changed(template="tips"))
    appointment = undelivered_after_an_apply(any_live, twilio, new)
    message = any_live.message(appointment, "check", EMAIL)
    assert (message.status, message.protocol_digest) == (Status.SCHEDULED, new.protocols["peel"].digest)
