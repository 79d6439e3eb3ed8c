"""The benchmarks work, fail where a figure would be a lie, and the page says what the run that is kept says."""

import importlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from benchmarks.bench import Bench
from benchmarks.databases import SqliteDatabases
from benchmarks.errors import BenchError
from benchmarks.figures import Measured, Results, Side, ratio, read_results, write_results
from benchmarks.findings import by_goal
from benchmarks.goals import BY_ID, GOALS
from benchmarks.groups import GROUPS
from benchmarks.installation import make_installation
from benchmarks.measures.email import measure_emails
from benchmarks.page import performance_chart
from benchmarks.paths import LATEST
from benchmarks.servers.control import ServerProcess, Taken
from benchmarks.sizes import TINY
from benchmarks.words import measured_words, verdict
from tests.repo.markdown import ROOT

NEED_THE_EXTRA = {"benchmarks.peers.celery_app", "benchmarks.peers.dramatiq_app"}


def modules() -> list[str]:
    found = (path.relative_to(ROOT).with_suffix("").parts for path in (ROOT / "benchmarks").rglob("*.py"))
    names = {".".join(part for part in parts if part != "__init__") for parts in found}
    return sorted(names - NEED_THE_EXTRA)


@pytest.mark.parametrize("name", modules())
def test_a_module_of_the_benchmarks_loads_without_their_extra(name: str) -> None:
    importlib.import_module(name)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ServerProcess("twilio") as sms, ServerProcess("smtp") as smtp:
        installation = make_installation(tmp_path, sms_port=sms.port, smtp_port=smtp.port)
        yield Bench(installation, sms, smtp, {"SQLite": SqliteDatabases(tmp_path)}, TINY, lambda _line: None)


@pytest.mark.long
def test_a_tiny_run_sends_each_mail_once_from_the_bare_loop_and_from_the_engine(bench: Bench) -> None:
    rows = {row.goal: row for row in measure_emails(bench)}
    assert set(rows) == {"emails", "emails-engine"}
    assert all(row.middle > 0 for row in rows.values())


@pytest.mark.parametrize(
    ("count", "arrivals"),
    [(2, {"+15140001000": 1.0}), (1, {"+15140001000": 1.0}), (3, {"+15140001000": 1.0, "+15140001001": 1.1})],
    ids=["one number twice", "one is missing", "one too many"],
)
def test_a_round_that_did_not_send_each_message_once_has_no_figure(count: int, arrivals: dict[str, float]) -> None:
    with pytest.raises(BenchError, match="once each"):
        Taken(count, 1.0, 2.0, arrivals).verify(2)


def test_every_row_is_measured_by_one_group() -> None:
    measured = list(chain.from_iterable(group.goals for group in GROUPS.values()))
    assert sorted(measured) == sorted(goal.id for goal in GOALS)


def test_a_ratio_is_taken_round_by_round() -> None:
    fast, slow = Side("fast", "1/s", (10.0, 40.0, 90.0)), Side("slow", "1/s", (5.0, 10.0, 30.0))
    assert ratio("engines", fast, slow).rounds == (2.0, 4.0, 3.0)
    assert ratio("engines", fast, slow).middle == 3.0


def test_what_is_not_measured_says_why_and_has_no_figure() -> None:
    row = Measured("celery", missing="not measured: no redis-server")
    assert measured_words(BY_ID["celery"], row) == "not measured: no redis-server"
    assert verdict(BY_ID["celery"], row) == "-"


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    row = ratio(
        "engines", Side("two engines", "messages/s", (30.0, 32.0)), Side("one engine", "messages/s", (20.0, 20.0))
    )
    results = Results(
        "2026-03-02", "full", {"processors": "2"}, 90_000, (row, Measured("celery", missing="no redis"))
    )
    write_results(results, tmp_path / "results.json")
    assert read_results(tmp_path / "results.json") == results


def test_every_goal_that_the_kept_run_missed_has_a_profile_and_what_would_mend_it() -> None:
    missed = [row.goal for row in read_results(LATEST).measured if verdict(BY_ID[row.goal], row) == "missed"]
    assert [goal for goal in missed if goal not in by_goal()] == []


def test_the_kept_run_has_every_row_and_names_no_machine() -> None:
    results = read_results(LATEST)
    assert [goal.id for goal in GOALS if results.of(goal.id) is None] == []
    assert "/" not in "".join(results.facts.values())


def test_the_chart_can_be_read_in_light_and_in_dark() -> None:
    picture = performance_chart()
    assert "prefers-color-scheme: dark" in picture
    assert picture.count("http") == 1  # the name of SVG itself
