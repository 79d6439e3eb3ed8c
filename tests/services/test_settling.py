"""What became of hand-overs whose end nobody knew: each message goes out once in the end, or a person decides."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

import pytest

from scheduler.domain.outgoing import OutgoingSms
from scheduler.domain.states import Cause, Status
from scheduler.services.letters import Letter
from scheduler.settings import Delivery
from scheduler.store.attempts import attempts_of
from scheduler.store.events import events_of_message
from scheduler.store.outbox import keep, rehearsed
from tests.servers.behaviours import ACCEPT, CLOSE_AFTER_TAKING, FAIL, FAIL_AFTER_TAKING, Behaviour
from tests.servers.smtp import At, Fault, SmtpServer
from tests.servers.taken import Taken
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, MAIL, PHONE, VISIT, House, after

DUE = after(VISIT, days=1)
"""When the one step of a laser visit, an SMS, is due."""
FIRST_LOOK, SECOND_LOOK = after(DUE, minutes=2), after(DUE, minutes=5)


def status(house: House, appointment: int) -> Status:
    return house.message(appointment, "first_day").status


def ways(house: House, appointment: int, step: str = "first_day") -> list[tuple[Cause, Status]]:
    with house.store.read() as tx:
        events = events_of_message(tx, house.message(appointment, step).id)
    return [(Cause(it.cause.value), it.to_status) for it in events if it.to_status]


def die_while_sending(house: House, at: datetime) -> Letter:
    """Begin a hand-over as an engine that is killed before its call, or right after it."""
    house.clock.move_to(at)
    (letter,) = house.prepare("dead", house.claim("dead")).letters
    return letter


@pytest.mark.parametrize("behaviour", [CLOSE_AFTER_TAKING, FAIL_AFTER_TAKING])
def test_what_the_provider_took_without_an_answer_is_found_and_never_sent_again(
    any_live: House, twilio: TwilioServer, behaviour: Behaviour
) -> None:
    appointment = any_live.register(treatment="laser")
    twilio.script.append(behaviour)
    assert any_live.dispatch(DUE) == {"unknown": 1}
    assert any_live.dispatch(FIRST_LOOK) == {}
    message = any_live.message(appointment, "first_day")
    assert (message.status, message.provider_id) == (Status.ACCEPTED, twilio.taken[0].sid)
    assert any_live.why(appointment, "first_day").endswith("; the provider confirmed that it has it.")
    assert (Cause.SETTLE, Status.ACCEPTED) in ways(any_live, appointment)
    for hours in (1, 7, 24, 96):
        any_live.dispatch(after(DUE, hours=hours))
    assert len(twilio.taken) == 1


def test_what_the_provider_did_not_take_is_sent_again_once_that_is_sure(
    any_live: House, twilio: TwilioServer
) -> None:
    appointment = any_live.register(treatment="laser")
    twilio.script.append(FAIL)
    assert any_live.dispatch(DUE) == {"unknown": 1}
    assert any_live.dispatch(FIRST_LOOK) == {}
    assert any_live.dispatch(after(SECOND_LOOK, seconds=-1)) == {}
    assert status(any_live, appointment) is Status.UNKNOWN
    assert any_live.dispatch(SECOND_LOOK) == {"sent": 1}
    assert any_live.dispatch(after(DUE, hours=2)) == {}
    assert (len(twilio.taken), status(any_live, appointment)) == (1, Status.ACCEPTED)
    with any_live.store.read() as tx:
        first, second = attempts_of(tx, any_live.message(appointment, "first_day").id)
    assert (first.outcome, first.error_code, second.outcome) == (Status.SCHEDULED, "20500", Status.ACCEPTED)


def test_that_it_was_asked_once_survives_a_restart(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register(treatment="laser")
    twilio.script.append(FAIL)
    any_live.dispatch(DUE)
    any_live.dispatch(FIRST_LOOK)
    assert twilio.questions == 1
    restarted = any_live.on(any_live.store)
    restarted.dispatch(SECOND_LOOK)
    assert (twilio.questions, status(any_live, appointment)) == (2, Status.ACCEPTED)


def test_a_long_outage_between_the_looks_lets_it_expire_instead(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register(treatment="laser")
    twilio.script.append(FAIL)
    any_live.dispatch(DUE)
    any_live.dispatch(FIRST_LOOK)
    any_live.dispatch(after(DUE, days=30))
    assert status(any_live, appointment) is Status.EXPIRED
    assert any_live.why(appointment, "first_day").startswith(
        "The provider was asked and does not have it; it stopped being useful at"
    )
    assert twilio.taken == []


def test_while_the_provider_can_not_be_asked_nothing_is_concluded(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register(treatment="laser")
    twilio.script.append(FAIL_AFTER_TAKING)
    any_live.dispatch(DUE)
    twilio.away = True
    for minutes in (2, 5, 8, 20, 60):
        any_live.dispatch(after(DUE, minutes=minutes))
    assert (twilio.questions, status(any_live, appointment)) == (5, Status.UNKNOWN)
    twilio.away = False
    any_live.dispatch(after(DUE, minutes=64))
    assert (len(twilio.taken), status(any_live, appointment)) == (1, Status.ACCEPTED)


def test_of_several_candidates_the_text_decides_however_its_quotes_were_altered(
    any_live: House, twilio: TwilioServer
) -> None:
    appointment = any_live.register(treatment="laser")
    twilio.script.append(FAIL_AFTER_TAKING)
    any_live.dispatch(DUE)
    ours = twilio.taken.pop()
    altered = replace(ours, body=ours.body.replace(" ", "\N{NO-BREAK SPACE} ").upper())
    twilio.taken += [replace(ours, sid="SMother", body="Your parcel is here"), altered]
    any_live.dispatch(FIRST_LOOK)
    assert any_live.message(appointment, "first_day").provider_id == ours.sid


def test_several_candidates_without_our_text_are_held_for_a_person(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register(treatment="laser")
    twilio.script.append(FAIL)
    any_live.dispatch(DUE)
    twilio.taken += [foreign(any_live, f"SM{n}", body=f"Parcel {n}") for n in range(2)]
    any_live.dispatch(FIRST_LOOK)
    assert status(any_live, appointment) is Status.UNKNOWN
    any_live.dispatch(SECOND_LOOK)
    assert status(any_live, appointment) is Status.HELD
    assert "a person has to look there" in any_live.why(appointment, "first_day")
    assert len(twilio.taken) == 2


def test_what_belongs_to_another_hand_over_or_another_time_is_not_taken_for_it(
    any_live: House, twilio: TwilioServer
) -> None:
    appointment = any_live.register()
    any_live.dispatch(FIRST_HOURS)
    earlier = len(twilio.taken)
    twilio.taken.append(foreign(any_live, "SMyesterday", at=after(CHECK, hours=-5)))
    twilio.default = FAIL
    any_live.dispatch(CHECK)
    twilio.default = ACCEPT
    for minutes in (2, 5, 8):
        any_live.dispatch(after(CHECK, minutes=minutes))
    assert any_live.message(appointment, "check").status is Status.ACCEPTED
    assert len([it for it in twilio.taken[earlier:] if "check" in it.body]) == 1


def test_of_two_unknown_texts_to_one_number_each_gets_its_own(any_live: House, twilio: TwilioServer) -> None:
    zoe = any_live.register(treatment="laser")
    ann = any_live.register(treatment="laser", name="Ann Roy", email="ann@patients.example")
    twilio.default = FAIL
    twilio.script += [FAIL_AFTER_TAKING, FAIL]
    assert any_live.dispatch(DUE) == {"unknown": 2}
    twilio.default = ACCEPT
    for minutes in (2, 5, 8, 11):
        any_live.dispatch(after(DUE, minutes=minutes))
    assert (status(any_live, zoe), status(any_live, ann)) == (Status.ACCEPTED, Status.ACCEPTED)
    assert Counter(it.body for it in twilio.taken) == Counter({it.body: 1 for it in twilio.taken})
    assert len(twilio.taken) == 2


def test_an_engine_that_was_killed_after_the_call_leaves_a_text_that_is_found(
    any_live: House, twilio: TwilioServer
) -> None:
    appointment = any_live.register(treatment="laser")
    letter = die_while_sending(any_live, DUE)
    assert isinstance(letter.outgoing, OutgoingSms)
    twilio.taken.append(foreign(any_live, "SMours", body=letter.outgoing.body))
    for minutes in (2, 4, 7, 30):
        assert any_live.dispatch(after(DUE, minutes=minutes)) == {}
    assert any_live.message(appointment, "first_day").provider_id == "SMours"
    assert len(twilio.taken) == 1


def test_an_engine_that_was_killed_before_the_call_leaves_a_text_that_is_sent_once(
    any_live: House, twilio: TwilioServer
) -> None:
    appointment = any_live.register(treatment="laser")
    die_while_sending(any_live, DUE)
    for minutes in (2, 4, 7, 30):
        any_live.dispatch(after(DUE, minutes=minutes))
    assert (len(twilio.taken), status(any_live, appointment)) == (1, Status.ACCEPTED)


def test_what_was_cancelled_while_it_was_unknown_is_not_sent_again(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register(treatment="laser", external_id="A-1")
    twilio.script.append(FAIL)
    any_live.dispatch(DUE)
    any_live.enter(any_live.registration(treatment="laser", external_id="A-1", status="cancelled"), follow=True)
    for minutes in (2, 5, 8):
        any_live.dispatch(after(DUE, minutes=minutes))
    assert (twilio.taken, status(any_live, appointment)) == ([], Status.CANCELLED)


def test_what_was_moved_while_it_was_unknown_goes_out_at_the_new_time(any_live: House, twilio: TwilioServer) -> None:
    any_live.register(treatment="laser", external_id="A-1")
    twilio.script.append(FAIL)
    any_live.dispatch(DUE)
    moved = any_live.registration(treatment="laser", external_id="A-1", starts_at=after(VISIT, days=7).isoformat())
    any_live.enter(moved, follow=True)
    for minutes in (2, 5, 8):
        assert any_live.dispatch(after(DUE, minutes=minutes)) == {}
    assert any_live.dispatch(after(DUE, days=7)) == {"sent": 1}
    assert any_live.dispatch(after(DUE, days=8)) == {}
    assert len(twilio.taken) == 1


def test_an_email_without_an_answer_goes_again_under_the_same_message_id(any_live: House, smtp: SmtpServer) -> None:
    appointment = any_live.register(phone="")
    smtp.replies[At.CONTENT, MAIL] = [Fault.HANG_UP]
    assert any_live.dispatch(CHECK)["unknown"] == 1
    before = len(smtp.delivered_to(MAIL))
    assert any_live.dispatch(after(CHECK, minutes=1)) == {}
    assert any_live.dispatch(after(CHECK, minutes=2)) == {"sent": 1}
    message = any_live.message(appointment, "check", EMAIL)
    assert (message.status, message.tries) == (Status.ACCEPTED, 2)
    assert len(smtp.delivered_to(MAIL)) == before + 1
    copies = [it for it in smtp.delivered_to(MAIL) if (message.header_id or "-").encode() in it.content]
    assert len(copies) == 2


def test_an_email_that_is_never_answered_is_held_before_a_mailbox_fills_with_copies(
    any_live: House, smtp: SmtpServer
) -> None:
    appointment = any_live.register(phone="")
    smtp.always[At.CONTENT, MAIL] = Fault.HANG_UP
    any_live.dispatch(CHECK)
    for minutes in range(2, 40, 2):
        any_live.dispatch(after(CHECK, minutes=minutes))
    message = any_live.message(appointment, "check", EMAIL)
    assert (message.status, message.tries) == (Status.HELD, 4)
    assert "nobody knows whether the mail server took it" in any_live.why(appointment, "check", EMAIL).lower()


def test_an_unknown_email_that_would_no_longer_help_expires(any_live: House, smtp: SmtpServer) -> None:
    appointment = any_live.register(phone="")
    smtp.replies[At.CONTENT, MAIL] = [Fault.HANG_UP]
    any_live.dispatch(CHECK)
    any_live.dispatch(after(CHECK, days=9))
    assert any_live.message(appointment, "check", EMAIL).status is Status.EXPIRED


def test_a_rehearsed_message_is_looked_for_in_the_outbox(any_house: House) -> None:
    appointment = any_house.register(treatment="laser")
    letter = die_while_sending(any_house, DUE)
    with any_house.store.write() as tx:
        keep(tx, letter.outgoing, now=DUE)
    for minutes in (2, 4, 60):
        assert any_house.dispatch(after(DUE, minutes=minutes)) == {}
    assert status(any_house, appointment) is Status.ACCEPTED


def test_a_rehearsed_message_that_was_not_kept_is_rehearsed_again(any_house: House) -> None:
    appointment = any_house.register(treatment="laser")
    die_while_sending(any_house, DUE)
    assert any_house.dispatch(after(DUE, minutes=2)) == {}
    assert any_house.dispatch(after(DUE, minutes=4)) == {"sent": 1}
    assert status(any_house, appointment) is Status.ACCEPTED
    with any_house.store.read() as tx:
        assert len(rehearsed(tx, limit=10)) == 1


def test_a_report_that_has_not_come_is_asked_for_twice_and_no_more(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register(treatment="laser")
    any_live.dispatch(DUE)
    for minutes in (30, 59):
        any_live.dispatch(after(DUE, minutes=minutes))
    assert twilio.questions == 0
    for hours in (1, 3, 6, 8, 24, 48):
        any_live.dispatch(after(DUE, hours=hours))
    assert (twilio.questions, status(any_live, appointment)) == (2, Status.ACCEPTED)


def test_a_report_that_was_asked_for_counts_like_one_that_came(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register()
    any_live.dispatch(CHECK)
    sid = any_live.message(appointment, "check").provider_id or ""
    twilio.reports[sid] = ("undelivered", 30005)
    assert any_live.dispatch(after(CHECK, hours=1)) == {}
    assert any_live.message(appointment, "check").status is Status.UNDELIVERED
    assert any_live.why(appointment, "check").endswith(
        "the provider could not deliver it (30005: the number does not exist)."
    )
    assert any_live.dispatch(after(CHECK, hours=1, seconds=1)) == {"sent": 1}
    assert any_live.message(appointment, "check", EMAIL).status is Status.ACCEPTED


def test_a_lookup_that_fails_does_not_stop_the_sending(live: House, twilio: TwilioServer) -> None:
    live.register(treatment="laser")
    twilio.script.append(FAIL_AFTER_TAKING)
    live.dispatch(DUE)
    twilio.away = True
    live.register(treatment="laser", name="Ann Roy", phone="+14165550124", email="ann@patients.example")
    assert live.dispatch(FIRST_LOOK)["sent"] == 1


def test_back_in_rehearsal_an_accepted_text_is_not_asked_about(live: House, twilio: TwilioServer) -> None:
    appointment = live.register(treatment="laser")
    live.dispatch(DUE)
    live.settings = replace(live.settings, delivery=Delivery.REHEARSAL)
    for hours in (1, 8, 24):
        live.dispatch(after(DUE, hours=hours))
    assert (twilio.questions, live.message(appointment, "first_day").look_at) == (0, None)


def foreign(house: House, sid: str, *, body: str = "Your parcel is here", at: datetime | None = None) -> Taken:
    """A message to Zoë's number that the provider has, by whomever."""
    form = {"To": PHONE, "From": "+14165550100", "Body": body}
    return Taken(to=PHONE, body=body, params=form, sid=sid, at=at or house.clock.now())


def test_a_text_that_went_out_live_is_not_settled_by_a_rehearsal(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register(treatment="laser")
    twilio.script.append(FAIL_AFTER_TAKING)
    any_live.dispatch(DUE)
    as_live = any_live.settings
    any_live.settings = replace(as_live, delivery=Delivery.REHEARSAL)
    for minutes in (3, 30, 60):
        any_live.dispatch(after(DUE, minutes=minutes))
    assert status(any_live, appointment) is Status.UNKNOWN
    any_live.settings = as_live
    any_live.dispatch(after(DUE, minutes=70))
    assert status(any_live, appointment) is Status.ACCEPTED
    assert len(twilio.taken) == 1


def test_a_rehearsed_text_is_looked_for_in_the_outbox_also_when_delivery_is_live_by_then(
    any_live: House, twilio: TwilioServer
) -> None:
    appointment = any_live.register(treatment="laser")
    as_live = any_live.settings
    any_live.settings = replace(as_live, delivery=Delivery.REHEARSAL)
    letter = die_while_sending(any_live, DUE)
    any_live._keep(letter.outgoing.attempt, letter.channel, letter.outgoing)
    any_live.settings = as_live
    any_live.dispatch(after(DUE, minutes=2))
    any_live.dispatch(after(DUE, minutes=5))
    assert status(any_live, appointment) is Status.ACCEPTED
    assert (twilio.questions, twilio.taken) == (0, [])
