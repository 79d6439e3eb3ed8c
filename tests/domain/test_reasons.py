from datetime import UTC, datetime
from itertools import pairwise
from string import Formatter

import pytest

from scheduler.domain.reasons import CLAUSES, SPANS, Reason, because, dump_reasons, load_reasons, sentence
from scheduler.domain.spans import Span, Unit, parse_span
from tests.domain.samples import MADRID, TORONTO

INSTANT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


def example(code: str) -> Reason:
    names = [name for _, name, _, _ in Formatter().parse(CLAUSES[code]) if name]
    return because(code, **{name: value_of(name) for name in names})


def value_of(name: str) -> str | datetime:
    if name in SPANS:
        return "2d"
    return INSTANT if name == "at" or name.endswith("_at") else "that"


@pytest.mark.parametrize("code", CLAUSES)
def test_every_reason_makes_a_sentence_and_survives_the_store(code: str) -> None:
    reason = example(code)
    assert load_reasons(dump_reasons([reason])) == (reason,)
    said = sentence([reason], MADRID)
    assert said[0].isupper() or said[0].isdigit()
    assert said.endswith(".")
    assert "2d" not in said


def test_clauses_are_joined_in_order() -> None:
    reasons = (because("after", span="2d"), because("quiet_hours", from_at=INSTANT))
    assert sentence(reasons, MADRID) == (
        "2 days after the appointment; moved from Sun 2026-03-29 01:30 out of quiet hours."
    )
    assert "Sat 2026-03-28 20:30" in sentence(reasons, TORONTO)


def test_no_reason_is_no_sentence() -> None:
    assert sentence([], MADRID) == ""


@pytest.mark.parametrize(
    ("span", "phrase"),
    [
        ("0d", "0 days"),
        ("1d", "1 day"),
        ("2h", "2 hours"),
        ("30m", "30 minutes"),
        ("4w", "4 weeks"),
        ("1mo", "1 month"),
    ],
)
def test_a_span_is_said_in_words(span: str, phrase: str) -> None:
    assert parse_span(span).phrase == phrase


def test_a_span_reads_what_it_writes() -> None:
    assert all(parse_span(str(Span(12, unit))) == Span(12, unit) for unit in Unit)
    ascending = [Span(1, unit).elapsed for unit in Unit]
    assert all(shorter < longer for shorter, longer in pairwise(ascending))


@pytest.mark.parametrize("text", ["", "2", "d", "-1d", "1.5h", "2 months", "1y", "٢d", "10000d"])
def test_a_span_that_is_none_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="such as 30m, 2h, 1d, 4w, 1mo"):
        parse_span(text)


def test_an_unknown_reason_or_a_parameter_that_can_not_be_shown_is_refused_when_it_is_made() -> None:
    with pytest.raises(KeyError):
        because("nonsense")
    with pytest.raises(KeyError):
        because("after")
    with pytest.raises(ValueError, match="length of time"):
        because("after", span="two days")
    with pytest.raises(ValueError, match="isoformat"):
        because("sent", at="yesterday")
