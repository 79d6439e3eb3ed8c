from datetime import timedelta

import pytest

from scheduler.domain.clinic import SmsSender
from scheduler.domain.pacing import AHEAD, Queue, Standing, held_until, rate_of
from tests.domain.samples import utc

NOW = utc("2026-03-02 10:00")
END = NOW + timedelta(hours=1)


def seconds(queue: Queue, segments: int = 1, **at: float) -> float:
    now = NOW + timedelta(**at)
    return (queue.turn_of(None, segments, now=now, useful_until=END) - NOW).total_seconds()


@pytest.mark.parametrize(
    ("sender", "rate"),
    [
        (SmsSender(number="+14165550100"), 1),
        (SmsSender(number="+34600000000"), 1),
        (SmsSender(number="+18335550100"), 3),
        (SmsSender(number="+18005550100"), 3),
        (SmsSender(number="12345"), 100),
        (SmsSender(number="123456"), 100),
        (SmsSender(name="Rose"), 10),
        (SmsSender(messaging_service="MG" + "0" * 32), None),
        (SmsSender(messaging_service="MG" + "0" * 32, rate=20), 20),
        (SmsSender(number="+14165550100", rate=7), 7),
    ],
)
def test_each_kind_of_sender_has_its_rate_unless_the_clinic_sets_another(sender: SmsSender, rate: int | None) -> None:
    assert rate_of(sender) == rate


def test_turns_follow_each_other_by_segments() -> None:
    queue = Queue(NOW, 3)
    assert [seconds(queue), seconds(queue, 2), seconds(queue)] == pytest.approx([0, 1 / 3, 1])


def test_a_sender_that_was_idle_saves_nothing_up() -> None:
    queue = Queue(NOW - timedelta(hours=5), 1)
    assert [seconds(queue), seconds(queue)] == [0, 1]


def test_a_turn_that_would_come_too_late_is_told_and_not_taken() -> None:
    queue = Queue(END - timedelta(seconds=2), 1)
    assert [seconds(queue, 2), seconds(queue), seconds(queue)] == [3598, 3600, 3600]
    assert queue.free_at == END


@pytest.mark.parametrize(("age", "kept"), [(-300, True), (0, True), (60, True), (61, False)])
def test_a_turn_that_was_given_is_kept_unless_it_is_missed(age: int, kept: bool) -> None:
    queue, turn = Queue(NOW + timedelta(seconds=30), 1), NOW - timedelta(seconds=age)
    given = queue.turn_of(turn, 1, now=NOW, useful_until=END)
    assert given == (turn if kept else NOW + timedelta(seconds=30))


def test_without_a_rate_a_turn_takes_no_time() -> None:
    queue = Queue(NOW + timedelta(seconds=90), None)
    assert [seconds(queue, 4), seconds(queue, 4)] == [90, 90]


@pytest.mark.parametrize(("wish", "rest"), [(90, 90), (3600, 3600), (1e13, 3600), (float("inf"), 3600)])
def test_a_sender_rests_as_long_as_it_is_told_and_an_hour_at_most(wish: float, rest: int) -> None:
    assert held_until(NOW, wish) - AHEAD == NOW + timedelta(seconds=rest)


@pytest.mark.parametrize(("given", "taken"), [(10, 40), (30, 30)])
def test_a_turn_from_before_a_rest_is_taken_anew(given: int, taken: int) -> None:
    queue = Queue(NOW + timedelta(seconds=40), 1, NOW + timedelta(seconds=30))
    turn = queue.turn_of(NOW + timedelta(seconds=given), 1, now=NOW, useful_until=END)
    assert turn == NOW + timedelta(seconds=taken)


@pytest.mark.parametrize(("ahead", "free"), [(0, 500), (60, 500), (61, 0)])
def test_what_a_clock_wrote_that_was_ahead_does_not_count(ahead: int, free: int) -> None:
    written = Standing(NOW + timedelta(seconds=500), None, NOW + timedelta(seconds=ahead))
    assert written.trusted(NOW).free_at == NOW + timedelta(seconds=free)
