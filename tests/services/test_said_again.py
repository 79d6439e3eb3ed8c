"""The same words again: nobody is rung for each, and yet nobody who repeats a plea is left alone with it."""

from scheduler.services.alerts import take_alert
from scheduler.store.joins import replies_joined
from tests.servers.twilio import TwilioServer
from tests.services.house import House, after
from tests.services.on_call import BOB, with_on_call
from tests.services.test_replies import REPLIED, asked, texts_to
from tests.services.test_unreached import DOCTOR
from tests.services.texting import Text, alerts

SOUTH = "+34600000000"


def test_the_same_words_to_another_clinic_reach_that_one_too(any_live: House) -> None:
    any_live.configuration = with_on_call(DOCTOR, BOB)
    asked(any_live)
    any_live.register(clinic="south", treatment="needling")
    Text("please call me").send(any_live)
    Text("please call me", to=SOUTH).send(any_live)
    assert {it.clinic for it in alerts(any_live)} == {"north", "south"}


def test_who_repeats_a_plea_long_after_it_was_taken_rings_anew(any_live: House, twilio: TwilioServer) -> None:
    any_live.configuration = with_on_call(DOCTOR)
    asked(any_live)
    Text("please call me").send(any_live)
    any_live.dispatch(REPLIED)
    (alert,) = alerts(any_live)
    with any_live.store.write() as tx:
        take_alert(tx, alert.id, by="Doctor", now=after(REPLIED, minutes=1))
    later = after(REPLIED, hours=4)
    any_live.clock.move_to(later)
    again = Text("Please call me!").send(any_live)
    any_live.dispatch(later)
    assert len(texts_to(twilio, str(DOCTOR.sms))) == 2
    with any_live.store.read() as tx:
        assert replies_joined(tx, alert.id) == (again.id,)


def test_the_same_words_again_and_again_are_shown_and_ring_nobody(any_live: House, twilio: TwilioServer) -> None:
    any_live.configuration = with_on_call(DOCTOR)
    asked(any_live)
    for minutes in range(4):
        any_live.clock.move_to(after(REPLIED, minutes=minutes))
        Text("please call me").send(any_live)
        any_live.dispatch(after(REPLIED, minutes=minutes))
    (alert,) = alerts(any_live)
    assert len(texts_to(twilio, str(DOCTOR.sms))) == 1
    with any_live.store.write() as tx:
        take_alert(tx, alert.id, by="Doctor", now=after(REPLIED, minutes=5))
    any_live.clock.move_to(after(REPLIED, minutes=6))
    Text("please call me").send(any_live)
    any_live.dispatch(after(REPLIED, minutes=6))
    assert len(texts_to(twilio, str(DOCTOR.sms))) == 1
    with any_live.store.read() as tx:
        assert len(replies_joined(tx, alert.id)) == 4
