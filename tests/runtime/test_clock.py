"""The clock of the demo: it flies between the alarms and stands still while the engine works."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.clock import FixedClock, SystemClock, TimeLapseClock

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
END = START + timedelta(days=7)


def lapse(rate: float = 86_400 * 1000, ended: list[bool] | None = None) -> TimeLapseClock:
    notes = [] if ended is None else ended
    return TimeLapseClock(START, rate=rate, until=END, at_end=lambda: notes.append(True))


def spin_past(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_it_stands_still_until_an_alarm_is_set() -> None:
    clock = lapse()
    spin_past(0.01)
    assert clock.now() == START


def test_it_runs_to_the_alarm_and_not_past_it() -> None:
    clock, alarm = lapse(), START + timedelta(hours=26)
    seconds = clock.alarm_in(alarm)
    assert seconds == pytest.approx(26 * 3600 / (86_400 * 1000), rel=0.01)
    spin_past(seconds)
    assert clock.now() == alarm
    spin_past(0.01)
    assert clock.now() == alarm


def test_it_never_runs_backwards_when_an_alarm_is_set_for_the_past() -> None:
    clock = lapse()
    spin_past(clock.alarm_in(START + timedelta(hours=2)))
    assert clock.alarm_in(START + timedelta(hours=1)) == 0
    assert clock.now() == START + timedelta(hours=2)


def test_it_stops_at_the_end_and_says_so_only_when_nothing_is_left_to_wait_for() -> None:
    ended: list[bool] = []
    clock = lapse(ended=ended)
    spin_past(clock.alarm_in(END + timedelta(days=1)))
    assert (clock.now(), ended) == (END, [])
    clock.alarm_in(END)
    assert ended == []
    clock.alarm_in(END + timedelta(days=1))
    assert ended == [True]


def test_a_fixed_clock_moves_only_when_it_is_told_to_and_knows_no_naive_time() -> None:
    clock = FixedClock(START)
    clock.move_by(timedelta(minutes=5))
    assert clock.now() == START + timedelta(minutes=5)
    assert clock.alarm_in(START) == 0
    assert clock.alarm_in(START + timedelta(minutes=6)) == 60
    with pytest.raises(ValueError, match="has a time zone"):
        FixedClock(START.replace(tzinfo=None))


def test_the_machines_clock_is_in_utc_and_waits_no_negative_time() -> None:
    assert SystemClock().now().tzinfo is UTC
    assert SystemClock().alarm_in(START - timedelta(days=9000)) == 0
