"""An edit is a step that two versions of a protocol have differently; nothing else is one."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.edits import EditKind, edits, longest_reach
from scheduler.domain.protocol import AfterReply, Protocol, Remind, Step
from scheduler.domain.spans import parse_span
from scheduler.domain.versions import in_force
from tests.domain.samples import after, before, between, protocol, step
from tests.domain.test_planning import timings

names = st.sampled_from(("a", "b", "c", "d", "e"))
protocols = st.lists(st.tuples(names, timings), unique_by=lambda pair: pair[0], min_size=1).map(
    lambda pairs: protocol(*(step(timing, name) for name, timing in pairs))
)


def by_name(found: Protocol) -> dict[str, Step]:
    return {it.id: it for it in found.steps}


@given(protocols)
def test_a_version_has_no_edits_against_itself(version: Protocol) -> None:
    assert edits(version, replace(version, title={"en": "Another"}, digest="other")) == ()


@given(protocols, protocols)
def test_edits_lead_from_one_version_to_the_other_and_pins_of_all_lead_back(old: Protocol, new: Protocol) -> None:
    found = edits(old, new)
    assert len({it.step for it in found}) == len(found)
    steps = by_name(old)
    for it in found:
        assert steps.get(it.step) == it.before
        if it.after:
            steps[it.step] = it.after
        else:
            del steps[it.step]
    assert steps == by_name(new)
    assert by_name(in_force(new, {it.step: old for it in found})) == by_name(old)


@given(protocols, protocols)
def test_the_way_back_has_the_same_edits_the_other_way_round(old: Protocol, new: Protocol) -> None:
    there, back = ({(it.step, it.before, it.after) for it in edits(*way)} for way in ((old, new), (new, old)))
    assert there == {(name, after, before) for name, before, after in back}


@given(protocols, st.randoms())
def test_the_order_of_steps_is_no_edit(version: Protocol, random: Random) -> None:
    steps = list(version.steps)
    random.shuffle(steps)
    assert edits(version, replace(version, steps=tuple(steps))) == ()


def test_each_edit_says_what_became_of_its_step() -> None:
    old = protocol(step(after("1d", "10:00"), "moved"), step(after("2d"), "gone"), step(after("3d"), "same"))
    new = protocol(step(after("4d"), "new"), step(after("1d", "12:00"), "moved"), step(after("3d"), "same"))
    assert [(it.step, it.kind) for it in edits(old, new)] == [
        ("new", EditKind.ADDED),
        ("moved", EditKind.CHANGED),
        ("gone", EditKind.REMOVED),
    ]


def test_a_longer_visit_edits_the_steps_that_its_end_may_move() -> None:
    steps = (step(after("2h"), "hours"), step(after("0d", "10:00"), "day"), step(after("7d"), "week"))
    found = edits(protocol(*steps), protocol(*steps, step(before("1d"), "before"), duration="90m"))
    assert [(it.step, it.durations is not None) for it in found] == [
        ("hours", True),
        ("day", True),
        ("before", False),
    ]


@pytest.mark.parametrize(
    ("other", "more"),
    [
        ({"timing": after("3d", "10:00")}, False),
        ({"useful_for": parse_span("3d")}, False),
        ({"template": "other"}, True),
        ({"unless": frozenset({"next_appointment"})}, True),
    ],
    ids=["another time", "useful for longer", "another text", "another condition"],
)
def test_an_edit_tells_times_from_the_rest(other: dict[str, object], more: bool) -> None:
    old = step(after("2d", "10:00"))
    (found,) = edits(protocol(old), protocol(replace(old, **other)))  # type: ignore[arg-type]  # by their names
    assert found.changes_more_than_times is more


@pytest.mark.parametrize(
    ("one", "days"),
    [
        (step(before("7d")), 32),
        (step(after("10d"), useful_for="3d"), 45),
        (step(between("4w", "6w", "4w", "10:00")), 75),
        (step(AfterReply("check", frozenset({"concern"}), parse_span("2d"))), 41),
        (step(after("2d"), ask="pain", remind=Remind(parse_span("1d"))), 41),
        (step(after("9999mo")), 36_500),
    ],
    ids=["before", "after", "a range", "after a reply", "with a reminder", "at most a life"],
)
def test_nothing_reaches_a_visit_longer_than_its_last_message_may_help(one: Step, days: int) -> None:
    assert longest_reach([protocol(one)]) == timedelta(days=days)
