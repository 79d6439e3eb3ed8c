"""One patient, one exception: skipped, put elsewhere, noted upon; kept through moves and replies; taken back."""

from datetime import datetime

import pytest

from scheduler.domain.adjustment import AdjustmentKind
from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from scheduler.errors import ConflictError, NotFoundError
from scheduler.services.adjusting import Wish, adjust, lift
from scheduler.services.appointments import call_off, reschedule
from scheduler.services.timeline import Timeline, timeline
from scheduler.store.appointments import get_appointment
from scheduler.store.messages import Message
from tests.services.house import CHECK, EMAIL, FIRST_HOURS, NEXT_DAY, PREPARE, SMS, TIPS, VISIT, House, after
from tests.services.replying import answer
from tests.services.test_followups import RECHECK, REPLIED, asked, of_step


def make(house: House, appointment: int, step: str, *, skip: bool = False, **wish: object) -> None:
    with house.store.write() as tx:
        said = Wish(skip, **wish)  # type: ignore[arg-type]  # by their names
        adjust(tx, house.configuration, appointment, step, said, now=house.clock.now(), by="Ada")


def take_back(house: House, appointment: int, step: str) -> None:
    with house.store.write() as tx:
        lift(tx, house.configuration, appointment, step, now=house.clock.now(), by="Ben")


def move_visit(house: House, appointment: int, to: datetime) -> None:
    with house.store.write() as tx:
        found = get_appointment(tx, appointment)
        reschedule(tx, house.configuration, found, starts_at=to, now=house.clock.now(), by="desk")


def told(house: House, appointment: int) -> Timeline:
    with house.store.read() as tx:
        return timeline(tx, house.configuration, appointment, now=house.clock.now())


def history(house: House, appointment: int) -> list[str]:
    line = told(house, appointment)
    return [f"{sentence(it.reasons, line.timezone)} {it.by}" for it in line.history if it.reasons]


def test_a_skipped_step_is_not_sent_and_says_who_said_so(any_house: House) -> None:
    appointment = any_house.register()
    make(any_house, appointment, "next_day", skip=True)
    assert any_house.statuses(appointment)["next_day sms"] == "cancelled"
    assert any_house.statuses(appointment)["next_day email"] == "cancelled"
    assert any_house.why(appointment, "next_day") == (
        "1 day after the appointment; skipped by Ada, for this appointment only."
    )
    any_house.dispatch(FIRST_HOURS)
    assert any_house.dispatch(NEXT_DAY) == {}
    assert history(any_house, appointment) == ["The step next_day is skipped. Ada"]


def test_a_step_goes_out_at_the_instant_that_a_person_named_and_helps_as_long(any_house: House) -> None:
    appointment = any_house.register()
    at = after(NEXT_DAY, days=1, hours=3)
    make(any_house, appointment, "next_day", at=at)
    for channel in (SMS, EMAIL):
        message = any_house.message(appointment, "next_day", channel)
        assert (message.planned_at, message.due_at, message.useful_until) == (at, at, after(at, days=5))
    assert any_house.why(appointment, "next_day") == (
        "1 day after the appointment; moved from Thu 2026-03-19 09:30 to Fri 2026-03-20 12:30 by Ada, "
        "for this appointment only; will be sent at Fri 2026-03-20 12:30."
    )
    any_house.dispatch(FIRST_HOURS)
    assert any_house.dispatch(NEXT_DAY) == {}
    assert any_house.dispatch(at)["sent"] >= 2


def test_quiet_hours_hold_for_it_too(house: House) -> None:
    appointment = house.register()
    make(house, appointment, "tips", at=after(TIPS, hours=13))  # eleven in the evening
    assert house.message(appointment, "tips").due_at == after(TIPS, hours=22)


def test_a_claimed_message_is_taken_out_of_its_engines_hands(any_house: House) -> None:
    appointment = any_house.register()
    any_house.clock.move_to(PREPARE)
    ids = any_house.claim("engine")
    make(any_house, appointment, "prepare", skip=True)
    prepared = any_house.prepare("engine", ids)
    assert (prepared.letters, prepared.settled) == ([], [])
    assert any_house.statuses(appointment)["prepare email"] == "cancelled"


def test_a_note_changes_no_message_and_stands_in_the_timeline(house: House) -> None:
    appointment = house.register()
    before = house.messages(appointment)
    make(house, appointment, "check", note="72 h instead of 48")
    assert house.messages(appointment) == before
    (noted,) = told(house, appointment).adjustments
    assert (noted.adjustment.kind, noted.note, noted.adjustment.by) == (
        AdjustmentKind.NOTE,
        "72 h instead of 48",
        "Ada",
    )
    assert "72 h" not in repr(noted)


def test_what_is_not_said_stays(house: House) -> None:
    appointment = house.register()
    make(house, appointment, "check", skip=True)
    make(house, appointment, "check", note="called her")
    make(house, appointment, "check", at=after(CHECK, days=1))
    in_force = [it for it in told(house, appointment).adjustments if it.lifted_at is None]
    assert [(it.adjustment.kind, it.note) for it in in_force] == [(AdjustmentKind.MOVE, "called her")]
    assert house.message(appointment, "check").due_at == after(CHECK, days=1)


def test_what_is_taken_back_is_as_the_protocol_says(any_house: House) -> None:
    appointment = any_house.register()
    before = {key: (it.status, it.due_at, it.useful_until, it.reasons) for key, it in all_of(any_house, appointment)}
    make(any_house, appointment, "check", skip=True)
    make(any_house, appointment, "tips", at=after(TIPS, days=1))
    take_back(any_house, appointment, "check")
    take_back(any_house, appointment, "tips")
    again = {key: (it.status, it.due_at, it.useful_until, it.reasons) for key, it in all_of(any_house, appointment)}
    assert again == before
    assert history(any_house, appointment)[-1] == "The step tips is as the protocol says again. Ben"
    with pytest.raises(ConflictError, match="no exception is in force for 'tips'"):
        take_back(any_house, appointment, "tips")


def all_of(house: House, appointment: int) -> list[tuple[object, Message]]:
    return list(house.messages(appointment).items())


def test_a_moved_visit_keeps_skips_and_notes_and_an_instant_lapses(any_house: House) -> None:
    appointment = any_house.register()
    make(any_house, appointment, "check", skip=True, note="sees her on Friday")
    make(any_house, appointment, "tips", at=after(TIPS, days=1), note="on holiday")
    move_visit(any_house, appointment, after(VISIT, days=7))
    assert any_house.statuses(appointment)["check sms"] == "cancelled"
    assert any_house.message(appointment, "tips").due_at == after(TIPS, days=7)
    in_force = {it.adjustment.step: it for it in told(any_house, appointment).adjustments if it.lifted_at is None}
    assert in_force["check"].adjustment.kind is AdjustmentKind.SKIP
    assert (in_force["tips"].adjustment.kind, in_force["tips"].note) == (AdjustmentKind.NOTE, "on holiday")
    assert "The step tips is as the protocol says again, since the appointment was moved. desk" in history(
        any_house, appointment
    )


def test_a_visit_that_is_cancelled_and_booked_again_has_its_exceptions_still(house: House) -> None:
    appointment = house.register()
    make(house, appointment, "check", skip=True)
    make(house, appointment, "tips", at=after(TIPS, days=1))
    with house.store.write() as tx:
        call_off(tx, appointment, AppointmentStatus.CANCELLED, now=house.clock.now(), by="desk")
    with pytest.raises(ConflictError, match="is cancelled: nothing is sent about it"):
        make(house, appointment, "next_day", skip=True)
    move_visit(house, appointment, VISIT)
    assert house.statuses(appointment)["check sms"] == "cancelled"
    assert house.message(appointment, "tips").due_at == after(TIPS, days=1)


def test_a_skipped_step_collapses_no_earlier_one(house: House) -> None:
    """Late, check and tips would say what counts now in the place of next_day; but they are not sent."""
    appointment = house.register()
    make(house, appointment, "check", skip=True)
    make(house, appointment, "tips", skip=True)
    house.clock.move_to(after(TIPS, hours=1))
    move_visit(house, appointment, after(VISIT, minutes=1))
    assert house.statuses(appointment)["next_day sms"] == "scheduled"


def test_what_only_a_reply_brings_about_is_skipped_when_it_comes_and_a_person_is_asked(any_house: House) -> None:
    appointment = asked(any_house)
    make(any_house, appointment, "recheck", skip=True)
    taken = answer(any_house, "2", REPLIED)
    assert of_step(any_house, appointment) == [(1, "cancelled", RECHECK)]
    assert (taken.planned, taken.alert) == ((), "reply")
    any_house.dispatch(RECHECK)
    assert of_step(any_house, appointment) == [(1, "cancelled", RECHECK)]


def test_what_a_reply_has_brought_about_is_moved_and_comes_back(any_house: House) -> None:
    appointment = asked(any_house)
    answer(any_house, "2", REPLIED)
    make(any_house, appointment, "recheck", at=after(RECHECK, days=1))
    assert of_step(any_house, appointment) == [(1, "scheduled", after(RECHECK, days=1))]
    make(any_house, appointment, "recheck", skip=True)
    assert of_step(any_house, appointment) == [(1, "cancelled", after(RECHECK))]
    take_back(any_house, appointment, "recheck")
    assert of_step(any_house, appointment) == [(1, "scheduled", RECHECK)]
    assert any_house.why(appointment, "recheck").startswith("2 days after the reply of")


def test_an_instant_that_has_passed_keeps_no_later_reply_from_being_followed_up(house: House) -> None:
    appointment = asked(house)
    make(house, appointment, "recheck", at=after(CHECK, minutes=30))
    answer(house, "2", REPLIED)
    assert of_step(house, appointment) == [(1, "scheduled", RECHECK)]


def test_the_reminder_of_a_question_can_be_skipped_while_it_waits(house: House) -> None:
    appointment = asked(house)
    house.dispatch(after(CHECK, hours=15))  # at night: the reminder waits for eleven
    assert [it[:2] for it in of_step(house, appointment, "check")] == [(1, "accepted"), (2, "scheduled")]
    make(house, appointment, "check", skip=True)
    assert [it[:2] for it in of_step(house, appointment, "check")] == [(1, "accepted"), (2, "cancelled")]


def test_what_was_sent_can_be_neither_skipped_nor_moved_but_noted_upon(any_house: House) -> None:
    appointment = any_house.register()
    any_house.dispatch(PREPARE)
    any_house.clock.move_to(after(PREPARE, minutes=1))
    with pytest.raises(ConflictError, match=f"prepare of appointment {appointment} was sent already"):
        make(any_house, appointment, "prepare", skip=True)
    with pytest.raises(ConflictError, match="was sent already"):
        make(any_house, appointment, "prepare", at=after(PREPARE, days=1))
    make(any_house, appointment, "prepare", note="read it at the desk")
    assert any_house.message(appointment, "prepare", EMAIL).status is Status.ACCEPTED


def test_instants_that_make_no_sense_are_refused_and_change_nothing(house: House) -> None:
    appointment = house.register()
    before = house.messages(appointment)
    with pytest.raises(ConflictError, match="Tue 2026-03-10 10:59 is past"):
        make(house, appointment, "tips", at=after(house.clock.now(), minutes=-1))
    with pytest.raises(ConflictError, match="goes out before the appointment, which begins at Wed 2026-03-18 10:00"):
        make(house, appointment, "prepare", at=after(VISIT, hours=1))
    with pytest.raises(ConflictError, match="goes out after the appointment"):
        make(house, appointment, "tips", at=after(VISIT, hours=-1))
    with pytest.raises(NotFoundError, match="has no step 'chek': did you mean check"):
        make(house, appointment, "chek", skip=True)
    assert house.messages(appointment) == before
    assert told(house, appointment).adjustments == ()
