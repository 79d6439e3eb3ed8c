"""A question that nobody answered is asked once more, where the protocol says so; never after an answer."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.consent import Source
from scheduler.domain.protocol import Channel
from scheduler.domain.triage import Triage
from scheduler.services.appointments import call_off
from scheduler.services.consent import stop_address
from scheduler.services.reminders import Reminders
from scheduler.services.unanswered import heard
from scheduler.store.claims import release_expired
from scheduler.store.messages import messages_of
from scheduler.store.replies import SMS, NewReply, add_reply
from tests.services.house import CHECK, PHONE, VISIT, House, after
from tests.services.replying import NUMBER, answer
from tests.services.test_followups import move

REMINDER = datetime(2026, 3, 21, 15, 0, tzinfo=UTC)
"""The day after the check, at eleven in Toronto."""


def reminded(house: House, at: datetime = CHECK) -> int:
    """Register Zoë and send her the check; the pass ends with a look for what is to be reminded of."""
    appointment = house.register(treatment="needling")
    house.dispatch(at)
    return appointment


def checks(house: House, appointment: int) -> list[tuple[int, str]]:
    with house.store.read() as tx:
        return [(it.occurrence, str(it.status)) for it in messages_of(tx, appointment) if it.step == "check"]


def why(house: House, appointment: int) -> str:
    """The sentence of the reminder."""
    return house.why(appointment, "check")


def send_only(house: House, at: datetime) -> None:
    """Send what is due, and look for nothing else."""

    async def deliver() -> None:
        async with AsyncExitStack() as channels:
            dispatcher = house.dispatcher()
            for transport in dispatcher.transports.values():
                await channels.enter_async_context(transport)
            await dispatcher.deliver(house.claim("engine"), asyncio.Event())

    house.clock.move_to(at)
    asyncio.run(deliver())


def write_unheard(house: House, appointment: int, at: datetime) -> None:
    """Put a reply on record as another process does that has not yet taken the reminder back."""
    question = house.message(appointment, "check")
    reply = NewReply(
        unique_id="SM-other",
        source=SMS,
        clinic="north",
        receiver=NUMBER,
        sender=PHONE,
        body="1",
        media=0,
        received_at=at,
        patient_id=question.of_patient,
        question=question.id,
        triage=Triage.FINE,
        because=("1",),
        stops=False,
    )
    with house.store.write() as tx:
        add_reply(tx, reply, now=at, by="test")


def test_what_nobody_answered_is_asked_once_more_and_only_once(any_house: House) -> None:
    appointment = reminded(any_house)
    assert checks(any_house, appointment) == [(1, "accepted"), (2, "scheduled")]
    assert why(any_house, appointment) == (
        "Asked once more, because no answer came since Fri 2026-03-20 10:00; will be sent at Sat 2026-03-21 11:00."
    )
    any_house.dispatch(REMINDER)
    for days in (1, 2, 3):
        any_house.dispatch(after(REMINDER, days=days))
    assert checks(any_house, appointment) == [(1, "accepted"), (2, "accepted")]


def test_a_question_that_was_answered_at_once_has_no_reminder(any_house: House) -> None:
    appointment = any_house.register(treatment="needling")
    send_only(any_house, CHECK)
    answer(any_house, "1", after(CHECK, minutes=1))
    any_house.dispatch(after(CHECK, minutes=6))
    assert checks(any_house, appointment) == [(1, "accepted")]


def test_an_answer_takes_the_reminder_back(any_house: House) -> None:
    appointment = reminded(any_house)
    answer(any_house, "Can I swim?", after(CHECK, hours=1))
    assert checks(any_house, appointment) == [(1, "accepted"), (2, "cancelled")]
    assert why(any_house, appointment).endswith("the patient has answered already.")


def test_a_lone_word_about_messages_leaves_the_reminder(house: House) -> None:
    appointment = reminded(house)
    answer(house, "HELP", after(CHECK, hours=1))
    assert checks(house, appointment) == [(1, "accepted"), (2, "scheduled")]
    assert why(house, appointment).endswith("will be sent at Sat 2026-03-21 11:00.")
    house.dispatch(REMINDER)
    assert checks(house, appointment) == [(1, "accepted"), (2, "accepted")]


def test_a_reply_that_came_in_beside_it_is_seen_as_the_reminder_goes_out(any_house: House) -> None:
    appointment = reminded(any_house)
    write_unheard(any_house, appointment, after(CHECK, hours=1))
    assert why(any_house, appointment).endswith("will not be sent; the patient has answered already.")
    any_house.dispatch(REMINDER)
    assert checks(any_house, appointment) == [(1, "accepted"), (2, "cancelled")]


def test_a_persons_word_that_the_patient_was_heard_takes_it_back(house: House) -> None:
    appointment = reminded(house)
    with house.store.write() as tx:
        heard(tx, appointment, now=after(CHECK, hours=2), by="desk")
    assert checks(house, appointment) == [(1, "accepted"), (2, "cancelled")]
    house.dispatch(REMINDER)
    assert len(checks(house, appointment)) == 2


def test_nothing_reminds_who_wants_no_more_messages(house: House) -> None:
    appointment = reminded(house)
    with house.store.write() as tx:
        for channel, address in ((Channel.SMS, PHONE), (Channel.EMAIL, "zoe@patients.example")):
            stop_address(tx, "north", channel, address, source=Source.REPLY, by="desk", now=CHECK)
    house.dispatch(REMINDER)
    assert checks(house, appointment) == [(1, "accepted"), (2, "suppressed")]


def test_a_reminder_that_was_held_up_too_long_is_not_sent(house: House) -> None:
    appointment = reminded(house)
    house.dispatch(after(REMINDER, days=2))
    assert checks(house, appointment) == [(1, "accepted"), (2, "expired")]


def test_after_a_stop_of_the_service_the_look_is_made_up_for(house: House) -> None:
    appointment = house.register(treatment="needling")
    send_only(house, CHECK)
    house.dispatch(after(REMINDER, hours=1))
    assert checks(house, appointment) == [(1, "accepted"), (2, "scheduled")]
    house.dispatch(after(REMINDER, hours=1, minutes=1))
    assert checks(house, appointment) == [(1, "accepted"), (2, "accepted")]


def test_what_may_have_been_sent_is_reminded_of_too(any_house: House) -> None:
    appointment = any_house.register(treatment="needling")
    any_house.clock.move_to(CHECK)
    any_house.prepare("dead", any_house.claim("dead"))
    any_house.clock.move_to(after(CHECK, minutes=10))
    with any_house.store.write() as tx:
        release_expired(tx, now=any_house.clock.now())
    with any_house.store.read() as tx:
        assert [str(it.status) for it in messages_of(tx, appointment) if it.step == "check"] == ["unknown"]
    Reminders().plan(any_house.store, any_house.configuration, now=any_house.clock.now())
    assert checks(any_house, appointment) == [(1, "unknown"), (2, "scheduled")]


def test_the_recheck_after_a_reply_gets_one_reminder_only_where_its_step_has_one(house: House) -> None:
    appointment = reminded(house)
    answer(house, "2", after(CHECK, hours=1))
    recheck = house.message(appointment, "recheck").due_at
    house.dispatch(recheck)
    house.dispatch(after(recheck, days=1))
    with house.store.read() as tx:
        assert [it.occurrence for it in messages_of(tx, appointment) if it.step == "recheck"] == [1]


def test_two_looks_at_once_plan_one_reminder(any_house: House) -> None:
    appointment = any_house.register(treatment="needling")
    send_only(any_house, CHECK)
    now = any_house.clock.now()
    assert [Reminders().plan(any_house.store, any_house.configuration, now=now) for _ in range(2)] == [1, 0]
    assert checks(any_house, appointment) == [(1, "accepted"), (2, "scheduled")]


def test_a_corrected_visit_keeps_the_reminder(any_house: House) -> None:
    appointment = reminded(any_house)
    move(any_house, appointment, after(VISIT, hours=1))
    assert checks(any_house, appointment) == [(1, "accepted"), (2, "scheduled")]
    assert why(any_house, appointment).startswith("Asked once more")


def test_a_visit_that_takes_place_later_has_its_check_then_and_no_reminder_before(any_house: House) -> None:
    appointment = reminded(any_house)
    move(any_house, appointment, after(VISIT, days=14))
    assert checks(any_house, appointment) == [(1, "accepted"), (2, "scheduled")]
    assert any_house.message(appointment, "check").due_at == after(CHECK, days=14)
    assert why(any_house, appointment).startswith("2 days after the appointment")
    any_house.dispatch(after(CHECK, days=14))
    assert checks(any_house, appointment) == [(1, "accepted"), (2, "accepted"), (3, "scheduled")]


def test_a_visit_that_was_called_off_by_mistake_has_its_reminder_again(house: House) -> None:
    appointment = reminded(house)
    with house.store.write() as tx:
        call_off(tx, appointment, AppointmentStatus.NO_SHOW, now=CHECK, by="test")
    assert checks(house, appointment) == [(1, "accepted"), (2, "cancelled")]
    move(house, appointment, VISIT)
    assert checks(house, appointment) == [(1, "accepted"), (2, "scheduled")]
