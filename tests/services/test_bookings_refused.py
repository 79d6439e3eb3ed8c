"""A call that is refused keeps nothing back that is newer than it, and who sets it aside hears what stays off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.booking_event import EventState
from scheduler.services.appointments import reschedule
from scheduler.services.bookings.events import put_aside, try_again
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    CALENDLY,
    SECRETS,
    Signed,
    calcom,
    calcom_booking,
    calendly,
    calendly_invitee,
    events,
    on,
    tell,
    visits,
    with_sources,
)
from tests.services.test_words_in_order import dated, row, said

UNKNOWN: dict[str, Any] = {"type": "haircut", "eventTitle": "Hair", "title": "Hair"}
ELSEWHEN = VISIT + timedelta(days=2)


def changed(at: str, booking: str = "V", **more: str) -> str:
    return row(at, booking=booking, name="John Doe", phone="", email="john.doe@example.com", **more)


def refused(at: datetime, booking: str = "V") -> Signed:
    return calcom(calcom_booking("BOOKING_CREATED", booking, ELSEWHEN, at, **UNKNOWN))


def again(house: House, number: int) -> EventState:
    (event,) = try_again(house.store, house.configuration, house.clock, [number], secret_of=SECRETS.get)
    return event.state


def mend(house: House) -> None:
    north = house.configuration.clinics["north"]
    mended = replace(north, imports=replace(north.imports, treatments={"Haircut": "peel"}))
    house.configuration = replace(house.configuration, clinics={**house.configuration.clinics, "north": mended})


def test_an_older_call_that_is_refused_keeps_nothing_back_of_what_was_said_later(any_house: House) -> None:
    house = with_sources(dated(any_house), CALCOM)
    assert said(house, changed("2026-03-09 12:00")) == ["registered"]
    before = on(house)
    tell(house, refused(datetime(2026, 3, 8, tzinfo=UTC)))
    assert on(house) == before
    assert (events(house)[-1].state, events(house)[-1].appointment) == (EventState.REFUSED, None)
    mend(house)
    assert again(house, 1) is EventState.DONE
    assert on(house) == before


def test_what_was_kept_back_is_on_again_by_a_newer_word_and_stays_so(any_house: House) -> None:
    house = with_sources(dated(any_house), CALCOM)
    said(house, changed("2026-03-09 12:00"))
    tell(house, refused(datetime(2026, 3, 9, 20, tzinfo=UTC)))
    assert on(house) == []
    assert again(house, 1) is EventState.REFUSED
    assert events(house)[-1].appointment == visits(house)[0].id, "refused again, it still says what it took off"
    assert said(house, changed("2026-03-09 18:00")) == ["rescheduled"]
    before = on(house)
    assert len(before) == 1
    assert again(house, 1) is EventState.REFUSED
    assert on(house) == before
    mend(house)
    assert again(house, 1) is EventState.DONE
    assert on(house) == before


def test_what_a_refused_call_kept_back_is_taken_by_it_once_it_can_be(any_house: House) -> None:
    house = with_sources(dated(any_house), CALCOM)
    said(house, changed("2026-03-09 12:00"))
    tell(house, refused(datetime(2026, 3, 9, 20, tzinfo=UTC)))
    mend(house)
    assert again(house, 1) is EventState.DONE
    assert on(house) == [("V", ELSEWHEN)]


def test_a_refused_call_from_before_staff_decided_keeps_nothing_back(any_house: House) -> None:
    house = with_sources(dated(any_house), CALCOM)
    said(house, changed("2026-03-07 12:00"))
    moved = VISIT + timedelta(days=5)
    with house.store.write() as tx:
        (visit,) = visits(house)
        reschedule(tx, house.configuration, visit, starts_at=moved, now=house.clock.now(), by="anna")
    tell(house, refused(REGISTERED - timedelta(days=1)))
    assert on(house) == [("V", moved)]
    assert again(house, 1) is EventState.REFUSED
    assert on(house) == [("V", moved)]


def test_who_sets_aside_what_kept_an_appointment_back_hears_that_it_stays_off(any_house: House) -> None:
    house = with_sources(dated(any_house), CALCOM)
    said(house, changed("2026-03-07 12:00"), changed("2026-03-07 12:00", "W", start="2026-03-19 10:00"))
    tell(house, *(refused(REGISTERED - timedelta(days=1), it) for it in "VW"))
    first, second = visits(house)
    with house.store.write() as tx:
        reschedule(tx, house.configuration, second, starts_at=VISIT, now=house.clock.now(), by="anna")
    off, on_again = put_aside(house.store, [1, 2], now=house.clock.now())
    assert visits(house)[0].status is AppointmentStatus.CANCELLED
    assert off.reason.endswith(f"It was set aside: appointment {first.id} stays cancelled; reschedule it if it is on")
    assert [it.code for it in off.why][-1] == "left_off"
    assert "called off" not in off.reason
    assert "set aside" not in on_again.reason
    assert [it.code for it in on_again.why][-1] != "left_off"


def test_a_booking_that_a_call_called_off_is_not_registered_by_an_older_word(any_house: House) -> None:
    house = with_sources(dated(any_house), CALCOM)
    tell(house, calcom(calcom_booking("BOOKING_CANCELLED", "V", VISIT, datetime(2026, 3, 9, 20, tzinfo=UTC))))
    house = with_sources(house)
    assert said(house, changed("2026-03-08 12:00")) == ["unchanged"]
    assert said(house, changed("2026-03-09 18:00")) == ["registered"]


def test_a_refused_call_is_settled_by_a_later_one_of_its_booking_that_is_taken_or_off(any_house: House) -> None:
    house = with_sources(any_house, CALCOM)
    at = [REGISTERED + timedelta(minutes=it) for it in range(9)]
    tell(
        house, refused(at[2], "A"), refused(at[2], "B"), refused(at[2], "C"), refused(at[2], "D"), refused(at[2], "E")
    )
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "A", VISIT, at[3])))
    tell(house, calcom(calcom_booking("BOOKING_CANCELLED", "B", VISIT, at[3])))
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "C", ELSEWHEN, at[1])))
    tell(house, calcom(calcom_booking("BOOKING_RESCHEDULED", "D2", VISIT, at[4], rescheduleUid="D", **UNKNOWN)))
    open_ones = [it.id for it in events(house) if it.state is EventState.REFUSED]
    assert open_ones == [3, 4, 5, 9], "older than what was said, or not taken either: a person looks still"
    later = VISIT + timedelta(days=9)
    tell(house, calcom(calcom_booking("BOOKING_RESCHEDULED", "D2", later, at[5], rescheduleUid="D")))
    assert [it.id for it in events(house) if it.state is EventState.REFUSED] == [3, 5]
    assert [it.outcome.value for it in events(house)[:2] if it.outcome] == ["older", "older"]


def test_a_call_that_is_refused_under_the_id_of_now_is_not_settled_by_the_end_of_the_old_one(house: House) -> None:
    with_sources(house, CALENDLY)
    at, words = REGISTERED, {"name": "Hair"}
    first = calendly_invitee("invitee.created", "y1", VISIT, at)
    moved = calendly_invitee("invitee.created", "y2", ELSEWHEN, at + timedelta(minutes=2), old_invitee="y1")
    moved["payload"]["scheduled_event"].update(words)
    off = calendly_invitee("invitee.canceled", "y1", VISIT, at + timedelta(minutes=2), new_invitee="y2")
    tell(house, *(calendly(it, house.clock.now()) for it in (first, moved, off)))
    assert [it.state.value for it in events(house)] == ["done", "refused", "done"]
