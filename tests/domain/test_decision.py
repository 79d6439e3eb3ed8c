from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest

from scheduler.domain.appointment import Appointment, AppointmentStatus
from scheduler.domain.consent import Consent
from scheduler.domain.decision import decide, decide_together, foresee
from scheduler.domain.hours import SendingHours
from scheduler.domain.lateness import Sent, Unit
from scheduler.domain.protocol import Channel, IfLate, Purpose, Step
from scheduler.domain.reasons import because, sentence
from scheduler.domain.situation import STATUS_AFTER, Decision, Kind, Pending, Situation
from scheduler.domain.states import Cause, Status, may_move
from tests.domain.samples import LATE_AFTER, MADRID, NIGHT, SPACING, after, before, local, shown, step

VISIT = local("2026-03-02 10:00", MADRID)
DUE = local("2026-03-04 10:00", MADRID)
LATER = DUE + timedelta(days=2)
HOURS = SendingHours(MADRID, MADRID, NIGHT)
STOPPED = Consent(because("stopped", address="phone number"))
ALLOWED = {Channel.SMS: Consent(), Channel.EMAIL: Consent()}
CHECK = step(after("2d", "10:00"), "redness_check", unless=["next_appointment"])


KEYS = count(1)


def pending(step_id: str = "check", *, due_at: datetime = DUE, if_late: IfLate = IfLate.COLLAPSE) -> Pending:
    return Pending(
        key=next(KEYS),
        appointment=1,
        step=step_id,
        occurrence=1,
        channel=Channel.SMS,
        purpose=Purpose.CARE,
        planned_at=due_at,
        due_at=due_at,
        try_at=due_at,
        useful_until=due_at + timedelta(hours=24),
        if_late=if_late,
    )


def situation(
    *,
    status: AppointmentStatus = AppointmentStatus.BOOKED,
    starts_at: datetime = VISIT,
    of: Step | None = CHECK,
    addresses: frozenset[Channel] = frozenset(Channel),
    consents: Mapping[Channel, Consent] = ALLOWED,
    rebooked: bool = False,
    template_error: str | None = None,
) -> Situation:
    return Situation(Appointment(starts_at, None, status), of, HOURS, addresses, consents, rebooked, template_error)


def made(message: Pending, there: Situation, now: datetime = DUE) -> Decision:
    return decide(message, there, now=now, late_after=LATE_AFTER)


def codes(decision: Decision) -> list[str]:
    return [reason.code for reason in decision.reasons]


@pytest.mark.parametrize("status", [AppointmentStatus.BOOKED, AppointmentStatus.COMPLETED])
def test_a_message_of_a_visit_that_took_place_is_sent(status: AppointmentStatus) -> None:
    assert made(pending(), situation(status=status)) == Decision(Kind.SEND, (), DUE)


EVERYTHING_AGAINST = situation(
    status=AppointmentStatus.CANCELLED,
    starts_at=VISIT,
    of=None,
    addresses=frozenset(),
    consents={Channel.SMS: STOPPED, Channel.EMAIL: STOPPED},
    rebooked=True,
    template_error="sms.txt:3: unknown variable",
)


def test_the_gravest_reason_is_given_and_the_next_when_it_is_gone() -> None:
    there = EVERYTHING_AGAINST
    assert against(there, now=LATER) == (Kind.CANCEL, ["appointment_cancelled"])
    there = replace(there, appointment=Appointment(VISIT, None, AppointmentStatus.NO_SHOW))
    assert against(there, now=LATER) == (Kind.CANCEL, ["no_show"])
    there = replace(there, appointment=Appointment(VISIT))
    assert against(there, now=LATER) == (Kind.EXPIRE, ["not_useful"])
    assert against(there) == (Kind.MEND, ["step_gone"])
    there = replace(there, step=CHECK)
    assert against(there) == (Kind.SUPPRESS, ["next_appointment"])
    there = replace(there, rebooked=False)
    assert against(there) == (Kind.SUPPRESS, ["no_address"])
    there = replace(there, addresses=frozenset(Channel))
    assert against(there) == (Kind.SUPPRESS, ["stopped"])
    there = replace(there, consents=ALLOWED)
    assert against(there) == (Kind.MEND, ["no_template"])
    assert against(replace(there, template_error=None)) == (Kind.SEND, [])


def against(there: Situation, now: datetime = DUE) -> tuple[Kind, list[str]]:
    decision = made(pending(), there, now)
    return decision.kind, codes(decision)


def test_a_rebooking_matters_only_to_steps_that_say_so() -> None:
    other = step(after("2d"), unless=[])
    assert made(pending(), situation(of=other, rebooked=True)).kind is Kind.SEND


def test_what_prepares_expires_at_the_start_even_if_the_visit_was_moved_forward() -> None:
    prepare = step(before("7d", "10:00"))
    moved = situation(of=prepare, starts_at=DUE)
    decision = made(pending(), moved)
    assert decision.kind is Kind.EXPIRE
    assert sentence(decision.reasons, MADRID) == "It stopped being useful at Wed 2026-03-04 10:00."
    assert made(pending(), situation(of=prepare, starts_at=DUE + timedelta(minutes=1))).kind is Kind.SEND


def test_what_follows_a_visit_is_not_sent_before_it_unless_the_clinic_says_that_it_took_place() -> None:
    tomorrow = DUE + timedelta(hours=3)
    waiting = made(pending(), situation(starts_at=tomorrow))
    assert (waiting.kind, waiting.at, codes(waiting)) == (Kind.WAIT, tomorrow, ["not_attended"])
    assert made(pending(), situation(starts_at=tomorrow, status=AppointmentStatus.COMPLETED)).kind is Kind.SEND


def test_quiet_hours_at_the_send_wait_for_their_end() -> None:
    evening = local("2026-03-04 20:10", MADRID)
    decision = made(pending(due_at=evening), situation(), evening)
    assert decision.kind is Kind.WAIT
    assert decision.at
    assert shown(decision.at, MADRID) == "Thu 2026-03-05 08:00"
    assert codes(decision) == ["quiet_hours"]


def test_a_message_that_quiet_hours_would_make_useless_expires_at_once() -> None:
    evening = local("2026-03-04 20:10", MADRID)
    short = replace(pending(due_at=evening), useful_until=evening + timedelta(hours=6))
    decision = made(short, situation(), evening)
    assert (decision.kind, codes(decision)) == (Kind.EXPIRE, ["quiet_hours", "not_useful"])


@pytest.mark.parametrize(
    ("addresses", "consents", "reason", "fallback"),
    [
        ({Channel.EMAIL}, ALLOWED, "no_address", Channel.EMAIL),
        (set(), ALLOWED, "no_address", None),
        (set(Channel), {**ALLOWED, Channel.SMS: STOPPED}, "stopped", Channel.EMAIL),
        (set(Channel), dict.fromkeys(Channel, STOPPED), "stopped", None),
    ],
)
def test_first_of_goes_to_the_next_channel_that_can_be_used(
    addresses: set[Channel], consents: Mapping[Channel, Consent], reason: str, fallback: Channel | None
) -> None:
    message = replace(pending(), fallback=(Channel.EMAIL,))
    decision = made(message, situation(addresses=frozenset(addresses), consents=consents))
    assert (decision.kind, codes(decision), decision.fallback) == (Kind.SUPPRESS, [reason], fallback)


def test_a_step_of_both_channels_has_nothing_to_fall_back_on() -> None:
    assert made(pending(), situation(addresses=frozenset({Channel.EMAIL}))).fallback is None


@pytest.mark.parametrize(
    ("if_late", "kind", "reasons"),
    [
        (IfLate.SEND, Kind.SEND, []),
        (IfLate.COLLAPSE, Kind.SEND, []),
        (IfLate.DROP, Kind.EXPIRE, ["late_dropped"]),
        (IfLate.HOLD, Kind.HOLD, ["late_held"]),
    ],
)
def test_a_late_message_follows_if_late(if_late: IfLate, kind: Kind, reasons: list[str]) -> None:
    decision = made(pending(if_late=if_late), situation(), DUE + timedelta(hours=1))
    assert (decision.kind, codes(decision)) == (kind, reasons)
    assert made(pending(if_late=if_late), situation(), DUE + LATE_AFTER).kind is Kind.SEND


def together(*cases: tuple[Pending, Situation], now: datetime) -> list[tuple[Kind, list[str]]]:
    decisions = decide_together(cases, now=now, late_after=LATE_AFTER, late_spacing=SPACING)
    return [(decision.kind, codes(decision)) for decision in decisions]


def test_after_an_outage_a_patient_gets_the_latest_and_every_question_apart() -> None:
    now = DUE + timedelta(hours=8)
    early, question, latest = (
        pending("early"),
        replace(pending("question", due_at=DUE + timedelta(hours=1), if_late=IfLate.SEND), ask="redness"),
        pending("latest", due_at=DUE + timedelta(hours=2)),
    )
    here = situation()
    assert together((latest, here), (early, here), (question, here), now=now) == [
        (Kind.WAIT, ["spaced"]),
        (Kind.EXPIRE, ["collapsed"]),
        (Kind.SEND, []),
    ]


def test_what_goes_out_in_time_takes_the_place_of_what_is_late_unless_it_is_not_sent() -> None:
    now = DUE + timedelta(hours=8)
    late, fresh = pending("late"), pending("fresh", due_at=now)
    assert together((late, situation()), (fresh, situation()), now=now) == [
        (Kind.EXPIRE, ["collapsed"]),
        (Kind.SEND, []),
    ]
    assert together((late, situation()), (fresh, situation(addresses=frozenset())), now=now) == [
        (Kind.SEND, []),
        (Kind.SUPPRESS, ["no_address"]),
    ]
    ends_at_night = replace(fresh, useful_until=now + timedelta(minutes=1))
    assert together((late, situation()), (ends_at_night, situation()), now=now + timedelta(minutes=2)) == [
        (Kind.SEND, []),
        (Kind.EXPIRE, ["not_useful"]),
    ]


def test_what_was_sent_counts_for_what_is_late_and_for_nothing_else() -> None:
    now = DUE + timedelta(hours=8)
    tips = Sent(Unit(1, "tips", 1), Purpose.CARE, DUE + timedelta(hours=1), now - timedelta(minutes=1))
    late, fresh = pending("late"), pending("fresh", due_at=now)
    for message, kind in ((late, Kind.EXPIRE), (fresh, Kind.SEND)):
        decisions = decide_together(
            [(message, situation())], now=now, late_after=LATE_AFTER, late_spacing=SPACING, sent=[tips]
        )
        assert [it.kind for it in decisions] == [kind]


def test_the_same_step_of_two_visits_is_two_messages_that_go_out_apart() -> None:
    first, second = pending(), replace(pending(), appointment=2)
    now = DUE + timedelta(hours=8)
    assert together((first, situation()), (second, situation()), now=now) == [
        (Kind.SEND, []),
        (Kind.WAIT, ["spaced"]),
    ]


def test_of_two_steps_due_at_once_the_same_one_goes_out_whoever_asks() -> None:
    first, second = pending("first"), pending("second")
    now = DUE + timedelta(hours=8)
    outcome = [(Kind.EXPIRE, ["collapsed"]), (Kind.SEND, [])]
    assert together((first, situation()), (second, situation()), now=now) == outcome
    # Whichever of them an engine looks at first: else two engines would each give way to the other's.
    assert together((second, situation()), (first, situation()), now=now) == outcome[::-1]


def test_a_message_that_is_not_sent_for_another_reason_collapses_no_other() -> None:
    now = DUE + timedelta(hours=8)
    early, latest = pending("early"), pending("latest", due_at=DUE + timedelta(hours=2))
    assert together((early, situation()), (latest, situation(addresses=frozenset())), now=now) == [
        (Kind.SEND, []),
        (Kind.SUPPRESS, ["no_address"]),
    ]


def test_both_channels_of_a_step_are_sent_at_once_however_late() -> None:
    sms, email = pending(), replace(pending(), channel=Channel.EMAIL)
    now = DUE + timedelta(hours=8)
    assert together((sms, situation()), (email, situation()), now=now) == [(Kind.SEND, []), (Kind.SEND, [])]


def forecast(message: Pending, there: Situation, planned_for: datetime, now: datetime = VISIT) -> str:
    return sentence(foresee(message, there, planned_for=planned_for, now=now, late_after=LATE_AFTER), MADRID)


def test_a_timeline_says_what_the_send_would_decide() -> None:
    assert forecast(pending(), situation(), DUE) == "Will be sent at Wed 2026-03-04 10:00."
    assert forecast(pending(), situation(addresses=frozenset()), DUE) == (
        "Will not be sent; there is no phone number for this patient."
    )
    assert forecast(pending(), situation(rebooked=True), DUE) == (
        "Will not be sent; the next appointment is already booked."
    )
    assert forecast(pending(), situation(template_error="sms.txt:3: no such variable"), DUE) == (
        "The text can't be rendered: sms.txt:3: no such variable; "
        "it is looked at again at Wed 2026-03-04 10:00, and sent if that is mended."
    )
    evening = local("2026-03-04 21:00", MADRID)
    assert forecast(pending(due_at=evening), situation(), evening) == (
        "Moved from Wed 2026-03-04 21:00 out of quiet hours; will be sent at Thu 2026-03-05 08:00."
    )


def test_a_step_that_this_process_does_not_know_waits_to_be_mended() -> None:
    assert forecast(pending(), situation(of=None), DUE) == (
        "The protocol in force has no such step on this channel; "
        "it is looked at again at Wed 2026-03-04 10:00, and sent if that is mended."
    )


def test_a_timeline_counts_a_visit_to_come_as_attended() -> None:
    assert forecast(pending(), situation(), DUE, now=VISIT - timedelta(days=9)).startswith("Will be sent")


def test_what_is_overdue_is_foreseen_from_now() -> None:
    assert forecast(pending(), situation(), DUE, now=DUE + timedelta(minutes=5)) == (
        "Will be sent at Wed 2026-03-04 10:05."
    )


def test_every_decision_is_a_way_of_the_table() -> None:
    assert set(STATUS_AFTER) == set(Kind) - {Kind.SEND}
    assert all(may_move(Status.CLAIMED, Cause.DECIDE, status) for status in STATUS_AFTER.values())
