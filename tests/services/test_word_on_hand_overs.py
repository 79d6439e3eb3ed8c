"""What a provider says of one of several hand-overs of a message: the message stands on the best of them."""

import pytest

from scheduler.domain.outgoing import Accepted
from scheduler.domain.states import Status
from scheduler.services.appointments import reschedule
from scheduler.store.appointments import get_appointment
from scheduler.store.attempts import attempts_of
from tests.servers.behaviours import FAIL, refuse
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, MAIL, NEXT_DAY, VISIT, House, after
from tests.services.reports import Report


@pytest.fixture
def lost(any_live: House, twilio: TwilioServer) -> str:
    """The token of a check's first hand-over, which nobody knows the end of."""
    any_live.register()
    for due in (FIRST_HOURS, NEXT_DAY):
        any_live.dispatch(due)
    twilio.script.append(FAIL)
    any_live.dispatch(CHECK)
    return any_live.message(1, "check").attempt or ""


def settle(house: House) -> None:
    """Twilio is asked twice, and has nothing: the message goes out again."""
    for minutes in (2, 5):
        house.dispatch(after(CHECK, minutes=minutes))


def standing(house: House) -> Status:
    return house.message(1, "check").status


def mails_after(house: House, smtp: SmtpServer, minutes: int) -> int:
    before = len(smtp.delivered_to(MAIL))
    house.dispatch(after(CHECK, minutes=minutes))
    return len(smtp.delivered_to(MAIL)) - before


def test_bad_news_of_the_older_hand_over_that_a_message_stands_on_counts(
    any_live: House, twilio: TwilioServer, smtp: SmtpServer, lost: str
) -> None:
    twilio.script.append(refuse(429, 20429))
    settle(any_live)
    Report("SMfirst", "sent", attempt=lost).tell(any_live)
    assert standing(any_live) is Status.ACCEPTED
    Report("SMfirst", "undelivered", "30003", attempt=lost).tell(any_live)
    assert standing(any_live) is Status.UNDELIVERED
    assert mails_after(any_live, smtp, 6) == 1


def test_of_two_hand_overs_that_were_taken_one_that_failed_does_not_count_until_the_other_did(
    any_live: House, twilio: TwilioServer, smtp: SmtpServer, lost: str
) -> None:
    settle(any_live)
    second = any_live.message(1, "check").attempt
    Report("SMfirst", "sent", attempt=lost).tell(any_live)
    Report(twilio.taken[-1].sid, "undelivered", "30003", attempt=second).tell(any_live)
    assert standing(any_live) is Status.ACCEPTED
    assert mails_after(any_live, smtp, 6) == 0
    Report("SMfirst", "undelivered", "30003", attempt=lost).tell(any_live)
    assert standing(any_live) is Status.UNDELIVERED
    assert mails_after(any_live, smtp, 7) == 1


def test_bad_news_of_an_older_hand_over_does_not_count_while_the_latest_goes_on(
    any_live: House, twilio: TwilioServer, smtp: SmtpServer, lost: str
) -> None:
    twilio.script.append(refuse(429, 20429))
    settle(any_live)
    any_live.clock.move_to(after(CHECK, minutes=6))
    (letter,) = any_live.prepare("slow", any_live.claim("slow")).letters
    Report("SMfirst", "sent", attempt=lost).tell(any_live)
    Report("SMfirst", "undelivered", "30003", attempt=lost).tell(any_live)
    assert standing(any_live) is Status.ACCEPTED
    recorder = any_live.dispatcher("slow").sender().recorder
    recorder.record([(letter, Accepted("SMthird", reports=True))], now=any_live.clock.now())
    with any_live.store.read() as tx:
        ends = [it.outcome for it in attempts_of(tx, any_live.message(1, "check").id)]
    assert ends == [Status.UNDELIVERED, Status.SCHEDULED, Status.ACCEPTED]
    assert (standing(any_live), mails_after(any_live, smtp, 7)) == (Status.ACCEPTED, 0)


def test_a_message_that_was_planned_for_another_day_is_not_ended_by_what_became_of_it_on_this_one(
    any_live: House, lost: str
) -> None:
    with any_live.store.write() as tx:
        visit, moved = get_appointment(tx, 1), after(VISIT, days=14)
        reschedule(tx, any_live.configuration, visit, starts_at=moved, now=any_live.clock.now(), by="desk")
    settle(any_live)
    planned = any_live.message(1, "check")
    assert (planned.occurrence, planned.due_at, planned.attempt) == (1, after(CHECK, days=14), lost)
    Report("SMfirst", "failed", "30008", attempt=lost).tell(any_live)
    assert standing(any_live) is Status.SCHEDULED
    with any_live.store.read() as tx:
        assert attempts_of(tx, any_live.message(1, "check").id)[0].outcome is Status.FAILED
    assert ("check", EMAIL) not in any_live.messages(1)
