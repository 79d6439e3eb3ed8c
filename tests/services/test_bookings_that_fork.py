"""A link that moves a booking works twice at Cal.com (calcom/cal.com#12922): two bookings took the place of one.

Its calls come in every order, and some of them twice: one visit takes place, at the time of the booking made last.
"""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest
import sqlalchemy as sa

from scheduler.store.source_tables import booking_events
from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    Signed,
    calcom,
    calcom_booking,
    call_off_all,
    events,
    on,
    outcomes,
    tell,
    visits,
    with_sources,
)

DAYS = {name: VISIT + timedelta(days=number) for number, name in enumerate("ABCD")}
Call = Callable[[str], Signed]


def made(name: str, at: int) -> Call:
    return lambda who: said("BOOKING_CREATED", who, name, at)


def moved(name: str, before: str, at: int) -> Call:
    return lambda who: said("BOOKING_RESCHEDULED", who, name, at, rescheduleId=90, rescheduleUid=who + before)


def asked(name: str, before: str, at: int) -> Call:
    """Return a move that the clinic has to confirm."""
    return lambda who: said("BOOKING_REQUESTED", who, name, at, rescheduleUid=who + before, status="PENDING")


def off(name: str, at: int, to: str | None = None) -> Call:
    return lambda who: said("BOOKING_CANCELLED", who, name, at, rescheduledToUid=to and who + to, status="CANCELLED")


def said(event: str, who: str, name: str, at: int, **more: object) -> Signed:
    return calcom(calcom_booking(event, who + name, DAYS[name], REGISTERED + timedelta(minutes=at), **more))


FORK = [made("A", 0), moved("B", "A", 1), moved("C", "A", 2)]
STORIES: dict[str, tuple[list[Call], str]] = {
    "moved twice, one after the other": ([made("A", 0), moved("B", "A", 1), moved("C", "B", 2)], "C"),
    "moved, and the old one called off": (
        [made("A", 0), off("A", 1, "B"), moved("B", "A", 1), moved("C", "B", 2)],
        "C",
    ),
    "moved twice by the same link": (FORK, "C"),
    "and the earlier one is called off": ([*FORK, off("B", 3)], "C"),
    "and the later one is called off": ([*FORK, off("C", 3)], "B"),
    "and both are called off": ([*FORK, off("C", 3), off("B", 4)], ""),
    "and the earlier one is moved on": ([*FORK, moved("D", "B", 3)], "D"),
    "and the later one is moved on": ([*FORK, moved("D", "C", 3)], "D"),
    "and the first says where it went": ([*FORK, off("A", 1, "B")], "C"),
    "a move that waits for a yes": ([made("A", 0), asked("B", "A", 1), made("B", 2), moved("C", "A", 3)], "C"),
}


def see(house: House, story: str, who: str, order: list[Call]) -> None:
    _, last = STORIES[story]
    tell(house, *(call(who) for call in order))
    mine = [it for it in on(house) if (it[0] or "").startswith(who)]
    assert mine == ([(who + last, DAYS[last])] if last else []), (story, who)


@pytest.mark.long
@pytest.mark.parametrize("story", STORIES)
def test_every_order_of_a_fork_ends_in_one_visit(house: House, story: str) -> None:
    with_sources(house, CALCOM)
    for number, order in enumerate(permutations(STORIES[story][0])):
        call_off_all(house)
        see(house, story, f"w{number}-", [*order, order[number % len(order)]])


def test_the_turns_of_a_fork_end_in_one_visit_on_either_database(any_house: House) -> None:
    """As they came, the other way round, and each of them twice."""
    with_sources(any_house, CALCOM)
    for number, (story, (calls, _)) in enumerate(STORIES.items()):
        for way, order in enumerate(([*calls, *calls], calls[::-1])):
            call_off_all(any_house)
            see(any_house, story, f"w{number}{way}-", order)


def test_what_the_other_of_two_had_said_is_followed_once_the_later_one_is_off(house: House) -> None:
    with_sources(house, CALCOM)
    tell(house, *(call("x") for call in FORK))
    assert outcomes(house) == ["registered", "moved", "moved"]
    tell(house, off("C", 3)("x"))
    assert outcomes(house) == ["registered", "moved", "moved", "called_off"]
    assert "is read again" in events(house)[-1].reason
    assert [(it.external_id, it.status.value) for it in visits(house)] == [("xB", "booked")]


def test_where_that_is_kept_no_more_a_person_is_told_so(house: House) -> None:
    with_sources(house, CALCOM)
    tell(house, *(call("x") for call in FORK))
    house.clock.move_to(REGISTERED + timedelta(days=40))
    with house.store.write() as tx:
        tx.connection.execute(sa.delete(booking_events))
    tell(house, off("C", 3)("x"))
    assert "register it by hand" in events(house)[-1].reason
    assert on(house) == []
