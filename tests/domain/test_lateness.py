from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.hours import SendingHours
from scheduler.domain.lateness import Fresh, Late, Sent, Settled, Unit, is_late, settle_late
from scheduler.domain.protocol import IfLate, Purpose
from scheduler.domain.states import Status
from tests.domain.samples import LATE_AFTER, MADRID, NIGHT, SPACING, local, shown

NOW = local("2026-03-04 12:00", MADRID)
ALWAYS = SendingHours(MADRID, MADRID)
AT_DAY = SendingHours(MADRID, MADRID, NIGHT)


def late(
    key: str,
    hours_ago: float,
    *,
    if_late: IfLate = IfLate.COLLAPSE,
    purpose: Purpose = Purpose.CARE,
    ask: str | None = None,
    step: str | None = None,
    visit: str = "visit",
    useful_for: float = 200,
    hours: SendingHours = ALWAYS,
    try_in: float | None = None,
) -> Late:
    due = NOW - timedelta(hours=hours_ago)
    until = due + timedelta(hours=useful_for)
    try_at = None if try_in is None else NOW + timedelta(hours=try_in)
    return Late(key, Unit(visit, step or key), purpose, due, due, until, if_late, ask, hours, try_at)


def sent(
    step: str, planned_ago: float, sent_ago: float, *, purpose: Purpose = Purpose.CARE, visit: str = "visit"
) -> Sent:
    planned_at, sent_at = NOW - timedelta(hours=planned_ago), NOW - timedelta(hours=sent_ago)
    return Sent(Unit(visit, step), purpose, planned_at, sent_at)


def settle(
    *messages: Late, now: datetime = NOW, beside: Sequence[Fresh] = (), before: Sequence[Sent] = ()
) -> dict[str, str]:
    """What becomes of each, in words."""
    settled = settle_late(messages, now=now, spacing=SPACING, fresh=beside, sent=before)
    return {str(key): in_words(verdict) for key, verdict in settled.items()}


def in_words(settled: Settled) -> str:
    if settled.status is Status.SCHEDULED:
        return shown(settled.at, MADRID)[4:]
    return f"{settled.status}: {settled.reasons[-1].code}"


def test_one_late_message_goes_out_at_once() -> None:
    assert settle(late("a", 2)) == {"a": "2026-03-04 12:00"}


def test_of_several_only_the_latest_of_a_purpose_goes_out() -> None:
    settled = settle(late("c", 1), late("a", 9), late("b", 5), late("recall", 7, purpose=Purpose.RECALL))
    assert settled == {
        "a": "expired: collapsed",
        "b": "expired: collapsed",
        "recall": "2026-03-04 12:00",
        "c": "2026-03-04 12:10",
    }


def test_a_question_is_sent_beside_the_latest() -> None:
    assert settle(late("question", 5, ask="redness"), late("later", 1)) == {
        "question": "2026-03-04 12:00",
        "later": "2026-03-04 12:10",
    }


def test_advice_gives_way_to_a_later_question_of_the_same_purpose() -> None:
    assert settle(late("advice", 5), late("question", 1, ask="redness", if_late=IfLate.SEND)) == {
        "advice": "expired: collapsed",
        "question": "2026-03-04 12:00",
    }


@pytest.mark.parametrize(
    ("gone", "outcome"),
    [
        (late("gone", 1, if_late=IfLate.DROP), "expired: late_dropped"),
        (late("gone", 1, if_late=IfLate.HOLD), "held: late_held"),
        (late("gone", 1, useful_for=0.5), "expired: not_useful"),
    ],
)
def test_nothing_gives_way_to_what_does_not_go_out_itself(gone: Late, outcome: str) -> None:
    assert settle(late("a", 5), gone) == {"a": "2026-03-04 12:00", "gone": outcome}


def test_both_channels_of_a_step_go_out_together() -> None:
    assert settle(late("sms", 3, step="x"), late("email", 3, step="x"), late("b", 1, if_late=IfLate.SEND)) == {
        "sms": "expired: collapsed",
        "email": "expired: collapsed",
        "b": "2026-03-04 12:00",
    }
    assert settle(late("b", 4, if_late=IfLate.SEND), late("sms", 3, step="x"), late("email", 3, step="x")) == {
        "b": "2026-03-04 12:00",
        "sms": "2026-03-04 12:10",
        "email": "2026-03-04 12:10",
    }


def test_of_two_due_at_the_same_instant_the_one_given_later_is_the_later() -> None:
    assert settle(late("a", 3), late("b", 3)) == {"a": "expired: collapsed", "b": "2026-03-04 12:00"}


def test_what_another_visits_message_says_takes_the_place_of_none() -> None:
    assert settle(late("after the first", 5), late("after the second", 1, visit="second")) == {
        "after the first": "2026-03-04 12:00",
        "after the second": "2026-03-04 12:10",
    }


@pytest.mark.parametrize(
    ("later", "outcome"),
    [
        (sent("tips", 2, 1), "expired: collapsed"),
        (sent("tips", 2, 1, visit="second"), "2026-03-04 12:00"),
        (sent("tips", 2, 1, purpose=Purpose.RECALL), "2026-03-04 12:00"),
        (sent("tips", 9, 1), "2026-03-04 12:00"),
        (sent("advice", 2, 1), "2026-03-04 12:00"),
    ],
)
def test_a_late_message_gives_way_to_a_later_one_of_its_visit_and_purpose_that_was_sent(
    later: Sent, outcome: str
) -> None:
    assert settle(late("advice", 5), before=[later]) == {"advice": outcome}


def test_a_question_is_asked_even_after_a_later_message_was_sent() -> None:
    assert settle(late("question", 5, ask="redness"), before=[sent("tips", 2, 1)]) == {"question": "2026-03-04 12:00"}


def test_a_late_message_gives_way_to_a_later_one_that_goes_out_in_time() -> None:
    tips = Fresh(Unit("visit", "tips"), Purpose.CARE, NOW - timedelta(minutes=5))
    assert settle(late("advice", 5), beside=[tips]) == {"advice": "expired: collapsed"}
    assert settle(late("advice", 5, visit="second"), beside=[tips]) == {"advice": "2026-03-04 12:00"}


def test_a_late_message_gives_way_to_a_later_one_that_waits_for_another_try() -> None:
    assert settle(late("advice", 5), late("tips", 1, try_in=0.5)) == {
        "advice": "expired: collapsed",
        "tips": "2026-03-04 12:30",
    }


def test_what_waits_for_another_try_keeps_no_other_waiting() -> None:
    settled = settle(late("a", 5, if_late=IfLate.SEND, try_in=0.5), late("b", 1, if_late=IfLate.SEND))
    assert settled == {"a": "2026-03-04 12:30", "b": "2026-03-04 12:00"}


def test_the_later_word_is_the_one_planned_later_however_long_either_was_put_off() -> None:
    fallback = replace(late("advice by email", 0.6), planned_at=NOW - timedelta(hours=30))
    assert settle(late("tips", 3), fallback) == {
        "tips": "2026-03-04 12:00",
        "advice by email": "expired: collapsed",
    }


def test_late_messages_keep_their_distance_from_what_was_sent_last() -> None:
    four_minutes_ago = [sent("prepare", 99, 1), sent("other", 9, 4 / 60, visit="second")]
    assert settle(late("a", 5), before=four_minutes_ago) == {"a": "2026-03-04 12:06"}
    assert settle(late("a", 5), before=[sent("other", 9, 1, visit="second")]) == {"a": "2026-03-04 12:00"}


def test_one_channel_of_a_step_need_not_wait_after_the_other() -> None:
    assert settle(late("sms", 5, step="x"), before=[sent("x", 5, 0.01)]) == {"sms": "2026-03-04 12:00"}


def test_spacing_begins_again_at_the_end_of_the_night() -> None:
    evening = local("2026-03-04 19:55", MADRID)
    settled = settle(
        late("a", 3, if_late=IfLate.SEND, hours=AT_DAY),
        late("b", 2, if_late=IfLate.SEND, hours=AT_DAY),
        late("c", 1, if_late=IfLate.SEND, hours=AT_DAY),
        now=evening,
    )
    assert settled == {"a": "2026-03-04 19:55", "b": "2026-03-05 08:00", "c": "2026-03-05 08:10"}


def test_what_spacing_moves_past_its_usefulness_expires() -> None:
    settled = settle(late("a", 3, if_late=IfLate.SEND), late("b", 2, if_late=IfLate.SEND, useful_for=2.1))
    assert settled == {"a": "2026-03-04 12:00", "b": "expired: not_useful"}


def test_a_message_is_late_only_after_more_than_the_set_time() -> None:
    assert not is_late(NOW - LATE_AFTER, now=NOW, late_after=LATE_AFTER)
    assert is_late(NOW - LATE_AFTER - timedelta(seconds=1), now=NOW, late_after=LATE_AFTER)


@st.composite
def backlogs(draw: st.DrawFn) -> list[Late]:
    return [
        late(
            f"{number}",
            draw(st.integers(1, 100)),
            if_late=draw(st.sampled_from(IfLate)),
            purpose=draw(st.sampled_from(Purpose)),
            ask=draw(st.sampled_from([None, "redness"])),
            step=draw(st.sampled_from(["x", "y", f"{number}"])),
            visit=draw(st.sampled_from(["first", "second"])),
            try_in=draw(st.sampled_from([None, None, 1, 20])),
            useful_for=draw(st.integers(1, 300)),
            hours=draw(st.sampled_from([ALWAYS, AT_DAY])),
        )
        for number in range(draw(st.integers(0, 7)))
    ]


@given(backlogs())
def test_every_message_has_a_verdict_and_what_goes_out_still_helps(backlog: list[Late]) -> None:
    settled = settle_late(backlog, now=NOW, spacing=SPACING)
    assert set(settled) == {message.key for message in backlog}
    for message in backlog:
        verdict = settled[message.key]
        assert verdict.status is not Status.SCHEDULED or NOW <= verdict.at < message.useful_until


@given(backlogs())
def test_what_goes_out_of_different_steps_is_spaced(backlog: list[Late]) -> None:
    settled = settle_late(backlog, now=NOW, spacing=SPACING)
    going: dict[object, list[datetime]] = {}
    for message in backlog:
        if settled[message.key].status is Status.SCHEDULED:
            going.setdefault(message.unit, []).append(settled[message.key].at)
    firsts = sorted(min(instants) for instants in going.values())
    assert all(later - earlier >= SPACING for earlier, later in pairwise(firsts))


@given(backlogs())
def test_no_question_is_collapsed_and_no_purpose_is_left_without_its_latest(backlog: list[Late]) -> None:
    settled = settle_late(backlog, now=NOW, spacing=SPACING)
    for message in backlog:
        verdict = settled[message.key]
        if verdict.reasons and verdict.reasons[-1].code == "collapsed":
            assert not message.ask
            heirs = [
                other
                for other in backlog
                if (other.purpose, other.unit.visit) == (message.purpose, message.unit.visit)
                and other.due_at >= message.due_at
            ]
            assert any(settled[heir.key].status is Status.SCHEDULED for heir in heirs) or all(
                settled[heir.key].reasons[-1].code != "collapsed" for heir in heirs if heir.key != message.key
            )
