"""A kind word after something bad is no answer to the check: it takes nothing back and gets no thanks."""

import pytest

from scheduler.domain.consent import Source
from scheduler.domain.states import Status
from scheduler.services.consent import stop_address
from tests.servers.twilio import TwilioServer
from tests.services.house import EMAIL, MAIL, PHONE, SMS, House, after
from tests.services.test_pausing import go_on, stop
from tests.services.test_replies import REPLIED, asked, texts_to
from tests.services.texting import Text, alerted, answered, answers


@pytest.mark.parametrize("thanks", ["Great, thanks", "👍", "Parfait merci", "genial gracias"])
def test_thanks_for_what_was_answered_to_a_concern_take_no_recheck_back(any_live: House, thanks: str) -> None:
    appointment = asked(any_live)
    Text("2").send(any_live)
    assert any_live.message(appointment, "recheck").status is Status.SCHEDULED
    any_live.clock.move_to(after(REPLIED, minutes=2))
    Text(thanks).send(any_live)
    assert any_live.message(appointment, "recheck").status is Status.SCHEDULED
    assert answered(any_live) == ["answer_concern"]


def test_thanks_after_something_that_sounds_bad_are_not_answered_as_good_news(live: House) -> None:
    asked(live)
    Text("I have a fever and pus").send(live)
    live.clock.move_to(after(REPLIED, minutes=2))
    Text("Great, thanks").send(live)
    assert (answered(live), alerted(live)) == (["answer_urgent"], ["urgent"])


@pytest.mark.parametrize(("hours", "better"), [(25, "it is fine now"), (2, "1"), (2, "One, thanks")])
def test_the_answer_that_was_offered_or_good_news_a_day_later_takes_a_recheck_back(
    live: House, hours: int, better: str
) -> None:
    appointment = asked(live)
    Text("2").send(live)
    live.clock.move_to(after(REPLIED, hours=hours))
    Text(better).send(live)
    assert live.message(appointment, "recheck").status is Status.CANCELLED
    assert answered(live) == ["answer_concern", "answer_fine"]


def test_an_answer_to_good_news_that_waits_does_not_follow_what_sounds_bad(
    any_live: House, twilio: TwilioServer
) -> None:
    asked(any_live)
    stop(any_live)
    Text("1").send(any_live)
    any_live.dispatch(after(REPLIED, minutes=1))
    Text("now I have a fever and pus").send(any_live)
    any_live.dispatch(after(REPLIED, minutes=2))
    go_on(any_live)
    any_live.dispatch(after(REPLIED, minutes=3))
    assert ["please call us now" in it for it in texts_to(twilio)] == [False, True]
    assert [(it.step, it.status.value) for it in answers(any_live)] == [
        ("answer_fine", "cancelled"),
        ("answer_urgent", "accepted"),
    ]


def test_a_concern_that_was_thanked_for_is_brought_to_a_person_where_its_recheck_does_not_go_out(
    house: House,
) -> None:
    appointment = asked(house)
    Text("2").send(house)
    house.clock.move_to(after(REPLIED, minutes=2))
    Text("Great, thanks").send(house)
    with house.store.write() as tx:
        stop_address(tx, "north", SMS, PHONE, source=Source.STAFF, by="Desk", now=house.clock.now())
        stop_address(tx, "north", EMAIL, MAIL, source=Source.STAFF, by="Desk", now=house.clock.now())
    due = house.message(appointment, "recheck").due_at
    house.dispatch(due)
    assert house.message(appointment, "recheck").status is Status.SUPPRESSED
    house.dispatch(after(due, minutes=11))
    assert alerted(house) == ["reply"]
