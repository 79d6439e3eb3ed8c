"""Counts of what is in flight: kept only where counting is dear, and let go of by an apply."""

from collections.abc import Iterator
from itertools import count as counting

from scheduler.domain.access import EVERYWHERE, Scope
from scheduler.services.flight_counts import FlightCounts
from scheduler.services.schedule_work import ScheduleWork
from tests.services.editing import edited, moved
from tests.services.house import House
from tests.web.desk import desk_of


def clock(step: float) -> Iterator[float]:
    return (place * step for place in counting())


def test_what_costs_nothing_is_counted_each_time(any_house: House) -> None:
    ticks = clock(0.001)
    counts = FlightCounts(lambda: next(ticks))
    assert counts.look(desk_of(any_house), EVERYWHERE).counts == {}
    any_house.register()
    assert counts.look(desk_of(any_house), EVERYWHERE).counts == {("north", "peel"): 1}
    assert counts.look(desk_of(any_house), Scope(frozenset({"south"}))).counts == {}


def test_what_is_dear_is_kept_for_a_while_and_let_go_of(house: House) -> None:
    ticks = clock(0.2)
    counts = FlightCounts(lambda: next(ticks))
    desk = desk_of(house)
    assert counts.look(desk, EVERYWHERE).counts == {}
    house.register()
    assert counts.look(desk, EVERYWHERE).counts == {}
    counts.forget()
    assert counts.look(desk, EVERYWHERE).counts == {("north", "peel"): 1}
    for _ in range(60):
        counts.look(desk, EVERYWHERE)
    house.register(clinic="south", phone="+34600000001")
    found = [counts.look(desk, EVERYWHERE).counts for _ in range(60)]
    assert ("south", "peel") in found[-1], "a fiftieth of the time is for counting"


def test_other_files_are_counted_anew(house: House) -> None:
    ticks = clock(0.2)
    counts = FlightCounts(lambda: next(ticks))
    house.register()
    assert counts.look(desk_of(house), EVERYWHERE).edits == ()
    house.configuration = edited(house.configuration, check=moved("2d", "12:00"))
    (edit,) = counts.look(desk_of(house), EVERYWHERE).edits
    assert (edit.edit.step, edit.visits, edit.clinics) == ("check", 1, ("north",))


def test_an_apply_lets_go_of_what_was_counted() -> None:
    work = ScheduleWork()
    assert work.applies.on_end == work.flight.forget
