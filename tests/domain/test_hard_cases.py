"""Hard cases of time, worked out by hand. Each row: what it is, where, the visit, the step, when it is due."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.domain.appointment import Reach
from scheduler.domain.clinic import QuietHours
from scheduler.domain.protocol import Channel, Purpose, Timing, Weekday
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from tests.domain.samples import (
    APIA,
    BOTH,
    LORD_HOWE,
    MADRID,
    MICRONEEDLING,
    NIGHT,
    TORONTO,
    after,
    before,
    between,
    clinic,
    clock,
    closed,
    local,
    planned,
    protocol,
    shown,
    step,
    told,
)

KWAJALEIN, AUCKLAND = ZoneInfo("Pacific/Kwajalein"), ZoneInfo("Pacific/Auckland")
HONOLULU, KIRITIMATI = ZoneInfo("Pacific/Honolulu"), ZoneInfo("Pacific/Kiritimati")
TUE_TO_THU = (Weekday.TUE, Weekday.WED, Weekday.THU)

# fmt: off
WALL_CLOCK = [
    # The night of 29 March 2026 in Madrid: 02:00 is followed by 03:00.
    ("in the spring gap",    MADRID, "2026-03-27 10:00", after("2d", "02:30"),   "Sun 2026-03-29 03:00", "01:00"),
    ("at its first minute",  MADRID, "2026-03-27 10:00", after("2d", "02:00"),   "Sun 2026-03-29 03:00", "01:00"),
    ("just before it",       MADRID, "2026-03-27 10:00", after("2d", "01:59"),   "Sun 2026-03-29 01:59", "00:59"),
    ("days over the night",  MADRID, "2026-03-28 18:00", after("1d", "10:00"),   "Sun 2026-03-29 10:00", "08:00"),
    ("the visit's time",     MADRID, "2026-03-28 18:00", after("1d"),            "Sun 2026-03-29 18:00", "16:00"),
    ("hours elapse",         MADRID, "2026-03-28 23:00", after("2h"),            "Sun 2026-03-29 03:00", "01:00"),
    ("before the night",     MADRID, "2026-03-30 09:00", before("2d", "10:00"),  "Sat 2026-03-28 10:00", "09:00"),
    # The night of 25 October 2026 in Madrid: 03:00 is followed by 02:00.
    ("twice: the first",     MADRID, "2026-10-23 10:00", after("2d", "02:30"),   "Sun 2026-10-25 02:30", "00:30"),
    ("hours elapse",         MADRID, "2026-10-24 23:00", after("2h"),            "Sun 2026-10-25 02:00", "00:00"),
    ("into the second",      MADRID, "2026-10-24 23:00", after("3h"),            "Sun 2026-10-25 02:00", "01:00"),
    ("days over the night",  MADRID, "2026-10-24 18:00", after("1d", "10:00"),   "Sun 2026-10-25 10:00", "09:00"),
    # Toronto: 8 March 2026, 02:00 -> 03:00; 1 November 2026, 02:00 -> 01:00.
    ("in the spring gap",    TORONTO, "2026-03-06 10:00", after("2d", "02:15"),   "Sun 2026-03-08 03:00", "07:00"),
    ("days over the night",  TORONTO, "2026-03-07 15:00", after("1d", "09:30"),   "Sun 2026-03-08 09:30", "13:30"),
    ("hours elapse",         TORONTO, "2026-03-07 23:30", after("2h"),            "Sun 2026-03-08 03:30", "07:30"),
    ("twice: the first",     TORONTO, "2026-10-30 10:00", after("2d", "01:30"),   "Sun 2026-11-01 01:30", "05:30"),
    ("days over the night",  TORONTO, "2026-10-31 15:00", after("1d", "09:30"),   "Sun 2026-11-01 09:30", "14:30"),
    ("weeks over the night", TORONTO, "2026-10-05 15:00", after("4w", "11:00"),   "Mon 2026-11-02 11:00", "16:00"),
    # Lord Howe moves by half an hour: 4 October 2026, 02:00 -> 02:30; 5 April 2026, 02:00 -> 01:30.
    ("half an hour's gap",   LORD_HOWE, "2026-10-02 10:00", after("2d", "02:10"),   "Sun 2026-10-04 02:30", "15:30"),
    ("just after that gap",  LORD_HOWE, "2026-10-02 10:00", after("2d", "02:30"),   "Sun 2026-10-04 02:30", "15:30"),
    ("half an hour twice",   LORD_HOWE, "2026-04-03 10:00", after("2d", "01:45"),   "Sun 2026-04-05 01:45", "14:45"),
    # Days that never were: Samoa skipped 30 December 2011, Kwajalein 21 August 1993.
    ("a skipped day",        APIA, "2011-12-28 10:00", after("2d", "10:00"),   "Sat 2011-12-31 00:00", "10:00"),
    ("the day after it",     APIA, "2011-12-28 10:00", after("3d", "10:00"),   "Sat 2011-12-31 10:00", "20:00"),
    ("hours jump over it",   APIA, "2011-12-29 22:00", after("2h"),            "Sat 2011-12-31 01:00", "11:00"),
    ("before, on that day",  APIA, "2012-01-02 10:00", before("3d", "10:00"),  "Sat 2011-12-31 00:00", "10:00"),
    ("a skipped day",        KWAJALEIN, "1993-08-19 10:00", after("2d", "10:00"),   "Sun 1993-08-22 00:00", "12:00"),
    # The calendar.
    ("29 February + 1 mo",   MADRID, "2024-02-29 10:00", after("1mo", "10:00"),  "Fri 2024-03-29 10:00", "09:00"),
    ("29 February + 12 mo",  MADRID, "2024-02-29 10:00", after("12mo", "10:00"), "Fri 2025-02-28 10:00", "09:00"),
    ("31 January + 1 mo",    MADRID, "2026-01-31 10:00", after("1mo", "10:00"),  "Sat 2026-02-28 10:00", "09:00"),
    ("31 March - 1 mo",      MADRID, "2026-03-31 10:00", before("1mo", "10:00"), "Sat 2026-02-28 10:00", "09:00"),
    ("over New Year",        MADRID, "2026-12-31 10:00", after("1d", "10:00"),   "Fri 2027-01-01 10:00", "09:00"),
]
# fmt: on


@pytest.mark.parametrize("row", WALL_CLOCK, ids=lambda row: f"{row[1]}: {row[0]}")
def test_a_step_is_due_when_a_person_with_a_calendar_would_say(
    row: tuple[str, ZoneInfo, str, Timing, str, str],
) -> None:
    _, zone, visit, timing, due, due_in_utc = row
    (message,) = planned(step(timing, useful_for="7d"), local(visit, zone), clinic(zone))
    assert (shown(message.due_at, zone), f"{message.due_at:%H:%M}") == (due, due_in_utc)


# fmt: off
ANOTHER_ZONE = [
    # The patient's wall clock, on the date that the clinic counts to.
    ("east of the clinic", TORONTO, MADRID,   "2026-03-02 10:00", after("2d", "10:00"),   "Wed 2026-03-04 10:00"),
    ("west of the clinic", MADRID, TORONTO,   "2026-03-02 10:00", after("2d", "10:00"),   "Wed 2026-03-04 10:00"),
    # 10:00 in Toronto on 2 March is 3 March in Auckland: days count from the 2nd.
    ("already tomorrow",   TORONTO, AUCKLAND, "2026-03-02 10:00", after("2d", "10:00"),   "Wed 2026-03-04 10:00"),
    ("before",             TORONTO, AUCKLAND, "2026-03-12 10:00", before("7d", "10:00"),  "Thu 2026-03-05 10:00"),
    # Without `at` it is the visit's time at the clinic, wherever the patient is.
    ("without at",         TORONTO, MADRID,   "2026-03-02 10:00", after("2d"),            "Wed 2026-03-04 16:00"),
    ("without at, clocks", TORONTO, MADRID,   "2026-03-07 10:00", after("2d"),            "Mon 2026-03-09 15:00"),
    # The weeks in which only one of the two has summer time.
    ("clocks apart",       TORONTO, MADRID,   "2026-03-09 10:00", after("2d", "10:00"),   "Wed 2026-03-11 10:00"),
    # A day ahead of the clinic, the next morning has passed before the visit has ended.
    ("a day ahead",        HONOLULU, KIRITIMATI, "2026-03-02 16:00", after("1d", "09:30"), "Tue 2026-03-03 17:00"),
]
# fmt: on


@pytest.mark.parametrize("row", ANOTHER_ZONE, ids=lambda row: row[0])
def test_a_patient_in_another_zone_is_written_to_by_the_own_wall_clock(
    row: tuple[str, ZoneInfo, ZoneInfo, str, Timing, str],
) -> None:
    _, here, there, visit, timing, due = row
    reach = Reach(has_phone=True, has_email=True, timezone=there)
    (message,) = planned(step(timing, useful_for="7d"), local(visit, here), clinic(here), reach=reach)
    assert shown(message.due_at, there) == due


# fmt: off
QUIET = [
    # 20:00 to 08:00, across midnight.
    ("in the evening",           NIGHT, "2026-03-02 18:30", after("2h"),            "Tue 2026-03-03 08:00"),
    ("after midnight",           NIGHT, "2026-03-02 18:30", after("6h"),            "Tue 2026-03-03 08:00"),
    ("at their first minute",    NIGHT, "2026-03-02 18:00", after("1h"),            "Tue 2026-03-03 08:00"),
    ("just before them",         NIGHT, "2026-03-02 17:59", after("1h"),            "Mon 2026-03-02 19:59"),
    ("at their end",             NIGHT, "2026-03-02 10:00", after("1d", "08:00"),   "Tue 2026-03-03 08:00"),
    ("over the spring night",    NIGHT, "2026-03-28 20:30", after("2h"),            "Sun 2026-03-29 08:00"),
    ("over the autumn night",    NIGHT, "2026-10-24 20:30", after("2h"),            "Sun 2026-10-25 08:00"),
    ("end in the spring gap",    QuietHours(clock("22:00") or NIGHT.start, clock("02:30") or NIGHT.end),
                                        "2026-03-28 20:30", after("2h"),            "Sun 2026-03-29 03:00"),
]
# fmt: on


@pytest.mark.parametrize(("what", "quiet", "visit", "timing", "due"), QUIET)
def test_quiet_hours_defer_to_their_end(what: str, quiet: QuietHours, visit: str, timing: Timing, due: str) -> None:
    (message,) = planned(step(timing, useful_for="3d"), local(visit, MADRID), clinic(MADRID, quiet=quiet))
    assert shown(message.due_at, MADRID) == due, what


def test_quiet_hours_are_the_patients_not_the_clinics() -> None:
    reach = Reach(has_phone=True, has_email=True, timezone=MADRID)
    visit = local("2026-03-02 12:00", TORONTO)
    (message,) = planned(step(after("2h")), visit, clinic(TORONTO, quiet=NIGHT), reach=reach)
    assert shown(message.planned_at, MADRID) == "Mon 2026-03-02 21:00"
    assert shown(message.due_at, MADRID) == "Tue 2026-03-03 08:00"


def test_a_week_of_closure_defers_the_recall_and_sends_the_care() -> None:
    at = clinic(MADRID, quiet=NIGHT, closures=[closed("2026-03-30", "2026-04-05")])
    messages = planned(MICRONEEDLING, local("2026-03-02 10:00", MADRID), at)
    assert told(messages) == [
        "prepare email Mon 2026-02-23 10:00",
        "sun_protection sms Mon 2026-03-02 13:00",
        "sun_protection email Mon 2026-03-02 13:00",
        "avoid_actives sms Tue 2026-03-03 09:30",
        "avoid_actives email Tue 2026-03-03 09:30",
        "redness_check sms Wed 2026-03-04 10:00",
        "week_check sms Mon 2026-03-09 10:00",
        # 4 weeks is Monday 30 March, the nearest allowed day Tuesday: closed, so the next open Tuesday.
        "next_session_reminder sms Mon 2026-04-06 11:00",
        "next_session email Tue 2026-04-07 11:00",
        "next_session sms Tue 2026-04-07 11:00",
    ]
    invitation = messages[-1]
    assert sentence(invitation.reasons, MADRID) == (
        "4 weeks to 6 weeks after the appointment, preferably 4 weeks; "
        "moved from Tue 2026-03-31 11:00 because the clinic is closed."
    )


def test_care_goes_out_on_a_closed_day_unless_the_step_says_otherwise() -> None:
    at = clinic(MADRID, closures=[closed("2026-03-03", "2026-03-04")])
    visit = local("2026-03-02 10:00", MADRID)
    care = step(after("1d", "10:00"), "care")
    patient = step(after("1d", "10:00"), "patient", defer_on_closures=True, useful_for="3d")
    assert told(planned(protocol(care, patient), visit, at)) == [
        "care sms Tue 2026-03-03 10:00",
        "patient sms Thu 2026-03-05 10:00",
    ]


def test_what_a_closure_defers_past_its_usefulness_expires_with_the_reason() -> None:
    at = clinic(MADRID, closures=[closed("2026-03-03", "2026-03-09")])
    recall = step(after("1d", "10:00"), purpose=Purpose.RECALL, useful_for="2d")
    (message,) = planned(recall, local("2026-03-02 10:00", MADRID), at)
    assert message.status is Status.EXPIRED
    assert sentence(message.reasons, MADRID) == (
        "1 day after the appointment; moved from Tue 2026-03-03 10:00 because the clinic is closed; "
        "it stopped being useful at Thu 2026-03-05 10:00."
    )


# fmt: off
BETWEEN = [
    # The visit is on Monday 2 March; 30 March is a Monday too.
    ("the preferred day is allowed",      between("4w", "6w", "4w", "11:00"),              "Mon 2026-03-30 11:00"),
    ("the first allowed day after it",    between("4w", "6w", "4w", "11:00", TUE_TO_THU),  "Tue 2026-03-31 11:00"),
    ("nearest is a day back",             between("4w", "6w", "39d", "11:00", TUE_TO_THU), "Thu 2026-04-09 11:00"),
    ("of two as near, the later",         between("4w", "6w", "30d", "11:00", [Weekday.TUE, Weekday.THU]),
                                                                                           "Thu 2026-04-02 11:00"),
    ("forward would leave the range",     between("1d", "4d", "4d", "11:00", [Weekday.TUE]), "Tue 2026-03-03 11:00"),
    ("months",                            between("1mo", "2mo", "1mo", "11:00"),           "Thu 2026-04-02 11:00"),
]
# fmt: on


@pytest.mark.parametrize(("what", "timing", "due"), BETWEEN)
def test_a_range_takes_the_allowed_day_nearest_to_the_preferred_one(what: str, timing: Timing, due: str) -> None:
    (message,) = planned(step(timing), local("2026-03-02 10:00", MADRID), clinic(MADRID))
    assert shown(message.due_at, MADRID) == due, what


def test_a_range_is_useful_until_the_end_of_its_last_day() -> None:
    (message,) = planned(step(between("4w", "6w", "4w", "11:00")), local("2026-03-02 10:00", MADRID), clinic(MADRID))
    assert shown(message.useful_until, MADRID) == "Tue 2026-04-14 00:00"


def test_a_range_without_an_allowed_day_expires_with_the_reason() -> None:
    never = step(between("1d", "2d", "1d", "11:00", [Weekday.SUN]))
    (message,) = planned(never, local("2026-03-02 10:00", MADRID), clinic(MADRID))
    assert message.status is Status.EXPIRED
    assert [reason.code for reason in message.reasons] == ["between", "weekday", "not_useful"]


def test_quiet_hours_push_a_range_no_further_than_to_a_day_of_the_week_it_allows() -> None:
    late_in_the_day = step(between("4w", "6w", "4w", "21:00", [Weekday.THU]))
    (message,) = planned(late_in_the_day, local("2026-03-02 10:00", MADRID), clinic(MADRID, quiet=NIGHT))
    assert shown(message.due_at, MADRID) == "Thu 2026-04-09 08:00"


# fmt: off
USEFUL = [
    ("24 hours by default",           after("2h"),            None,  "Sun 2026-03-29 13:00", "Mon 2026-03-30 13:00"),
    ("hours elapse",                  after("0d", "12:00"),   "24h", "Sat 2026-03-28 12:00", "Sun 2026-03-29 13:00"),
    ("days keep the wall clock",      after("0d", "12:00"),   "1d",  "Sat 2026-03-28 12:00", "Sun 2026-03-29 12:00"),
    ("before: until the start",       before("2d", "10:00"),  None,  "Thu 2026-03-26 10:00", "Sat 2026-03-28 10:00"),
    ("before: never past the start",  before("2d", "10:00"),  "9d",  "Thu 2026-03-26 10:00", "Sat 2026-03-28 10:00"),
    ("before: less if it says so",    before("2d", "10:00"),  "6h",  "Thu 2026-03-26 10:00", "Thu 2026-03-26 16:00"),
]
# fmt: on


@pytest.mark.parametrize(("what", "timing", "useful_for", "due", "until"), USEFUL)
def test_usefulness_counts_from_the_planned_instant(
    what: str, timing: Timing, useful_for: str | None, due: str, until: str
) -> None:
    visit = "2026-03-29 10:00" if due.startswith("Sun") else "2026-03-28 10:00"
    (message,) = planned(step(timing, useful_for=useful_for), local(visit, MADRID), clinic(MADRID))
    assert (shown(message.due_at, MADRID), shown(message.useful_until, MADRID)) == (due, until), what


def test_usefulness_does_not_grow_because_quiet_hours_deferred_the_message() -> None:
    evening = step(after("2h"), useful_for="12h")
    (message,) = planned(evening, local("2026-03-02 18:00", MADRID), clinic(MADRID, quiet=NIGHT))
    assert shown(message.due_at, MADRID) == "Tue 2026-03-03 08:00"
    assert shown(message.useful_until, MADRID) == "Tue 2026-03-03 09:00"


def test_hours_count_from_the_end_of_the_visit_and_days_from_its_start() -> None:
    both = protocol(step(after("2h"), "hours"), step(after("1d"), "days"), duration="30m")
    visit = local("2026-03-02 10:00", MADRID)
    assert told(planned(both, visit, clinic(MADRID)))[0] == "hours sms Mon 2026-03-02 12:30"
    assert told(planned(both, visit, clinic(MADRID), ends_at=visit + timedelta(hours=3))) == [
        "hours sms Mon 2026-03-02 15:00",
        "days sms Tue 2026-03-03 10:00",
    ]


def test_the_evening_of_the_visit_is_never_before_its_end() -> None:
    same_day = step(after("0d", "18:00"))
    morning = planned(same_day, local("2026-03-02 10:00", MADRID), clinic(MADRID))
    evening = planned(same_day, local("2026-03-02 18:30", MADRID), clinic(MADRID))
    assert told(morning) == ["step sms Mon 2026-03-02 18:00"]
    assert told(evening) == ["step sms Mon 2026-03-02 19:30"]
    assert sentence(evening[0].reasons, MADRID) == (
        "On the day of the appointment; moved from Mon 2026-03-02 18:00 to the end of the appointment."
    )


def test_undo_grace_holds_back_what_would_go_out_at_once() -> None:
    at = clinic(MADRID, grace=timedelta(minutes=3))
    visit = local("2026-03-02 10:00", MADRID)
    now = visit + timedelta(hours=2, minutes=58)
    (message,) = planned(step(after("2h")), visit, at, now=now)
    assert shown(message.due_at, MADRID) == "Mon 2026-03-02 13:01"
    assert sentence(message.reasons, MADRID) == (
        "2 hours after the appointment; "
        "not before Mon 2026-03-02 13:01, so that a mistaken registration can be undone."
    )


def test_undo_grace_that_ends_in_quiet_hours_waits_for_the_morning() -> None:
    at = clinic(MADRID, quiet=NIGHT, grace=timedelta(minutes=3))
    visit = local("2026-03-02 16:59", MADRID)
    (message,) = planned(step(after("2h")), visit, at, now=visit + timedelta(hours=3))
    assert shown(message.due_at, MADRID) == "Tue 2026-03-03 08:00"


def test_first_of_takes_the_first_channel_with_an_address_and_keeps_the_others() -> None:
    either = step(after("2d", "10:00"), channels=BOTH, first_of=True)
    used = {}
    for phone, email in [(True, True), (True, False), (False, True), (False, False)]:
        (message,) = planned(either, local("2026-03-02 10:00", MADRID), clinic(MADRID), reach=Reach(phone, email))
        used[phone, email] = (message.channel, message.fallback)
    assert used == {
        (True, True): (Channel.SMS, (Channel.EMAIL,)),
        (True, False): (Channel.SMS, (Channel.EMAIL,)),
        (False, True): (Channel.EMAIL, (Channel.SMS,)),
        (False, False): (Channel.SMS, (Channel.EMAIL,)),
    }
