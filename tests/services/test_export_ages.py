"""When a row says that a booking was changed last: as exactly as it is written, and no more."""

import pytest

from scheduler.domain.localtime import iso
from scheduler.services.exports.ages import read_age
from scheduler.services.exports.guessing import Guesser
from scheduler.services.exports.opening import read_export
from scheduler.services.exports.table import Wanted
from scheduler.services.intake import Field
from scheduler.services.moments import NoInstantError
from tests.services.test_export_dates import LONDON, dates


@pytest.mark.parametrize(("text", "written", "earliest", "latest"), [
    ("2026-04-03 14:30", None, "2026-04-03T18:30:00Z", "2026-04-03T18:30:59.999999Z"),
    ("2026-04-03 14:30:05", None, "2026-04-03T18:30:05Z", "2026-04-03T18:30:05.999999Z"),
    ("2026-04-03 14:30:00", None, "2026-04-03T18:30:00Z", "2026-04-03T18:30:00.999999Z"),
    ("20260403T143000Z", None, "2026-04-03T14:30:00Z", "2026-04-03T14:30:00.999999Z"),
    ("2026-04-03T18:30:05.250Z", None, "2026-04-03T18:30:05.250000Z", "2026-04-03T18:30:05.250000Z"),
    ("2026-04-03", None, "2026-04-03T04:00:00Z", "2026-04-04T03:59:59.999999Z"),
    ("3 avril 2026", None, "2026-04-03T04:00:00Z", "2026-04-04T03:59:59.999999Z"),
    ("03/04/2026", "day_first", "2026-04-03T04:00:00Z", "2026-04-04T03:59:59.999999Z"),
    ("04/03/2026 2:30 PM", "%m/%d/%Y %I:%M %p", "2026-04-03T18:30:00Z", "2026-04-03T18:30:59.999999Z"),
    # The visit's own format gives away which number is the day, for a column that is written otherwise.
    ("03/04/2026 14:30:05", "%d/%m/%Y %H:%M", "2026-04-03T18:30:05Z", "2026-04-03T18:30:05.999999Z"),
    ("04/03/2026", "%m/%d/%Y %H:%M", "2026-04-03T04:00:00Z", "2026-04-04T03:59:59.999999Z"),
    # Spring has a day of 23 hours, autumn an hour twice: 01:30 is one of two, unless it says which.
    ("2026-03-08", None, "2026-03-08T05:00:00Z", "2026-03-09T03:59:59.999999Z"),
    ("2026-11-01 01:30", None, "2026-11-01T05:30:00Z", "2026-11-01T06:30:59.999999Z"),
    ("2026-11-01 01:30 EDT", None, "2026-11-01T05:30:00Z", "2026-11-01T05:30:59.999999Z"),
    ("2026-11-01T06:30:00Z", None, "2026-11-01T06:30:00Z", "2026-11-01T06:30:00.999999Z"),
    ("2026-11-01 00:30", None, "2026-11-01T04:30:00Z", "2026-11-01T04:30:59.999999Z"),
])  # fmt: skip
def test_what_a_row_leaves_open_of_a_moment_is_open(
    text: str, written: str | None, earliest: str, latest: str
) -> None:
    found = read_age(dates(written), text)
    assert (iso(found.earliest), iso(found.latest)) == (earliest, latest)


@pytest.mark.parametrize(("text", "written"), [
    ("03/04/2026", None), ("03/04/2026", "%Y-%m-%d %H:%M"), ("2026-02-30", None), ("yesterday", None),
    ("14:30", None), ("46115.604", None), ("3 April 2026 by Ann", None), ("2026-04-03 14:30 XYZ", None),
])  # fmt: skip
def test_what_may_be_two_moments_or_none_is_refused(text: str, written: str | None) -> None:
    with pytest.raises(NoInstantError):
        read_age(dates(written), text)


def test_a_zone_that_is_at_home_here_alone_tells_which_hour_of_two_it_is() -> None:
    found = read_age(dates(zone=LONDON), "2026-10-25 01:30 GMT")
    assert (iso(found.earliest), iso(found.latest)) == ("2026-10-25T01:30:00Z", "2026-10-25T01:30:59.999999Z")


@pytest.mark.parametrize(("name", "cell", "sure"), [
    ("Last updated", "2026-02-27 18:05", "sure"), ("Modified At", "2026-02-27T18:05:00Z", "sure"),
    ("updated_at", "2026-02-27 18:05:01", "sure"), ("Dernière modification", "27 février 2026 18h05", "sure"),
    ("Modifié le", "27/02/2026", "likely"), ("Última modificación", "27/02/2026 18:05", "sure"),
    ("Fecha de actualización", "", "likely"), ("LastModified", "2026-02-27 18:05", "sure"),
    ("Last updated by", "Ann Roy", None), ("Updated", "yes", None), ("Created", "2026-02-27 18:05", None),
    ("Client updated at", "2026-02-27 18:05", None), ("Booked on", "2026-02-27 18:05", None),
])  # fmt: skip
def test_the_column_of_changes_is_proposed_by_its_name_and_its_cells(name: str, cell: str, sure: str | None) -> None:
    header, row = "Booking ID,Start,Client,Mobile,Service", "7,2026-03-18 10:00,Ann Roy,416-555-0124,Peel"
    text = f"{header},{name}\n{row},{cell}\n"
    proposal = Guesser("north", ["CA"], {}, ()).propose(read_export(text.encode(), "a.csv", Wanted(frozenset())))
    found = {one.field: one for one in proposal.columns}
    assert found[Field.STARTS_AT].columns == ("Start",)
    changed = found.get(Field.UPDATED_AT)
    assert (changed and changed.sure.value, changed and changed.columns) == (sure, (name,) if sure else None)
    assert any("updated_at" in line for line in proposal.told) == (sure is None)
