"""Messages of several visits: which become one, which stay apart, which contradict."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.advice import Advice, AdviceTag, Catalogue
from scheduler.domain.advised import Held, held, strictest
from scheduler.domain.appointment import Appointment, AppointmentStatus
from scheduler.domain.consent import Consent
from scheduler.domain.decision import decide_together
from scheduler.domain.hours import SendingHours
from scheduler.domain.merging import LOOK
from scheduler.domain.protocol import Channel, IfLate, Purpose, Step
from scheduler.domain.situation import Decision, Kind, Pending, Situation, Spoken
from scheduler.domain.spans import parse_span
from scheduler.domain.states import Brake
from scheduler.domain.timing import visit_of
from tests.domain.samples import LATE_AFTER, MADRID, SPACING, after, local, step

VISIT = local("2026-03-02 10:00", MADRID)
DUE = local("2026-03-02 13:00", MADRID)
WINDOW = timedelta(hours=4)
HOURS = SendingHours(MADRID, MADRID)
CARE = step(after("2h"), "care")
CATALOGUE = Catalogue({"ice": AdviceTag({}, frozenset({"heat"})), "heat": AdviceTag({}), "rest": AdviceTag({})})
KEYS = count(1)
Case = tuple[Pending, Situation]


def case(
    visit: int,
    due_at: datetime = DUE,
    *,
    of: Step = CARE,
    channel: Channel = Channel.SMS,
    purpose: Purpose = Purpose.CARE,
    ask: str | None = None,
    starts_at: datetime = VISIT,
    window: timedelta = WINDOW,
    advised: tuple[Held, ...] = (),
) -> Case:
    pending = Pending(
        key=next(KEYS),
        appointment=visit,
        step=of.id,
        occurrence=1,
        channel=channel,
        purpose=purpose,
        planned_at=due_at,
        due_at=due_at,
        try_at=due_at,
        useful_until=due_at + timedelta(hours=24),
        if_late=IfLate.SEND,
        ask=ask,
    )
    allowed = dict.fromkeys(Channel, Consent())
    situation = Situation(Appointment(starts_at), of, HOURS, frozenset(Channel), allowed)
    return pending, replace(situation, merge_window=window, advised=advised)


def decided(*cases: Case, now: datetime = DUE, soon: tuple[Case, ...] = ()) -> tuple[Decision, ...]:
    return decide_together(
        cases, now=now, late_after=LATE_AFTER, late_spacing=SPACING, soon=soon, catalogue=CATALOGUE
    )


def kinds(*decisions: Decision) -> list[Kind]:
    return [it.kind for it in decisions]


def test_the_first_speaks_for_the_other_and_the_other_waits_to_see() -> None:
    first, second = case(1), case(2)
    carrier, passenger = decided(first, second)
    assert (carrier.kind, carrier.carries) == (Kind.SEND, (second[0].key,))
    assert (passenger.kind, passenger.brake, passenger.at) == (Kind.WAIT, Brake.MERGE, DUE + LOOK)


def test_what_is_due_soon_goes_with_what_is_due_now() -> None:
    later = case(2, DUE + WINDOW)
    (carrier,) = decided(case(1), soon=(later,))
    assert carrier.carries == (later[0].key,)
    (alone,) = decided(case(1), soon=(case(2, DUE + WINDOW + timedelta(seconds=1)),))
    assert alone.carries == ()


@pytest.mark.parametrize(
    "other",
    [
        case(1),
        case(2, of=step(after("2h"), "other")),
        case(2, channel=Channel.EMAIL),
        case(2, purpose=Purpose.RECALL),
        case(2, ask="redness"),
        case(2, window=timedelta(0)),
        case(2, starts_at=DUE + timedelta(hours=1), due_at=DUE + timedelta(hours=3)),
    ],
    ids=["same visit", "kind", "channel", "purpose", "question", "kept apart", "visit not begun"],
)
def test_messages_that_differ_stay_apart(other: Case) -> None:
    assert all(it.carries == () for it in decided(case(1), soon=(other,)))


def test_steps_of_different_names_merge_by_their_kind() -> None:
    named = replace(step(after("2h"), "rf_care"), kind="care")
    first, other = case(1), case(2, of=named)
    assert decided(first, other)[0].carries == (other[0].key,)


def test_what_does_not_go_out_itself_is_spoken_for_by_nobody() -> None:
    pending, there = case(2)
    off = replace(there, appointment=Appointment(VISIT, None, AppointmentStatus.CANCELLED))
    carrier, cancelled = decided(case(1), (pending, off))
    assert (carrier.carries, cancelled.kind) == ((), Kind.CANCEL)


def test_what_arrived_is_suppressed_and_what_may_have_arrived_waits() -> None:
    pending, there = case(2)
    arrived, unknown = (replace(there, spoken=Spoken(7, 1, arrived=known)) for known in (True, False))
    assert [it.kind for it in decided((pending, arrived))] == [Kind.SUPPRESS]
    (waits,) = decided((pending, unknown))
    assert (waits.kind, waits.brake) == (Kind.WAIT, Brake.MERGE)
    (gone,) = decided((pending, unknown), now=pending.useful_until)
    assert gone.kind is Kind.EXPIRE


def test_one_that_waits_for_another_try_is_carried_by_the_other() -> None:
    pending, there = case(1)
    retried = replace(pending, try_at=DUE + timedelta(minutes=5), tried=True)
    other = case(2)
    _, carrier = decided((retried, there), other)
    assert carrier.carries == (pending.key,)


def test_one_that_was_tried_and_goes_now_stays_itself() -> None:
    first, (pending, there) = case(1), case(2)
    _, carrier = decided(first, (replace(pending, tried=True), there))
    assert carrier.carries == (first[0].key,)


@given(
    minutes=st.lists(st.integers(0, 600), min_size=2, max_size=6),
    holders=st.lists(st.integers(0, 2), min_size=6, max_size=6),
)
def test_engines_that_hold_parts_never_send_two_within_the_window_and_always_one(
    minutes: list[int], holders: list[int]
) -> None:
    """Each engine decides by all that it sees; those that it does not hold get no word from it."""
    cases = [case(visit, DUE + timedelta(minutes=it)) for visit, it in enumerate(minutes, start=1)]
    sent: dict[int, datetime] = {}
    waiting = {pending.key: (pending, there) for pending, there in cases}
    now = DUE
    while waiting and now < DUE + timedelta(hours=20):
        due = [it for it in waiting.values() if it[0].due_at <= now]
        ahead = tuple(it for it in waiting.values() if now < it[0].due_at <= now + WINDOW)
        gone: set[int] = set()
        for engine in range(3):
            held_here = {it[0].key for it in due if holders[it[0].appointment - 1] == engine}  # type: ignore[operator]  # each has one here
            for (pending, _), decision in zip(due, decided(*due, now=now, soon=ahead), strict=True):
                if pending.key in held_here and decision.kind is Kind.SEND:
                    sent[pending.key] = now
                    gone |= {pending.key, *decision.carries}
        waiting = {key: it for key, it in waiting.items() if key not in gone}
        now += timedelta(minutes=10)
    assert not waiting
    moments = sorted(sent.values())
    assert moments
    assert all(later - sooner > WINDOW for sooner, later in pairwise(moments))


def test_contradicting_advice_holds_both_unless_a_person_let_it_go() -> None:
    cold = Held("ice", None)
    hot = Held("heat", None)
    first, second = case(1, advised=(cold,)), case(2, advised=(hot,))
    both = decided(first, second)
    assert kinds(*both) == [Kind.HOLD, Kind.HOLD]
    assert {it.brake for it in both} == {Brake.CLASH}
    released = replace(first[0], released=True), first[1]
    assert kinds(*decided(released, second)) == [Kind.SEND, Kind.HOLD]


def test_other_kinds_contradict_only_where_they_hold_at_the_same_time() -> None:
    other = step(after("2h"), "other")
    short = Held("ice", DUE + timedelta(minutes=30))
    later = case(2, DUE + timedelta(hours=1), of=other, advised=(Held("heat", None),))
    assert kinds(*decided(case(1, advised=(short,)), soon=(later,))) == [Kind.SEND]
    same = case(2, DUE + timedelta(hours=1), advised=(Held("heat", None),))
    assert kinds(*decided(case(1, advised=(short,)), soon=(same,))) == [Kind.HOLD]
    still = Held("ice", DUE + timedelta(hours=2))
    assert kinds(*decided(case(1, advised=(still,)), soon=(later,))) == [Kind.HOLD]


def test_what_was_said_for_another_visit_counts_while_it_holds() -> None:
    pending, there = case(2, advised=(Held("heat", None),))
    holds, over = Held("ice", DUE), Held("ice", DUE - timedelta(minutes=1))
    assert kinds(*decided((pending, replace(there, heard=((1, holds),))))) == [Kind.HOLD]
    assert kinds(*decided((pending, replace(there, heard=((1, over),))))) == [Kind.SEND]


def test_advice_counts_days_from_the_visit_and_hours_from_its_end() -> None:
    visit = visit_of(Appointment(VISIT), parse_span("60m"), MADRID, None)
    spans = [("a", "7d"), ("b", "24h"), ("c", None)]
    said = held([Advice(tag, parse_span(span) if span else None) for tag, span in spans], visit)
    assert [it.until for it in said] == [
        local("2026-03-09 00:00", MADRID).astimezone(MADRID).date(),
        local("2026-03-03 11:00", MADRID),
        None,
    ]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9) | st.none(), st.booleans()), max_size=8))
def test_each_tag_is_said_once_and_never_for_a_shorter_time(said: list[tuple[str, int | None, bool]]) -> None:
    every = [
        Held(tag, None if days is None else moment if exact else moment.astimezone(MADRID).date())
        for tag, days, exact in said
        for moment in [DUE + timedelta(days=days or 0)]
    ]
    left = {it.tag: it for it in strictest(every, MADRID)}
    assert left.keys() == {it.tag for it in every}
    for one in every:
        assert strictest([one, left[one.tag]], MADRID) in ((left[one.tag],), (one,))
        if one.until is None:
            assert left[one.tag].until is None
