"""Brakes by themselves: whom a pause covers, which messages are too many, and from when on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.domain.brakes import (
    Kept,
    Pause,
    Scope,
    Volume,
    backlog,
    backlog_limit,
    over_cap,
    pause_of,
    volume_limit,
)
from scheduler.domain.decision import decide, decide_together, foresee
from scheduler.domain.lateness import Sent, Unit
from scheduler.domain.protocol import Channel, IfLate, Purpose
from scheduler.domain.reasons import because, sentence
from scheduler.domain.situation import Decision, Kind, Pending
from scheduler.domain.states import Brake
from tests.domain.samples import LATE_AFTER, MADRID, SPACING, TORONTO
from tests.domain.test_decision import ALLOWED, DUE, LATER, STOPPED, pending, situation

SINCE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ALL = Pause(Scope(), "Ada", SINCE)
SMS, EMAIL = Channel.SMS, Channel.EMAIL


def pause(scope: Scope) -> Pause:
    return Pause(scope, "Ada", SINCE)


def made(message: Pending, now: datetime = DUE, **there: object) -> Decision:
    return decide(message, replace(situation(), **there), now=now, late_after=LATE_AFTER)  # type: ignore[arg-type]  # by their names


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (Scope(), "everything"),
        (Scope(channel=SMS), "SMS"),
        (Scope("north"), "this clinic"),
        (Scope("north", EMAIL), "email of this clinic"),
        (Scope("north", None, 7), "this patient"),
        (Scope("north", SMS, 7), "SMS to this patient"),
    ],
)
def test_each_scope_covers_its_own_and_says_what_that_is(scope: Scope, words: str) -> None:
    asked = scope.channel or SMS
    assert pause_of({scope: pause(scope)}, "north", asked, 7) == pause(scope)
    assert sentence([pause(scope).reason], MADRID) == f"Paused by Ada since Sun 2026-03-01 10:00 ({words})."
    other = EMAIL if asked is SMS else SMS
    strangers = [("south", asked, 8), ("north", other, 8), ("south", other, 7)]
    covered = [pause_of({scope: pause(scope)}, *it) is not None for it in strangers]
    clinic_fits = [scope.clinic in (None, clinic) for clinic, _, _ in strangers]
    channel_fits = [scope.channel in (None, channel) for _, channel, _ in strangers]
    patient_fits = [scope.patient in (None, patient) for _, _, patient in strangers]
    assert covered == [all(it) for it in zip(clinic_fits, channel_fits, patient_fits, strict=True)]


def test_of_several_pauses_the_widest_is_named() -> None:
    both = {scope: pause(scope) for scope in (Scope("north"), Scope())}
    assert pause_of(both, "north", SMS, 7) == ALL
    assert pause_of({}, "north", SMS, 7) is None


def test_a_paused_message_waits_while_it_is_useful_and_expires_with_the_pauses_name() -> None:
    message = pending()
    kept = made(message, paused={SMS: ALL})
    assert kept == Decision(Kind.WAIT, (ALL.reason,), message.useful_until, brake=Brake.PAUSE)
    ended = made(replace(message, kept_by=kept.reasons), message.useful_until, paused={SMS: ALL})
    assert ended.kind is Kind.EXPIRE
    assert [reason.code for reason in ended.reasons] == ["paused", "not_useful"]


def test_what_would_not_go_out_anyway_is_not_kept_back() -> None:
    stopped = {SMS: STOPPED, EMAIL: STOPPED}
    assert made(pending(), paused={SMS: ALL}, consents=stopped).kind is Kind.SUPPRESS
    assert made(pending(), LATER, kept=backlog(9)).kind is Kind.EXPIRE


def test_another_channel_takes_over_at_half_time_only_where_it_is_not_paused_too() -> None:
    message = replace(pending(), fallback=(EMAIL,))
    assert made(message, paused={SMS: ALL}).at == message.half_over_at
    later = made(message, message.half_over_at, paused={SMS: ALL})
    assert (later.kind, later.fallback) == (Kind.SUPPRESS, EMAIL)
    both = made(message, message.half_over_at, paused={SMS: ALL, EMAIL: ALL})
    assert (both.kind, both.at) == (Kind.WAIT, message.useful_until)


def test_a_paused_message_takes_no_others_place() -> None:
    early, late = pending("early"), pending("late", due_at=DUE + timedelta(hours=1))
    cases = [(early, situation()), (late, replace(situation(), paused={SMS: ALL}))]
    decisions = decide_together(cases, now=DUE + timedelta(hours=3), late_after=LATE_AFTER, late_spacing=SPACING)
    assert [it.kind for it in decisions] == [Kind.SEND, Kind.WAIT]


def test_what_is_foreseen_of_a_paused_message_is_that_it_goes_out_afterwards() -> None:
    said = foresee(
        pending(), replace(situation(), paused={SMS: ALL}), planned_for=DUE, now=DUE, late_after=LATE_AFTER
    )
    assert [reason.code for reason in said] == ["paused", "will_wait"]


def test_what_a_person_let_go_on_is_not_held_again_but_waits_for_a_pause() -> None:
    released = replace(pending(if_late=IfLate.HOLD), released=True)
    assert made(released, kept=backlog(99)).kind is Kind.SEND
    assert made(released, DUE + timedelta(hours=2)).kind is Kind.SEND
    assert made(released, kept=backlog(99), paused={SMS: ALL}).brake is Brake.PAUSE


def test_a_late_step_that_asks_a_person_says_by_its_brake_that_it_is_late() -> None:
    assert made(pending(if_late=IfLate.HOLD), DUE + timedelta(hours=2)).brake is Brake.LATE


def capped(count: int, *, sent: list[datetime], most: int) -> list[Kind]:
    cases = [(pending(f"step{n}"), situation(consents=ALLOWED)) for n in range(count)]
    got = [Sent(Unit(9, f"other{n}"), Purpose.CARE, at, at) for n, at in enumerate(sent)]
    decisions = decide_together(
        cases, now=DUE, late_after=LATE_AFTER, late_spacing=SPACING, sent=got, most_a_day=most
    )
    assert {it.brake for it in decisions if it.kind is Kind.HOLD} <= {Brake.CAP}
    return [it.kind for it in decisions]


def test_more_than_the_most_of_a_day_is_held_the_oldest_first_go_out() -> None:
    assert capped(3, sent=[], most=3) == [Kind.SEND] * 3
    assert capped(3, sent=[], most=2) == [Kind.SEND, Kind.SEND, Kind.HOLD]
    assert capped(2, sent=[DUE - timedelta(hours=1)], most=2) == [Kind.SEND, Kind.HOLD]
    assert capped(1, sent=[DUE - timedelta(hours=1)] * 3, most=2) == [Kind.HOLD]


def test_the_day_is_the_patients_calendar_day() -> None:
    yesterday = DUE.astimezone(MADRID).replace(hour=0, minute=0) - timedelta(minutes=1)
    assert capped(2, sent=[yesterday] * 5, most=2) == [Kind.SEND, Kind.SEND]
    assert capped(2, sent=[yesterday + timedelta(minutes=1)], most=2) == [Kind.SEND, Kind.HOLD]
    just_past_midnight = datetime(2026, 3, 5, 0, 30, tzinfo=MADRID)
    evening = [just_past_midnight - timedelta(hours=1)]
    assert over_cap([(1, MADRID)], sent_at=evening, most=1, now=just_past_midnight) == {}
    assert set(over_cap([(1, TORONTO)], sent_at=evening, most=1, now=just_past_midnight)) == {1}


def test_what_a_released_message_takes_of_the_day_is_not_there_for_others() -> None:
    cases = [(replace(pending("a"), released=True), situation()), (pending("b"), situation())]
    decisions = decide_together(cases, now=DUE, late_after=LATE_AFTER, late_spacing=SPACING, most_a_day=1)
    assert [it.kind for it in decisions] == [Kind.SEND, Kind.HOLD]


def test_the_volume_that_is_let_through_is_many_times_the_usual_and_at_least_the_floor() -> None:
    assert volume_limit(300, times=5, floor=1000) == 1500
    assert volume_limit(100, times=5, floor=1000) == 1000
    assert volume_limit(0, times=5, floor=1000) == 1000
    assert (Volume(900, 1000).room, Volume(1200, 1000).room) == (100, 0)
    assert Volume(1, 1000).kept == Kept(Brake.VOLUME, because("volume", limit="1000"))


def test_a_backlog_is_measured_by_the_average_of_the_days_on_which_the_clinic_sent() -> None:
    evening = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)  # still the first of March in Toronto, the second in Madrid
    hours = [(evening, 100), (evening + timedelta(hours=18), 200)]
    assert backlog_limit(hours, TORONTO, percent=50, floor=50) == 75
    assert backlog_limit(hours, MADRID, percent=50, floor=50) == 150
    assert backlog_limit(hours, TORONTO, percent=10, floor=50) == 50
    assert backlog_limit((), TORONTO, percent=50, floor=50) == 50
