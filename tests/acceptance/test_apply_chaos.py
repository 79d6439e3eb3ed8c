"""An apply is killed and started again while an engine sends what was edited: what counts is what providers took."""

import pytest

from tests.chaos.applying import ROUNDS, ApplyPlay, play_apply


def kept(play: ApplyPlay) -> None:
    assert play.verdict.faults == []
    verdict = play.verdict
    assert (verdict.lost, verdict.twice, verdict.emails_twice, verdict.strangers) == (0, 0, 0, 0)
    assert play.old_plan == 0
    assert play.late > 0


def test_a_killed_apply_goes_on_and_nothing_is_lost_doubled_or_sent_by_the_old_plan() -> None:
    play = play_apply(None, patients=30, kills=2, rounds=ROUNDS[1:2])
    kept(play)
    assert play.early + play.late == 60


@pytest.mark.long
def test_through_many_kills_on_sqlite_nothing_is_lost_doubled_or_sent_by_the_old_plan() -> None:
    play = play_apply(None, patients=300, kills=20, seed=5)
    kept(play)
    assert play.verdict.kills.total() >= len(ROUNDS)
    assert play.early > 0


@pytest.mark.long
@pytest.mark.postgres
def test_through_many_kills_on_postgresql_nothing_is_lost_doubled_or_sent_by_the_old_plan(
    empty_postgres_url: str,
) -> None:
    play = play_apply(empty_postgres_url, patients=300, kills=20, seed=6)
    kept(play)
    assert play.verdict.kills.total() >= len(ROUNDS)
    assert play.early > 0
