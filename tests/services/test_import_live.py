"""An export beside a live source: what calls told of a booking, an export of some minutes before does not undo."""

from datetime import datetime, timedelta

from scheduler.domain.localtime import iso
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import CALCOM, calcom, calcom_booking, tell, with_sources
from tests.services.test_words_in_order import dated, take, visits

MOVED = VISIT + timedelta(days=3)
PLAIN = "Booking,Chart,Start,End,Client,Mobile,E-mail,Language,Service,Status,Texts,Emails"


def export(uid: str, start: str, status: str, changed: str = "", email: str = "john.doe@example.com") -> str:
    return f"{uid},,{start},,John Doe,4165550123,{email},,peel,{status},,,{changed}"


def told(any_house: House) -> House:
    """Return a house in which a1 was booked and moved to a2, b1 booked and cancelled, c1 booked."""
    house = with_sources(any_house, CALCOM)
    events: tuple[tuple[str, str, datetime, int, dict[str, str]], ...] = (
        ("BOOKING_CREATED", "a1", VISIT, 1, {}),
        ("BOOKING_RESCHEDULED", "a2", MOVED, 2, {"rescheduleUid": "a1"}),
        ("BOOKING_CREATED", "b1", VISIT + timedelta(days=1), 3, {}),
        ("BOOKING_CANCELLED", "b1", VISIT + timedelta(days=1), 4, {}),
        ("BOOKING_CREATED", "c1", VISIT + timedelta(days=2), 5, {}),
    )
    for event, uid, at, minute, more in events:
        tell(house, calcom(calcom_booking(event, uid, at, REGISTERED + timedelta(minutes=minute), **more)))
    return house


def test_an_undated_export_undoes_nothing_that_a_live_source_told_and_says_where_it_differs(any_house: House) -> None:
    house = told(any_house)
    before = visits(house)
    local = [
        f"{it.starts_at.astimezone(house.configuration.clinic('north').timezone):%Y-%m-%d %H:%M}" for it in before
    ]
    a, b, c = local
    rows = (
        (export("a1", "2026-03-18 10:00", "Confirmed"), "refused", "has another id"),
        (export("a1", "2026-03-18 10:00", "Cancelled"), "unchanged", "never registered"),
        (export("a2", a, "Confirmed"), "unchanged", ""),
        (export("a2", "2026-03-18 10:00", "Confirmed"), "refused", "of another time"),
        (export("a2", a, "Cancelled"), "refused", "is on:"),
        (export("b1", b, "Confirmed"), "refused", "off"),
        (export("b1", b, ""), "unchanged", "cancelled here"),
        (export("b1", b, "Cancelled"), "unchanged", ""),
        (export("c1", c, "Confirmed", email="j.doe@example.com"), "unchanged", "what calcom told says otherwise"),
        (export("c1", c, "No show"), "cancelled", "no-show"),
    )
    for row, result, reason in rows:
        (it,) = take(house, row.removesuffix(","), header=PLAIN).rows
        assert (it.result.value, reason in it.reason) == (result, True), (row, it.result, it.reason)
    assert [(it.external_id, it.starts_at) for it in visits(house)] == [
        (it.external_id, it.starts_at) for it in before
    ]


def test_a_dated_export_is_followed_where_it_is_newer_than_what_a_live_source_told(any_house: House) -> None:
    house = dated(told(any_house))
    old, new = iso(REGISTERED), iso(REGISTERED + timedelta(minutes=9))
    assert take(house, export("a1", "2026-03-18 10:00", "Confirmed", old)).rows[0].result == "refused"
    assert take(house, export("c1", "2026-03-27 10:00", "Confirmed", old)).rows[0].result == "unchanged"
    assert take(house, export("c1", "2026-03-27 10:00", "Confirmed", new)).rows[0].result == "rescheduled"
