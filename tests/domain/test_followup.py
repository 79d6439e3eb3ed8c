"""What is asked again over time: after a reply, and after none."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.appointment import Reach
from scheduler.domain.clinic import Closure
from scheduler.domain.followup import (
    Again,
    Reply,
    Round,
    follow_ups,
    is_reminder,
    next_occurrence,
    overtaken,
    times_asked,
)
from scheduler.domain.protocol import AfterReply, Channel, Protocol, Remind, Step
from scheduler.domain.reasons import sentence
from scheduler.domain.spans import parse_span
from scheduler.domain.states import IN_HAND, REPLANNABLE, UNSENT, Status
from scheduler.domain.triage import Triage
from tests.domain.samples import (
    BOTH,
    MADRID,
    NIGHT,
    REACH,
    TORONTO,
    after,
    clinic,
    clock,
    local,
    protocol,
    shown,
    step,
)

NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
"""Wednesday, twelve o'clock in Toronto; clocks go forward there on the night to Sunday."""


def waiting(
    to: str, *classes: str, wait: str = "2d", at: str | None = "10:00", step_id: str = "recheck", **more: object
) -> Step:
    timing = AfterReply(to, frozenset(classes), parse_span(wait), clock(at))
    return step(timing, step_id, ask="redness", **more)  # type: ignore[arg-type]  # by their names


CHECK = step(after("2d", "10:00"), "check", ask="redness")
WEEK = step(after("7d", "10:00"), "week", ask="healing")
RECHECK = waiting("check", "concern")


def ids(steps: tuple[Step, ...]) -> list[str]:
    return [it.id for it in steps]


def when(step: Step, at: datetime, *, now: datetime | None = None, zone: ZoneInfo | None = None) -> str:
    """The instant at which a concern of that time leads to the step, on the patient's wall clock."""
    reach = Reach(has_phone=True, has_email=True, timezone=zone)
    again = Again(step, clinic(TORONTO, quiet=NIGHT), reach, 1)
    (planned,) = again.after(Reply("check", Triage.CONCERN, at), now=now or at)
    return shown(planned.due_at, zone or TORONTO)


def test_a_reply_leads_to_the_steps_that_wait_for_one_of_its_class() -> None:
    plan = protocol(CHECK, RECHECK, WEEK)
    assert ids(follow_ups(plan, "check", Triage.CONCERN)) == ["recheck"]
    assert follow_ups(plan, "check", Triage.FINE) == ()
    assert follow_ups(plan, "week", Triage.CONCERN) == ()
    assert follow_ups(plan, "gone", Triage.CONCERN) == ()


def test_the_same_answer_to_the_recheck_leads_to_it_again_because_it_asks_the_same() -> None:
    assert ids(follow_ups(protocol(CHECK, RECHECK), "recheck", Triage.CONCERN)) == ["recheck"]


def test_a_step_that_waits_for_the_recheck_itself_goes_before() -> None:
    third = waiting("recheck", "concern", step_id="third")
    plan = protocol(CHECK, RECHECK, third)
    assert ids(follow_ups(plan, "check", Triage.CONCERN)) == ["recheck"]
    assert ids(follow_ups(plan, "recheck", Triage.CONCERN)) == ["third"]
    assert ids(follow_ups(plan, "third", Triage.CONCERN)) == ["third"]


def test_a_follow_up_that_asks_something_else_does_not_stand_in_for_its_question() -> None:
    other = step(AfterReply("check", frozenset({"concern"}), parse_span("1d"), None), "pain", ask="pain")
    assert follow_ups(protocol(CHECK, other), "pain", Triage.CONCERN) == ()


def test_that_it_is_better_overtakes_what_a_concern_had_brought_about() -> None:
    thanks = waiting("check", "fine", step_id="thanks")
    plan = protocol(CHECK, RECHECK, thanks, WEEK)
    assert overtaken(plan, "check", Triage.FINE) == {"recheck"}
    assert overtaken(plan, "recheck", Triage.FINE) == {"recheck"}
    assert overtaken(plan, "week", Triage.FINE) == frozenset()


@pytest.mark.parametrize("triage", [it for it in Triage if it is not Triage.FINE])
def test_no_other_class_overtakes_anything(triage: Triage) -> None:
    assert overtaken(protocol(CHECK, RECHECK), "check", triage) == frozenset()


def test_the_wait_counts_in_calendar_days_from_the_date_of_the_reply_at_the_clinic() -> None:
    assert when(RECHECK, local("2026-03-04 00:05", TORONTO)) == "Fri 2026-03-06 10:00"
    assert when(RECHECK, local("2026-03-04 23:55", TORONTO)) == "Fri 2026-03-06 10:00"


def test_the_time_of_day_is_the_patients_the_date_the_clinics() -> None:
    late = local("2026-03-04 20:00", TORONTO)  # two in the morning of the fifth in Madrid
    assert when(RECHECK, late, zone=MADRID) == "Fri 2026-03-06 10:00"


def test_across_the_change_of_clocks_it_is_still_ten_in_the_morning() -> None:
    assert when(RECHECK, local("2026-03-07 12:00", TORONTO)) == "Mon 2026-03-09 10:00"


def test_without_a_time_of_day_the_replys_own_is_kept_and_quiet_hours_hold() -> None:
    plain = waiting("check", "concern", at=None)
    assert when(plain, local("2026-03-04 15:30", TORONTO)) == "Fri 2026-03-06 15:30"
    assert when(plain, local("2026-03-04 22:30", TORONTO)) == "Sat 2026-03-07 08:00"


def test_hours_elapse() -> None:
    assert when(waiting("check", "concern", wait="4h", at=None), NOON) == "Wed 2026-03-04 16:00"


def test_it_never_precedes_the_reply() -> None:
    assert when(waiting("check", "concern", wait="0d", at="09:00"), NOON) == "Wed 2026-03-04 12:00"


def test_a_closed_day_defers_only_what_says_so() -> None:
    closed = clinic(
        TORONTO, closures=[Closure(local("2026-03-06 12:00", TORONTO).date(), NOON.date().replace(day=6))]
    )
    reply = Reply("check", Triage.CONCERN, NOON)
    (care,) = Again(RECHECK, closed, REACH, 1).after(reply, now=NOON)
    deferring = waiting("check", "concern", defer_on_closures=True, useful_for="3d")
    (later,) = Again(deferring, closed, REACH, 1).after(reply, now=NOON)
    assert shown(care.due_at, TORONTO) == "Fri 2026-03-06 10:00"
    assert shown(later.due_at, TORONTO) == "Sat 2026-03-07 10:00"


def test_the_message_says_which_reply_brought_it_about() -> None:
    (planned,) = Again(RECHECK, clinic(TORONTO), REACH, 2).after(Reply("check", Triage.CONCERN, NOON), now=NOON)
    assert (planned.step, planned.occurrence, planned.ask, planned.status) == ("recheck", 2, "redness", "scheduled")
    assert sentence(planned.reasons, TORONTO) == (
        "2 days after the reply of Wed 2026-03-04 12:00 to check, which was read as concern."
    )


def test_of_first_of_the_channel_that_is_known_goes_first() -> None:
    either = waiting("check", "concern", channels=BOTH, first_of=True)
    reach = Reach(has_phone=False, has_email=True)
    (planned,) = Again(either, clinic(TORONTO), reach, 1).after(Reply("check", Triage.CONCERN, NOON), now=NOON)
    assert (planned.channel, planned.fallback) == (Channel.EMAIL, (Channel.SMS,))


def test_a_reply_that_is_read_too_late_leads_to_an_expired_message() -> None:
    now = local("2026-03-09 10:00", TORONTO)
    (planned,) = Again(RECHECK, clinic(TORONTO), REACH, 1).after(Reply("check", Triage.CONCERN, NOON), now=now)
    assert planned.status is Status.EXPIRED
    assert sentence(planned.reasons, TORONTO).endswith(
        "its time (Fri 2026-03-06 10:00) had passed when this was planned; "
        "it stopped being useful at Sat 2026-03-07 10:00."
    )


def test_a_reminder_counts_from_when_the_question_went_out() -> None:
    reminded = step(after("2d", "10:00"), "check", ask="redness", remind=Remind(parse_span("1d"), clock("11:00")))
    (planned,) = Again(reminded, clinic(TORONTO), REACH, 2).reminder(NOON, now=NOON)
    assert shown(planned.due_at, TORONTO) == "Thu 2026-03-05 11:00"
    assert is_reminder(planned.reasons)
    assert sentence(planned.reasons, TORONTO) == (
        "Asked once more, because no answer came since Wed 2026-03-04 12:00."
    )


def test_a_step_without_one_has_no_reminder() -> None:
    assert Again(CHECK, clinic(TORONTO), REACH, 2).reminder(NOON, now=NOON) == ()


def test_a_step_is_wanted_again_as_the_next_occurrence_once_it_went_out() -> None:
    assert next_occurrence([]) == 1
    assert next_occurrence([Round(1, Status.DELIVERED)]) == 2
    assert next_occurrence([Round(1, Status.FAILED)]) == 2
    assert next_occurrence([Round(1, Status.UNKNOWN)]) == 2


def test_what_waits_is_not_planned_twice_and_what_was_given_up_is_taken_up_again() -> None:
    assert next_occurrence([Round(1, Status.SCHEDULED)]) is None
    assert next_occurrence([Round(1, Status.FAILED), Round(1, Status.SCHEDULED)]) is None
    assert next_occurrence([Round(1, Status.DELIVERED), Round(2, Status.CANCELLED)]) == 2
    assert next_occurrence([Round(1, Status.SUPPRESSED), Round(1, Status.EXPIRED)]) == 1


def test_reminders_do_not_count_as_times_asked() -> None:
    rounds = [Round(1, Status.DELIVERED), Round(2, Status.ACCEPTED, reminds=True), Round(3, Status.UNKNOWN)]
    assert times_asked([*rounds, Round(4, Status.SCHEDULED), Round(4, Status.FAILED)]) == 2


@given(st.lists(st.builds(Round, st.integers(1, 4), st.sampled_from(Status))))
def test_no_occurrence_goes_out_twice_and_none_is_left_out(rounds: list[Round]) -> None:
    found = next_occurrence(rounds)
    last = max((it.occurrence for it in rounds), default=0)
    if found is None:
        assert any(it.status in UNSENT for it in rounds if it.occurrence == last)
    else:
        assert found in (last, last + 1)
        assert all(it.status in REPLANNABLE for it in rounds if it.occurrence == found)
        assert not any(it.status in IN_HAND for it in rounds if it.occurrence >= found)


@given(st.sampled_from(Triage), st.integers(1, 8))
def test_the_way_up_to_the_first_question_always_ends(triage: Triage, length: int) -> None:
    chain = [CHECK]
    for number in range(length):
        chain.append(waiting(chain[-1].id, "concern", step_id=f"again_{number}"))
    plan = Protocol("peel", {"en": "Peel"}, parse_span("60m"), tuple(chain), "digest")
    assert len(follow_ups(plan, chain[-1].id, triage)) <= 1
