"""What staff do with an appointment, and what becomes of its messages."""

from datetime import UTC, datetime

import pytest

from scheduler.domain.appointment import AppointmentCause, AppointmentStatus
from scheduler.domain.states import Status
from scheduler.errors import ConflictError, NotFoundError
from scheduler.services import appointments
from scheduler.store.appointments import get_appointment
from scheduler.store.events import events_of
from tests.servers.behaviours import refuse
from tests.servers.smtp import At, SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import (
    CHECK,
    EMAIL,
    FIRST_HOURS,
    MAIL,
    PREPARE,
    SMS,
    VISIT,
    House,
    after,
)


def move(house: House, appointment: int, to: datetime) -> None:
    with house.store.write() as tx:
        found = get_appointment(tx, appointment)
        appointments.reschedule(tx, house.configuration, found, starts_at=to, now=house.clock.now(), by="desk")


def call_off(house: House, appointment: int, status: AppointmentStatus = AppointmentStatus.CANCELLED) -> None:
    with house.store.write() as tx:
        appointments.call_off(tx, appointment, status, now=house.clock.now(), by="desk")


def complete(house: House, appointment: int) -> None:
    with house.store.write() as tx:
        appointments.complete(tx, get_appointment(tx, appointment), now=house.clock.now(), by="desk")


def test_a_move_takes_what_is_unsent_along_and_leaves_what_was_sent(any_house: House) -> None:
    appointment = any_house.register()
    any_house.dispatch(PREPARE)
    sent = any_house.message(appointment, "prepare", EMAIL)
    move(any_house, appointment, after(VISIT, days=2))
    assert any_house.message(appointment, "prepare", EMAIL) == sent
    assert any_house.message(appointment, "check").due_at == after(CHECK, days=2)
    assert any_house.message(appointment, "check").useful_until == after(CHECK, days=5)
    assert any_house.dispatch(PREPARE) == {}
    assert any_house.dispatch(after(FIRST_HOURS, days=2)) == {"sent": 1}


def test_a_move_and_back_again_is_as_if_nothing_had_happened(house: House) -> None:
    appointment = house.register()
    before = {key: (it.status, it.due_at, it.reasons) for key, it in house.messages(appointment).items()}
    move(house, appointment, after(VISIT, days=9))
    move(house, appointment, VISIT)
    again = {key: (it.status, it.due_at, it.reasons) for key, it in house.messages(appointment).items()}
    assert again == before


def test_what_expired_comes_back_when_the_visit_moves_on(house: House) -> None:
    house.clock.move_to(after(VISIT, hours=-3))
    appointment = house.register()
    assert house.message(appointment, "prepare", EMAIL).status is Status.SCHEDULED  # still useful: the visit is ahead
    house.clock.move_to(after(VISIT, hours=4))
    house.dispatch(after(VISIT, hours=4))
    assert house.message(appointment, "prepare", EMAIL).status is Status.EXPIRED
    move(house, appointment, after(VISIT, days=7))
    assert house.message(appointment, "prepare", EMAIL).status is Status.SCHEDULED
    assert house.dispatch(after(PREPARE, days=7)) == {"sent": 1}


def test_cancelling_stops_all_that_is_to_come_and_leaves_what_was_sent(house: House) -> None:
    appointment = house.register()
    house.dispatch(PREPARE)
    call_off(house, appointment)
    statuses = house.statuses(appointment)
    assert statuses.pop("prepare email") == "accepted"
    assert set(statuses.values()) == {"cancelled"}
    assert house.why(appointment, "check") == "The appointment was cancelled."
    assert house.dispatch(CHECK) == {}


def test_a_cancelled_appointment_that_is_booked_again_is_planned_anew(any_house: House) -> None:
    """Cal-ID#790: a booking that was cancelled and made again at the same time got no reminders."""
    appointment = any_house.register(external_id="B-1")
    any_house.enter(any_house.registration(external_id="B-1", status="cancelled"), follow=True)
    done = any_house.enter(any_house.registration(external_id="B-1", status="booked"), follow=True)
    assert (done.result, done.reason) == ("rescheduled", "booked again")
    assert any_house.appointment(appointment).status is AppointmentStatus.BOOKED
    assert set(any_house.statuses(appointment).values()) == {"scheduled"}
    assert any_house.dispatch(PREPARE) == {"sent": 1}


def test_what_was_sent_before_a_cancellation_is_not_sent_again_after_it(house: House) -> None:
    appointment = house.register()
    house.dispatch(PREPARE)
    call_off(house, appointment)
    move(house, appointment, VISIT)
    assert house.dispatch(after(PREPARE, hours=1)) == {}
    assert house.dispatch(FIRST_HOURS) == {"sent": 1}


def test_a_no_show_gets_no_aftercare(house: House) -> None:
    appointment = house.register()
    house.clock.move_to(after(VISIT, hours=1))
    call_off(house, appointment, AppointmentStatus.NO_SHOW)
    assert house.why(appointment, "check") == "The patient did not come."
    assert house.dispatch(CHECK) == {}


def test_completing_a_visit_that_has_begun_changes_no_message(house: House) -> None:
    appointment = house.register()
    before = house.messages(appointment)
    with pytest.raises(ConflictError, match="is still to come"):
        complete(house, appointment)
    house.clock.move_to(VISIT)
    complete(house, appointment)
    assert house.messages(appointment) == before
    assert house.appointment(appointment).status is AppointmentStatus.COMPLETED


def test_what_was_called_off_is_not_completed_but_booked_again_first(house: House) -> None:
    appointment = house.register()
    call_off(house, appointment)
    house.clock.move_to(VISIT)
    with pytest.raises(ConflictError, match=f"aftercare reschedule {appointment} --at"):
        complete(house, appointment)


def test_an_appointment_that_is_not_there_is_not_found(house: House) -> None:
    with pytest.raises(NotFoundError, match="there is no appointment 77"):
        call_off(house, 77)


def test_each_change_is_in_the_history_with_who_made_it(house: House) -> None:
    appointment = house.register()
    move(house, appointment, after(VISIT, days=1))
    call_off(house, appointment)
    move(house, appointment, after(VISIT, days=1))
    with house.store.read() as tx:
        history = [(it.cause, it.by) for it in events_of(tx, appointment) if isinstance(it.cause, AppointmentCause)]
    assert history == [
        (AppointmentCause.REGISTERED, "test"),
        (AppointmentCause.RESCHEDULED, "desk"),
        (AppointmentCause.CANCELLED, "desk"),
        (AppointmentCause.BOOKED, "desk"),
    ]


def test_a_visit_of_known_length_keeps_it_when_it_is_moved(house: House) -> None:
    appointment = house.register(ends_at=after(VISIT, minutes=90).isoformat())
    move(house, appointment, after(VISIT, days=1))
    assert house.appointment(appointment).ends_at == after(VISIT, days=1, minutes=90)
    assert house.message(appointment, "first_hours").due_at == after(VISIT, days=1, minutes=90 + 120)


def test_a_move_over_the_end_of_summer_time_keeps_the_wall_clock(house: House) -> None:
    """Toronto's clocks go back on 1 November 2026: ten in the morning is 14:00 UTC before and 15:00 UTC after."""
    appointment = house.register(starts_at="2026-10-26T10:00")
    assert house.message(appointment, "check").due_at == datetime(2026, 10, 28, 14, tzinfo=UTC)
    move(house, appointment, datetime(2026, 10, 31, 14, tzinfo=UTC))
    assert house.message(appointment, "check").due_at == datetime(2026, 11, 2, 15, tzinfo=UTC)
    assert house.message(appointment, "prepare", EMAIL).due_at == datetime(2026, 10, 29, 14, tzinfo=UTC)


def test_a_message_that_an_engine_has_claimed_is_moved_out_of_its_hands(any_house: House) -> None:
    appointment = any_house.register()
    any_house.clock.move_to(PREPARE)
    ids = any_house.claim("engine")
    assert len(ids) == 1
    move(any_house, appointment, after(VISIT, days=1))
    prepared = any_house.prepare("engine", ids)
    assert (prepared.letters, prepared.settled) == ([], [])
    message = any_house.message(appointment, "prepare", EMAIL)
    assert (message.status, message.due_at) == (Status.SCHEDULED, after(PREPARE, days=1))
    assert any_house.dispatch(after(PREPARE, days=1)) == {"sent": 1}


def test_a_message_that_an_engine_has_claimed_can_be_cancelled(any_house: House) -> None:
    appointment = any_house.register()
    any_house.clock.move_to(PREPARE)
    ids = any_house.claim("engine")
    call_off(any_house, appointment)
    assert any_house.prepare("engine", ids).letters == []
    assert any_house.statuses(appointment)["prepare email"] == "cancelled"


def test_a_first_channel_learned_later_takes_over_at_the_next_plan_and_the_other_stays_in_reserve(
    live: House, twilio: TwilioServer
) -> None:
    appointment = live.register(external_id="B-1", phone="")
    assert live.message(appointment, "check", EMAIL).fallback == (SMS,)
    live.enter(live.registration(external_id="B-1", starts_at=after(VISIT, days=1).isoformat()), follow=True)
    assert live.statuses(appointment)["check sms"] == "scheduled"
    assert live.statuses(appointment)["check email"] == "cancelled"
    twilio.default = refuse(400, 21211)
    live.dispatch(after(CHECK, days=1))
    assert live.statuses(appointment)["check sms"] == "failed"
    assert live.statuses(appointment)["check email"] == "accepted"


def test_the_other_channel_of_first_of_is_used_again_after_a_move(any_house: House) -> None:
    """The message in its place exists already, cancelled by the move: it must come back, not be taken for there."""
    appointment = any_house.register(consent_sms="no")
    evening = after(CHECK, hours=11)  # nine in the evening: the email waits for the morning
    any_house.dispatch(evening)
    assert any_house.statuses(appointment)["check email"] == "scheduled"
    move(any_house, appointment, after(VISIT, days=5))
    any_house.dispatch(after(CHECK, days=5))
    assert any_house.statuses(appointment)["check sms"] == "suppressed"
    assert any_house.statuses(appointment)["check email"] == "accepted"
    assert any_house.message(appointment, "check", EMAIL).due_at == after(CHECK, days=5)


def test_a_move_keeps_the_channel_that_took_the_place_of_one_that_failed_for_good(
    any_live: House, twilio: TwilioServer, smtp: SmtpServer
) -> None:
    appointment = any_live.register()
    twilio.default = refuse(400, 21211)
    smtp.replies[At.RCPT, MAIL] = ["451 4.3.0 later"]
    any_live.dispatch(CHECK)
    assert any_live.statuses(appointment)["check sms"] == "failed"
    assert any_live.statuses(appointment)["check email"] == "scheduled"
    move(any_live, appointment, after(VISIT, days=5))
    any_live.dispatch(after(CHECK, days=5))
    assert any_live.statuses(appointment)["check email"] == "accepted"
    assert "instead of SMS, which did not work" in any_live.why(appointment, "check", EMAIL)
