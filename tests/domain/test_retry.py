from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.retry import FIRST_WAIT, LAST_CALL, LONGEST_WAIT, SHORTEST_WAIT, next_try

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
seeds = st.integers().map(Random)


def waits(tries: int, *, seed: int = 1, retry_after: float | None = None) -> float:
    again = next_try(tries, now=NOW, useful_until=NOW + DAY, rng=Random(seed), retry_after=retry_after)
    assert again
    return (again - NOW).total_seconds()


@given(st.integers(1, 10_000), seeds)
def test_the_wait_doubles_up_to_half_an_hour_and_loses_at_most_a_half_by_chance(tries: int, rng: Random) -> None:
    again = next_try(tries, now=NOW, useful_until=NOW + DAY, rng=rng)
    assert again
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(tries - 1, 100))
    assert longest / 2 <= (again - NOW).total_seconds() <= longest


def test_what_failed_together_does_not_return_together() -> None:
    assert len({waits(3, seed=seed) for seed in range(20)}) == 20


@given(st.integers(1, 50), seeds, st.floats(0, 80_000))
def test_it_is_never_tried_sooner_than_the_provider_wishes(tries: int, rng: Random, retry_after: float) -> None:
    again = next_try(tries, now=NOW, useful_until=NOW + DAY, rng=rng, retry_after=retry_after)
    assert again
    assert (again - NOW).total_seconds() >= retry_after


@given(st.integers(1, 50), seeds, st.integers(-100, 5000), st.one_of(st.none(), st.floats(allow_nan=False)))
def test_it_is_given_up_rather_than_tried_when_it_no_longer_helps(
    tries: int, rng: Random, left: int, retry_after: float | None
) -> None:
    until = NOW + timedelta(seconds=left)
    again = next_try(tries, now=NOW, useful_until=until, rng=rng, retry_after=retry_after)
    assert again is None or NOW < again < until


class LongestWait(Random):
    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


def test_what_would_wait_past_its_usefulness_is_tried_once_more_shortly_before() -> None:
    end = NOW + timedelta(minutes=14)
    last = next_try(8, now=NOW, useful_until=end, rng=Random(1))
    assert last is not None
    assert last == end - timedelta(seconds=LAST_CALL)
    assert next_try(9, now=last, useful_until=end, rng=Random(1)) is None


def test_a_last_try_comes_no_sooner_than_any_other_and_than_the_provider_wishes() -> None:
    end = NOW + timedelta(seconds=SHORTEST_WAIT + LAST_CALL)
    assert next_try(4, now=NOW, useful_until=end, rng=Random(1)) == NOW + timedelta(seconds=SHORTEST_WAIT)
    assert next_try(4, now=NOW, useful_until=end - timedelta(seconds=1), rng=Random(1)) is None
    assert next_try(4, now=NOW, useful_until=end, rng=Random(1), retry_after=SHORTEST_WAIT + 1) is None


def test_a_try_at_the_very_end_of_its_usefulness_is_too_late() -> None:
    end = NOW + timedelta(seconds=FIRST_WAIT)
    sooner = end - timedelta(seconds=LAST_CALL)
    assert next_try(1, now=NOW, useful_until=end, rng=LongestWait()) == sooner
    assert next_try(1, now=NOW, useful_until=end + timedelta(seconds=1), rng=LongestWait()) == end


@pytest.mark.parametrize("nonsense", [-5.0, 0.0, float("nan")])
def test_a_wish_that_makes_no_sense_is_passed_over(nonsense: float) -> None:
    assert waits(1, retry_after=nonsense) == waits(1)


@pytest.mark.parametrize("wish", [1e300, float("inf")])
def test_a_wish_beyond_all_time_gives_up_and_breaks_nothing(wish: float) -> None:
    assert next_try(1, now=NOW, useful_until=NOW + DAY, rng=Random(1), retry_after=wish) is None
