"""Several words of one booking that seem the same: of one instant, under one id of a call, of two people who come."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduler.domain.booking_event import EventState
from scheduler.services.appointments import reschedule
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    OURS,
    Signed,
    calcom,
    calcom_booking,
    events,
    on,
    ours,
    outcomes,
    tell,
    visits,
    with_sources,
)

CLIENT = {"names": ["Zoë", "Lachance"], "mobile": "416 555 0123"}
NOON = VISIT.replace(hour=16)


def said(house: House, call: str, word: str = "new", time: str = "10:00", *, second: int = 0, **more: Any) -> Signed:
    """Return a call of our own system about its booking 7, in Toronto's time; it writes whole seconds."""
    at = REGISTERED.replace(second=second).isoformat()
    visit = {"id": 7, "day": "2026-03-18", "time": time, "what": "peel"}
    return ours({"id": call, "type": word, "at": at, "visit": visit, "client": CLIENT, **more}, house.clock.now())


def test_of_two_words_of_one_instant_the_one_that_came_last_counts(any_house: House) -> None:
    house = with_sources(any_house, OURS)
    tell(house, said(house, "e1"), said(house, "e2", "moved", "12:00"))
    assert on(house) == [("7", NOON)]
    assert "of the same instant" in events(house)[-1].reason
    tell(house, said(house, "e3", "off", second=1), said(house, "e4", time="11:00", second=1))
    assert on(house) == [("7", VISIT.replace(hour=15))]
    tell(house, said(house, "e5", time="10:00", second=1))
    assert on(house) == [("7", VISIT)], "a booking that is dated by when it was made, moved back"
    tell(house, said(house, "e6", "off", second=1))
    assert on(house) == []


def test_a_double_of_one_instant_that_comes_late_is_known_as_one(any_house: House) -> None:
    house = with_sources(any_house, OURS)
    tell(house, said(house, "e1"), said(house, "e2", "moved", "12:00"))
    tell(house, said(house, "e1", attempt=2), said(house, "e1", attempt=3))
    assert on(house) == [("7", NOON)]
    assert outcomes(house)[2:] == ["older", "older"]


def test_a_word_of_one_instant_that_is_refused_keeps_back_what_was_booked(house: House) -> None:
    with_sources(house, OURS)
    visit = {"id": 7, "day": "2026-03-18", "time": "12:00", "what": "haircut"}
    tell(house, said(house, "e1"), said(house, "e2", visit=visit))
    assert on(house) == []
    assert events(house)[-1].state is EventState.REFUSED


def test_what_staff_decided_meanwhile_is_not_undone_by_a_word_that_came_before_it(house: House) -> None:
    """A source that dates its words by when the booking was made: each is as new as its arrival."""
    with_sources(house, OURS)
    tell(house, said(house, "e1"))
    house.clock.move_to(REGISTERED.replace(minute=30))
    reschedule_by_hand(house, VISIT.replace(hour=20))
    tell(house, said(house, "e2", "moved", "12:00"))
    assert on(house) == [("7", NOON)]


def test_calls_under_one_id_of_which_each_says_something_else_are_each_followed(any_house: House) -> None:
    house = with_sources(any_house, OURS)
    tell(house, said(house, "7"), said(house, "7"), said(house, "7", "moved", "12:00", second=5))
    assert on(house) == [("7", NOON)]
    tell(house, said(house, "7", "off", second=9))
    assert on(house) == []
    assert outcomes(house) == ["registered", "moved", "called_off"]


def reschedule_by_hand(house: House, to: datetime) -> None:
    with house.store.write() as tx:
        reschedule(tx, house.configuration, visits(house)[0], starts_at=to, now=house.clock.now(), by="desk")


GUEST = "friend@example.com"


@pytest.mark.parametrize(
    ("came", "status", "state"),
    [
        ({"john.doe@example.com": False, GUEST: True}, "booked", "done"),
        ({"John.Doe@example.com": True, GUEST: False}, "no_show", "done"),
        ({"john.doe@example.com": True}, "no_show", "done"),
        ({GUEST: True}, "booked", "refused"),
        ({}, "booked", "done"),
    ],
)
def test_who_comes_along_and_did_not_come_is_not_the_patient(
    house: House, came: dict[str, bool], status: str, state: str
) -> None:
    with_sources(house, CALCOM)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "a", VISIT, REGISTERED)))
    people = [{"email": email, "noShow": missed} for email, missed in came.items()]
    at = REGISTERED.replace(minute=5).isoformat()
    payload = {"bookingUid": "a", "attendees": people}
    tell(house, calcom({"triggerEvent": "BOOKING_NO_SHOW_UPDATED", "createdAt": at, "payload": payload}))
    assert ([it.status.value for it in visits(house)], events(house)[-1].state.value) == ([status], state)


def test_who_booked_with_a_number_alone_is_known_by_it_when_nobody_came(house: House) -> None:
    with_sources(house, CALCOM)
    mail = "14165550123@sms.cal.com"
    attendee = {"name": "John Doe", "email": mail, "phoneNumber": "+14165550123"}
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "a", VISIT, REGISTERED, attendees=[attendee])))
    at = REGISTERED.replace(minute=5).isoformat()
    people = [{"email": GUEST, "noShow": False}, {"email": mail, "noShow": True}]
    payload = {"bookingUid": "a", "attendees": people}
    tell(house, calcom({"triggerEvent": "BOOKING_NO_SHOW_UPDATED", "createdAt": at, "payload": payload}))
    assert [it.status.value for it in visits(house)] == ["no_show"]


def test_the_only_one_who_did_not_come_is_the_patient_whatever_mailbox_that_has_now(house: House) -> None:
    with_sources(house, CALCOM)
    attendees = [
        {"name": "John Doe", "email": mail, "phoneNumber": "+14165550123"}
        for mail in ("john.doe@example.com", "new@example.com")
    ]
    for number, (uid, attendee) in enumerate(zip("ab", attendees, strict=True)):
        at, start = REGISTERED + timedelta(minutes=number), VISIT + timedelta(days=number)
        responses = {"name": {"value": "John Doe"}, "email": {"value": attendee["email"]}}
        more = {"attendees": [attendee], "responses": responses}
        tell(house, calcom(calcom_booking("BOOKING_CREATED", uid, start, at, **more)))
    assert len({it.patient_id for it in visits(house)}) == 1
    for minute, mail in ((5, GUEST), (6, "John.Doe@example.com")):
        payload = {"bookingUid": "a", "attendees": [{"email": mail, "noShow": True}]}
        said_at = REGISTERED.replace(minute=minute).isoformat()
        tell(house, calcom({"triggerEvent": "BOOKING_NO_SHOW_UPDATED", "createdAt": said_at, "payload": payload}))
    assert outcomes(house)[2:] == ["older", "called_off"], "what was refused of a guest is settled by what is taken"
    assert [it.status.value for it in visits(house)] == ["no_show", "booked"]


def test_what_is_said_again_after_it_was_called_off_in_one_instant_waits_for_a_person(house: House) -> None:
    with_sources(house, OURS)
    tell(house, said(house, "1", "new"), said(house, "2", "off"), said(house, "9", "new"))
    assert (on(house), outcomes(house)) == ([], ["registered", "called_off", "refused"])
    tell(house, said(house, "10", "new", second=1))
    assert (len(on(house)), outcomes(house)[2:]) == (1, ["older", "moved"])
