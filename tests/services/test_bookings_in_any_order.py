"""Whatever order the calls of a booking's life come in, and however often: what takes place is what is true."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services.house import REGISTERED, VISIT, House
from tests.services.telling import (
    CALCOM,
    CALENDLY,
    Signed,
    calcom,
    calcom_booking,
    calendly,
    calendly_invitee,
    call_off_all,
    on,
    tell,
    with_sources,
)

DAYS = [VISIT + timedelta(days=number) for number in range(4)]


def at(number: int) -> datetime:
    return REGISTERED + timedelta(minutes=number)


def calcom_life(who: str, moves: int, *, ends: bool) -> list[Signed]:
    """Return the calls of a booking that is moved so often, and then cancelled or not, in their order."""
    calls = [calcom_booking("BOOKING_CREATED", f"{who}0", DAYS[0], at(0))]
    for number in range(1, moves + 1):
        before = f"{who}{number - 1}"
        calls.append(
            calcom_booking("BOOKING_RESCHEDULED", f"{who}{number}", DAYS[number], at(number), rescheduleUid=before)
        )
    if ends:
        calls.append(calcom_booking("BOOKING_CANCELLED", f"{who}{moves}", DAYS[moves], at(moves + 1)))
    return [calcom(call) for call in calls]


def calendly_life(who: str, moves: int, *, ends: bool) -> list[Signed]:
    signed = REGISTERED
    calls = [calendly_invitee("invitee.created", f"{who}0", DAYS[0], at(0))]
    for number in range(1, moves + 1):
        old, new = f"{who}{number - 1}", f"{who}{number}"
        calls += [
            calendly_invitee("invitee.canceled", old, DAYS[number - 1], at(number), new_invitee=new),
            calendly_invitee("invitee.created", new, DAYS[number], at(number), old_invitee=old),
        ]
    if ends:
        calls.append(calendly_invitee("invitee.canceled", f"{who}{moves}", DAYS[moves], at(moves + 1)))
    return [calendly(call, signed) for call in calls]


NUMBERS = count()
"""Every life has ids of its own: a call that came before is known."""
LIVES = {"calcom": calcom_life, "calendly": calendly_life}


def expected(who: str, moves: int, *, ends: bool) -> list[tuple[str | None, datetime]]:
    return [] if ends else [(f"{who}{moves}", DAYS[moves])]


@pytest.mark.parametrize("system", LIVES)
def test_every_order_of_a_life_ends_in_one_truth(house: House, system: str) -> None:
    """All orders of a booking that is moved once, with and without an end, each under ids of its own."""
    with_sources(house, CALCOM, CALENDLY)
    number = 0
    for ends in (False, True):
        for order in permutations(range(len(LIVES[system]("x", 1, ends=ends)))):
            number += 1
            who = f"w{number}-"
            life = LIVES[system](who, 1, ends=ends)
            tell(house, *(life[index] for index in order))
            mine = [it for it in on(house) if (it[0] or "").startswith(who)]
            assert mine == expected(who, 1, ends=ends), order
            call_off_all(house)


@st.composite
def lives(draw: st.DrawFn) -> "Life":
    """Return a booking's life in some order, some of its calls more than once."""
    shuffle = draw(st.randoms(use_true_random=False))
    system, moves, ends = draw(st.sampled_from(sorted(LIVES))), draw(st.integers(0, 3)), draw(st.booleans())
    return Life.of(f"{next(NUMBERS)}-", system, moves, ends=ends, shuffle=shuffle)


@dataclass(frozen=True)
class Life:
    """The calls of one booking as they come, and what takes place when all have come."""

    who: str
    calls: list[Signed]
    expected: list[tuple[str | None, datetime]]

    @classmethod
    def of(cls, who: str, system: str, moves: int, *, ends: bool, shuffle: random.Random) -> "Life":
        life = LIVES[system](who, moves, ends=ends)
        calls = [*life, *(shuffle.choice(life) for _ in range(shuffle.randint(0, 3)))]
        shuffle.shuffle(calls)
        return cls(who, calls, expected(who, moves, ends=ends))

    def come_to(self, house: House) -> None:
        """Let them come, and look."""
        with_sources(house, CALCOM, CALENDLY)
        call_off_all(house)
        tell(house, *self.calls)
        assert [it for it in on(house) if (it[0] or "").startswith(self.who)] == self.expected


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(life=lives())
def test_any_shuffle_of_a_life_with_doubles_ends_in_one_truth(house: House, life: Life) -> None:
    life.come_to(house)


def test_so_it_is_on_either_database(any_house: House) -> None:
    shuffle = random.Random(7)
    for number in range(6):
        Life.of(f"{number}-", sorted(LIVES)[number % 2], 2, ends=number > 3, shuffle=shuffle).come_to(any_house)


def test_a_call_that_is_as_old_as_another_keeps_the_message_back(house: House) -> None:
    with_sources(house, CALCOM)
    created = calcom(calcom_booking("BOOKING_CREATED", "a", VISIT, at(0)))
    off = calcom(calcom_booking("BOOKING_CANCELLED", "a", VISIT, at(0)))
    tell(house, created, off)
    assert on(house) == []
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "a", VISIT, at(0), price=1)))
    assert on(house) == []


def test_a_clock_that_is_years_ahead_keeps_nothing_out(house: House) -> None:
    with_sources(house, CALCOM)
    far = datetime(2090, 1, 1, tzinfo=VISIT.tzinfo)
    tell(house, calcom(calcom_booking("BOOKING_CREATED", "a", VISIT, far)))
    house.clock.move_to(at(5))
    tell(house, calcom(calcom_booking("BOOKING_CANCELLED", "a", VISIT, at(5))))
    assert on(house) == []


def test_ids_that_replace_each_other_in_a_circle_are_one_booking(house: House) -> None:
    with_sources(house, CALCOM)
    tell(house, calcom(calcom_booking("BOOKING_RESCHEDULED", "a", DAYS[0], at(0), rescheduleUid="b")))
    tell(house, calcom(calcom_booking("BOOKING_RESCHEDULED", "b", DAYS[1], at(1), rescheduleUid="a")))
    assert len(on(house)) == 1
