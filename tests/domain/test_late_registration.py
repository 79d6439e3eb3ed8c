"""What becomes of steps whose time had passed when the appointment was registered."""

from datetime import timedelta

import pytest

from scheduler.domain.planned import PlannedMessage
from scheduler.domain.protocol import IfLate, Purpose
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from tests.domain.samples import (
    BOTH,
    MADRID,
    NIGHT,
    after,
    before,
    clinic,
    local,
    planned,
    protocol,
    shown,
    step,
    told,
)

REGISTERED = local("2026-03-04 12:00", MADRID)
VISIT = local("2026-03-02 10:00", MADRID)


def late(if_late: IfLate) -> PlannedMessage:
    one = step(after("2d", "10:00"), if_late=if_late, useful_for="24h")
    (message,) = planned(one, VISIT, clinic(MADRID), now=REGISTERED)
    return message


@pytest.mark.parametrize(
    ("if_late", "status", "due", "code"),
    [
        (IfLate.SEND, Status.SCHEDULED, "Wed 2026-03-04 12:00", "registered_late"),
        (IfLate.COLLAPSE, Status.SCHEDULED, "Wed 2026-03-04 12:00", "registered_late"),
        (IfLate.DROP, Status.EXPIRED, "Wed 2026-03-04 10:00", "late_dropped"),
        (IfLate.HOLD, Status.HELD, "Wed 2026-03-04 10:00", "late_held"),
    ],
)
def test_a_step_that_was_late_at_registration_follows_if_late(
    if_late: IfLate, status: Status, due: str, code: str
) -> None:
    message = late(if_late)
    assert (message.status, shown(message.due_at, MADRID)) == (status, due)
    assert [reason.code for reason in message.reasons][:2] == ["after", "registered_late"]
    assert message.reasons[-1].code == code


def test_a_registration_within_half_an_hour_is_not_late() -> None:
    drop = step(after("2d", "10:00"), if_late=IfLate.DROP)
    in_time, too_late = (
        planned(drop, VISIT, clinic(MADRID), now=local(f"2026-03-04 10:{minutes}", MADRID)) for minutes in (30, 31)
    )
    assert told(in_time) == ["step sms Wed 2026-03-04 10:30"]
    assert too_late[0].status is Status.EXPIRED


def test_a_registration_three_days_late_sends_the_latest_of_each_purpose_and_every_question() -> None:
    now = local("2026-03-09 12:00", MADRID)
    late_ones = protocol(
        step(after("1d", "09:30"), "avoid_actives", channels=BOTH, useful_for="9d"),
        step(after("2d", "10:00"), "redness_check", ask="redness", if_late=IfLate.SEND, useful_for="9d"),
        step(after("3d", "10:00"), "make_up", useful_for="9d"),
        step(after("4d", "10:00"), "exercise", channels=BOTH, useful_for="9d"),
        step(after("4d", "11:00"), "book", purpose=Purpose.RECALL, useful_for="9d"),
        step(after("9d", "10:00"), "later"),
    )
    messages = planned(late_ones, VISIT, clinic(MADRID, quiet=NIGHT), now=now)
    assert told(messages) == [
        "avoid_actives sms expired",
        "avoid_actives email expired",
        "make_up sms expired",
        "redness_check sms Mon 2026-03-09 12:00",
        "exercise sms Mon 2026-03-09 12:10",
        "exercise email Mon 2026-03-09 12:10",
        "book sms Mon 2026-03-09 12:20",
        "later sms Wed 2026-03-11 10:00",
    ]
    assert sentence(messages[0].reasons, MADRID) == (
        "1 day after the appointment; its time (Tue 2026-03-03 09:30) had passed when this was "
        "planned; late, and a later message (exercise) says what counts now."
    )
    assert sentence(messages[4].reasons, MADRID) == (
        "4 days after the appointment; its time (Fri 2026-03-06 10:00) had passed when this was "
        "planned; moved to Mon 2026-03-09 12:10, to leave time between late messages."
    )


def test_a_registration_at_night_waits_for_the_morning_and_expires_what_will_not_help_then() -> None:
    late_ones = protocol(step(after("2h"), "today", useful_for="20h"), step(after("3h"), "tonight", useful_for="9h"))
    now = local("2026-03-02 22:00", MADRID)
    messages = planned(late_ones, VISIT, clinic(MADRID, quiet=NIGHT), now=now)
    # What expires can't take the place of another.
    assert told(messages) == ["tonight sms expired", "today sms Tue 2026-03-03 08:00"]
    assert [reason.code for reason in messages[0].reasons] == [
        "after",
        "registered_late",
        "quiet_hours",
        "not_useful",
    ]


def test_undo_grace_is_not_given_as_a_reason_for_what_does_not_go_out() -> None:
    drop = step(after("2d", "10:00"), if_late=IfLate.DROP)
    (message,) = planned(drop, VISIT, clinic(MADRID, grace=timedelta(minutes=3)), now=REGISTERED)
    assert [reason.code for reason in message.reasons] == ["after", "registered_late", "late_dropped"]


def test_what_has_stopped_being_useful_before_the_registration_expires_with_both_reasons() -> None:
    (message,) = planned(step(before("7d", "10:00")), VISIT, clinic(MADRID), now=REGISTERED)
    assert message.status is Status.EXPIRED
    assert sentence(message.reasons, MADRID) == (
        "7 days before the appointment; its time (Mon 2026-02-23 10:00) had passed when this was "
        "planned; it stopped being useful at Mon 2026-03-02 10:00."
    )


def test_a_preparation_registered_late_goes_out_while_the_visit_is_still_to_come() -> None:
    (message,) = planned(step(before("7d", "10:00")), VISIT, clinic(MADRID), now=local("2026-02-27 15:00", MADRID))
    assert told([message]) == ["step sms Fri 2026-02-27 15:00"]


def test_at_registration_too_what_goes_out_in_time_takes_the_place_of_what_is_late() -> None:
    steps = protocol(
        step(after("1d", "10:00"), "avoid_actives", useful_for="9d"),
        step(after("2d", "12:00"), "make_up", useful_for="9d"),
    )
    assert told(planned(steps, VISIT, clinic(MADRID), now=REGISTERED + timedelta(minutes=20))) == [
        "avoid_actives sms expired",
        "make_up sms Wed 2026-03-04 12:20",
    ]
