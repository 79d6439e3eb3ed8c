"""Until when advice holds, and what of it is still said when a message goes out late."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from scheduler.domain.advised import Held, still_held

MADRID = ZoneInfo("Europe/Madrid")
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ALWAYS, TODAY = Held("hands_off", None), Held("no_sun", date(2026, 3, 4))
YESTERDAY, AN_HOUR_AGO = Held("no_makeup", date(2026, 3, 3)), Held("no_pressure", NOW.replace(hour=11))


def test_what_is_over_is_not_said_any_more() -> None:
    assert still_held([ALWAYS, YESTERDAY, TODAY, AN_HOUR_AGO], MADRID, now=NOW) == (ALWAYS, TODAY)


def test_a_day_is_over_at_the_patients_midnight() -> None:
    assert still_held([TODAY, ALWAYS], MADRID, now=datetime(2026, 3, 4, 22, 59, tzinfo=UTC)) == (TODAY, ALWAYS)
    assert still_held([TODAY, ALWAYS], MADRID, now=datetime(2026, 3, 4, 23, 1, tzinfo=UTC)) == (ALWAYS,)


def test_a_text_that_says_its_advice_is_never_left_without_any() -> None:
    assert still_held([YESTERDAY], MADRID, now=NOW) == (YESTERDAY,)
