"""The daily tallies: in the clinic's days, kept right by what happens later, the same when counted from scratch."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from scheduler.domain.reasons import because
from scheduler.domain.states import Cause, Status
from scheduler.services.tallies import AGAIN_AFTER, AT_ONCE, KEPT_FOR, Tallies, day_window
from scheduler.store.moves import Move
from scheduler.store.tables import messages
from scheduler.store.tally_tables import tallied_days, tallies
from scheduler.store.transitions import move_all
from tests.services.house import CHECK, FIRST_HOURS, PREPARE, TIPS, House, after

VISIT_DAY = date(2026, 3, 18)


def counted(house: House) -> set[tuple[Any, ...]]:
    """Return all that is kept."""
    with house.store.read() as tx:
        return {tuple(row) for row in tx.connection.execute(sa.select(tallies))}


def of_day(house: House, day: date, status: Status) -> int:
    return sum(row[7] for row in counted(house) if row[1] == day and row[3] is status)


def count_until_done(house: House, kept: Tallies) -> None:
    kept.look(house.store, house.configuration, now=house.clock.now())
    while kept._more:
        kept.look(house.store, house.configuration, now=house.clock.now())


def told(house: House, appointment: int, step: str) -> None:
    """Let the provider report that a text did not arrive."""
    message = house.message(appointment, step)
    reason = because("not_delivered", error="30003: the phone is off or out of reach")
    move = Move(message.id, message.status, Cause.RECEIPT, Status.UNDELIVERED, by="test", reasons=(reason,))
    with house.store.write() as tx:
        assert move_all(tx, [move], now=house.clock.now()) == [message.id]


def test_days_that_are_over_are_counted_and_today_is_not(any_house: House) -> None:
    any_house.register()
    any_house.dispatch(PREPARE)
    any_house.dispatch(FIRST_HOURS)
    count_until_done(any_house, Tallies())

    assert of_day(any_house, date(2026, 3, 16), Status.ACCEPTED) == 1
    assert {row[1] for row in counted(any_house)} == {date(2026, 3, 16)}
    with any_house.store.read() as tx:
        assert tx.connection.scalar(sa.select(sa.func.count()).select_from(tallied_days)) == 2 * KEPT_FOR


def test_a_late_report_is_counted_on_the_day_in_which_the_message_was_due(any_house: House) -> None:
    visit = any_house.register()
    any_house.dispatch(FIRST_HOURS)
    any_house.clock.move_to(CHECK)
    kept = Tallies()
    count_until_done(any_house, kept)
    assert of_day(any_house, VISIT_DAY, Status.ACCEPTED) == 1

    told(any_house, visit, "first_hours")
    any_house.clock.move_to(after(CHECK, minutes=2))
    count_until_done(any_house, kept)

    assert of_day(any_house, VISIT_DAY, Status.ACCEPTED) == 0
    assert of_day(any_house, VISIT_DAY, Status.UNDELIVERED) == 1
    (row,) = [it for it in counted(any_house) if it[3] is Status.UNDELIVERED]
    assert row[4:6] == ("not_delivered", "30003: the phone is off or out of reach")


def test_counting_from_scratch_gives_the_same(any_house: House) -> None:
    visit = any_house.register()
    kept = Tallies()
    for at in (PREPARE, FIRST_HOURS, CHECK, TIPS):
        any_house.dispatch(at)
        count_until_done(any_house, kept)
    told(any_house, visit, "first_hours")
    any_house.clock.move_to(after(TIPS, days=1))
    count_until_done(any_house, kept)
    kept_so_far = counted(any_house)
    assert kept_so_far

    Tallies().count_all(any_house.store, any_house.configuration, now=any_house.clock.now())

    assert counted(any_house) == kept_so_far


def test_what_leaves_a_day_without_a_trace_is_found_when_the_day_is_counted_again(any_house: House) -> None:
    any_house.register()
    any_house.dispatch(FIRST_HOURS)
    any_house.clock.move_to(CHECK)
    kept = Tallies()
    count_until_done(any_house, kept)
    with any_house.store.write() as tx:
        moved = sa.update(messages).where(messages.c.step == "first_hours")
        tx.connection.execute(moved.values(due_at=FIRST_HOURS - timedelta(days=1)))

    for turn in range(1, 2 * KEPT_FOR + 1):
        if of_day(any_house, VISIT_DAY, Status.ACCEPTED) == 0:
            break
        any_house.clock.move_to(CHECK + AGAIN_AFTER + timedelta(minutes=turn))
        kept.look(any_house.store, any_house.configuration, now=any_house.clock.now())

    assert of_day(any_house, VISIT_DAY, Status.ACCEPTED) == 0


def test_a_look_counts_a_few_days_and_says_that_there_are_more(house: House) -> None:
    kept = Tallies()
    assert kept.is_time(house.clock.now())
    kept.look(house.store, house.configuration, now=house.clock.now())
    with house.store.read() as tx:
        days = tx.connection.scalar(sa.select(sa.func.count(sa.distinct(tallied_days.c.day))))
    assert days == AT_ONCE
    assert kept.is_time(house.clock.now())
    count_until_done(house, kept)
    assert not kept.is_time(house.clock.now())


def test_how_late_a_message_went_out_is_kept_as_a_span(any_house: House) -> None:
    any_house.register()
    any_house.dispatch(FIRST_HOURS + timedelta(minutes=45))
    any_house.clock.move_to(CHECK)
    count_until_done(any_house, Tallies())
    (row,) = [it for it in counted(any_house) if it[3] is Status.ACCEPTED and it[1] == VISIT_DAY]
    assert row[6:] == (3600, 1, 1, 1)  # within an hour; one message, late, of one segment


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 3, 18), 24)]
)
def test_a_day_of_a_clinic_has_as_many_hours_as_its_clocks(house: House, day: date, hours: int) -> None:
    window = day_window(house.configuration.clinic("south"), day)
    assert window.end - window.start == timedelta(hours=hours)


def test_a_message_belongs_to_its_clinics_own_day(any_house: House) -> None:
    """What is due at two in the morning in Madrid is still yesterday's in Toronto."""
    any_house.register()
    any_house.register(clinic="south", phone="+34600000001", name="Ana Ruiz")
    with any_house.store.write() as tx:
        moved = sa.update(messages).where(messages.c.step == "prepare")
        tx.connection.execute(moved.values(due_at=datetime(2026, 3, 12, 1, 0, tzinfo=UTC)))
    any_house.clock.move_to(CHECK)
    count_until_done(any_house, Tallies())
    days = {(row[0], row[1]) for row in counted(any_house) if row[1] < date(2026, 3, 15)}
    assert days == {("north", date(2026, 3, 11)), ("south", date(2026, 3, 12))}


def test_two_processes_do_not_count_at_once(any_house: House) -> None:
    with any_house.store.turn("tallies") as mine:
        assert mine
        Tallies().look(any_house.store, any_house.configuration, now=any_house.clock.now())
    assert counted(any_house) == set()
    with any_house.store.read() as tx:
        assert tx.connection.scalar(sa.select(sa.func.count()).select_from(tallied_days)) == 0
