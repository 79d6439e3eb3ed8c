"""What goes out is counted by quarters of an hour, with which hours and days begin everywhere."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
import sqlalchemy as sa

from scheduler.store.tables import messages
from scheduler.store.tallies import Window
from scheduler.store.today import quarters_ahead
from tests.services.house import House

HOUR = datetime(2027, 5, 3, 17, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
_MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_quarter_begins_with_its_first_moment_and_ends_before_the_next(any_house: House, place: int) -> None:
    any_house.register()
    begins = HOUR + place * QUARTER
    with any_house.store.write() as tx:
        ids = tx.connection.scalars(sa.select(messages.c.id).order_by(messages.c.id)).all()
        tx.connection.execute(sa.update(messages).values(due_at=HOUR + timedelta(days=9)))
        due = (begins - _MOMENT, begins, begins + QUARTER - _MOMENT)
        for number, at in zip(ids, due, strict=False):
            tx.connection.execute(sa.update(messages).where(messages.c.id == number).values(due_at=at))
        found = quarters_ahead(tx, [Window("north", HOUR - timedelta(days=1), HOUR + timedelta(days=1))])
    assert [(it.at, it.messages, it.quiet) for it in found] == [(begins - QUARTER, 1, 0), (begins, 2, 0)]


def test_no_zone_of_today_is_off_by_other_than_quarters() -> None:
    for name in available_timezones():
        for month in (1, 7):
            offset = datetime(2027, month, 1, tzinfo=ZoneInfo(name)).utcoffset()
            assert offset is not None
            assert not offset % QUARTER, name
