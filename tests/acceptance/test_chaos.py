"""Engines and workers are killed, again and again. What counts is what the providers took: all, and each once."""

from collections.abc import Callable, Sequence

import pytest

from tests.chaos.layouts import LAYOUTS, play
from tests.chaos.play import WAVES, Wave
from tests.chaos.points import POINTS
from tests.chaos.providers import Email
from tests.chaos.verdict import Verdict, count_emails, count_texts

PATIENTS, KILLS = 300, 50
Empty = Callable[[], str]


@pytest.fixture
def empty(request: pytest.FixtureRequest) -> Empty:
    """What gives an empty PostgreSQL: only a play that needs one starts it."""
    return lambda: str(request.getfixturevalue("empty_postgres_url"))


def test_whatever_is_killed_each_text_goes_out_once_and_none_is_lost(empty: Empty) -> None:
    verdict = outcome("sqlite", empty, patients=24, kills=4, seed=1, waves=WAVES[:2])
    assert verdict.kills.total() >= 4
    assert verdict.handovers >= verdict.messages >= 48


@pytest.mark.long
@pytest.mark.parametrize("name", LAYOUTS)
def test_through_fifty_kills_each_text_goes_out_once_and_none_is_lost(name: str, empty: Empty) -> None:
    verdict = outcome(name, empty, patients=PATIENTS, kills=KILLS, seed=2)
    assert verdict.kills.total() >= KILLS
    if name in {"sqlite", "postgres"}:
        assert set(verdict.kills) >= set(POINTS) - {"handed on", "taking over"}


def outcome(
    name: str, empty: Empty, *, patients: int, kills: int, seed: int, waves: Sequence[Wave] = WAVES
) -> Verdict:
    layout = LAYOUTS[name]
    database = empty() if layout.postgres else None
    verdict = play(layout, database, patients=patients, kills=kills, seed=seed, waves=waves)
    assert verdict.faults == []
    assert (verdict.lost, verdict.twice, verdict.emails_twice, verdict.strangers) == (0, 0, 0, 0)
    return verdict


def test_the_count_sees_what_is_lost_what_came_twice_and_what_nobody_asked_for() -> None:
    verdict = Verdict("counted", messages=7)
    one, two = "+15145551000", "+15145551001"
    count_texts(verdict, [(one, "sun"), (one, "sun"), (one, "check"), ("+15145559999", "sun")], {one: 2, two: 1})
    mails = [
        Email("a", "sun", "<1>"),
        Email("a", "sun", "<1>"),
        Email("a", "check", "<2>"),
        Email("a", "check", "<3>"),
    ]
    count_emails(verdict, mails, {"a": 2, "b": 2})
    assert (verdict.twice, verdict.lost, verdict.strangers) == (1, 1 + 2, 1)
    assert (verdict.emails_twice, verdict.copies) == (1, 1)
    assert not verdict.kept
