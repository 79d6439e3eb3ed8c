"""Exceptions change the messages of their step and nothing else."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.adjustment import Adjustment, AdjustmentKind, Occasion, adjusted, plan_adjusted
from scheduler.domain.appointment import Appointment, Reach
from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import Channel, Protocol
from scheduler.domain.states import Status
from tests.services.house import REGISTERED, VISIT, configuration

LATE = {"late_after": timedelta(minutes=30), "late_spacing": timedelta(minutes=10)}
PEEL = configuration().protocols["peel"]
STEPS = st.sampled_from([step.id for step in PEEL.steps])
HOURS = st.integers(min_value=1, max_value=24 * 60).map(lambda hours: VISIT + timedelta(hours=hours))


def occasion(protocol: Protocol = PEEL) -> Occasion:
    return Occasion(protocol, configuration().clinic("north"), Appointment(VISIT), Reach(True, True))


def plan(*wishes: Adjustment, now: datetime = REGISTERED) -> tuple[PlannedMessage, ...]:
    return plan_adjusted(occasion(), {it.step: it for it in wishes}, now=now, **LATE)


def others(planned: tuple[PlannedMessage, ...], step: str) -> list[PlannedMessage]:
    return [it for it in planned if it.step != step]


@given(step=STEPS)
def test_a_skip_leaves_the_other_steps_as_they_are_and_its_own_with_the_reason(step: str) -> None:
    skipped = plan(Adjustment(step, AdjustmentKind.SKIP, "Ada"))
    assert others(skipped, step) == others(plan(), step)
    mine = [it for it in skipped if it.step == step]
    assert {(it.status, it.reasons[-1].code) for it in mine} == {(Status.CANCELLED, "skipped")}


@given(step=STEPS, at=HOURS)
def test_what_is_put_elsewhere_is_planned_there_and_helps_as_long_and_the_others_stay(
    step: str, at: datetime
) -> None:
    usual = {it.channel: it for it in plan() if it.step == step}
    put = plan(Adjustment(step, AdjustmentKind.MOVE, "Ada", at))
    assert others(put, step) == others(plan(), step)
    for it in (it for it in put if it.step == step):
        assert it.planned_at == at
        if step == "prepare":
            assert it.useful_until == VISIT
            continue
        assert it.useful_until - at == usual[it.channel].useful_until - usual[it.channel].planned_at or near(
            it, usual
        )
        assert it.status is Status.EXPIRED or at <= it.due_at < it.useful_until


def near(it: PlannedMessage, usual: dict[Channel, PlannedMessage]) -> bool:
    """Whether days that are counted on the calendar went over a change of the clock."""
    known = usual[it.channel]
    lived, lives = known.useful_until - known.planned_at, it.useful_until - it.planned_at
    return abs(lived - lives) == timedelta(hours=1)


def test_a_note_and_no_exception_change_nothing() -> None:
    assert plan(Adjustment("check", AdjustmentKind.NOTE, "Ada")) == plan()
    assert adjusted(plan(), {}, occasion(), now=REGISTERED) == plan()


def test_an_exception_for_a_step_that_the_protocol_no_longer_has_is_about_nothing() -> None:
    gone = replace(PEEL, steps=tuple(step for step in PEEL.steps if step.id != "tips"))
    wish = {"tips": Adjustment("tips", AdjustmentKind.SKIP, "Ada")}
    planned = plan_adjusted(occasion(gone), wish, now=REGISTERED, **LATE)
    assert planned == tuple(others(plan(), "tips"))
