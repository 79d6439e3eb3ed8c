"""Two booking systems may count alike: what one says of its 17 changes nothing of the other's."""

from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.localtime import iso
from scheduler.services.arriving import arrive
from scheduler.services.intake import Field
from tests.services.exports import results, run
from tests.services.house import VISIT, House
from tests.services.telling import OURS, on, ours, outcomes, tell, with_sources
from tests.services.test_words_in_order import everything

ZOE = "17,,2026-03-18 10:00,,Zoë Lachance,416-555-0123,zoe@patients.example,,peel,{status},,"
REFUSED = (
    "external_id 17 is appointment {visit} of somebody else, of another name, phone and email: nothing was changed. "
    "If two booking systems count alike, give the ids of this one a part of their own"
)


@pytest.mark.parametrize(
    ("who", "is_other"),
    [
        (",Bob Stone,416-555-0177,bob@patients.example", True),
        (",Bob Stone,416-555-0177,", True),
        (",Zoë Stone,416-555-0177,bob@patients.example", True),
        ("chart-1,Bob Stone,416-555-0177,bob@patients.example", True),
        (",Zoe LACHANCE,416-555-0177,new@patients.example", False),
        (",Lachance Zoë,416-555-0177,", False),
    ],
    ids=["all", "as given", "a first name", "an id of the patient too", "a name as it is", "a name turned round"],
)
def test_an_id_of_somebody_else_changes_nothing_and_says_so(
    any_house: House, tmp_path: Path, who: str, *, is_other: bool
) -> None:
    visit = run(any_house, tmp_path, ZOE.format(status="").replace("17,,", "17,chart-1,")).rows[0].appointment
    before = everything(any_house)
    chart, name, phone, email = who.split(",")
    for status in ("Confirmed", "Called off", "No show"):
        (row,) = run(
            any_house, tmp_path, f"17,{chart},2026-03-19 10:00,,{name},{phone},{email},,peel,{status},,"
        ).rows
        if is_other:
            assert (row.result, row.reason, row.appointment) == ("refused", REFUSED.format(visit=visit), None)
            assert row.why[0].code == "id_anothers"
        else:
            assert row.result != "refused" or "of another patient" in row.reason
    assert (everything(any_house) == before) == is_other


def test_a_cancellation_with_a_name_alone_is_of_somebody_else_where_no_word_of_it_fits(
    house: House, tmp_path: Path
) -> None:
    run(house, tmp_path, ZOE.format(status=""))
    assert results(run(house, tmp_path, "17,,,,Bob Stone,,,,,Called off,,")) == ["refused"]
    assert results(run(house, tmp_path, "17,,,,Zoé Lachanse,,,,,Called off,,")) == ["cancelled"]


def test_a_call_about_somebody_else_keeps_nothing_back_of_what_a_file_registered(
    house: House, tmp_path: Path
) -> None:
    """A refused booking at another time calls its visit off meanwhile: not where the visit is a stranger's."""
    run(house, tmp_path, ZOE.format(status=""))
    with_sources(house, OURS)
    before = on(house)
    for number, kind in enumerate(("new", "moved", "off", "missed")):
        client = {"names": ["Bob", "Stone"], "mobile": "+14165550177"}
        visit = {"id": 17, "day": "2026-03-20", "time": "10:00", "what": "peel"}
        at = iso(house.clock.now() + timedelta(seconds=number))
        call = {"id": kind, "type": kind, "at": at, "visit": visit, "client": client}
        tell(house, ours(call, house.clock.now()))
    assert outcomes(house) == ["refused"] * 4
    assert on(house) == before == [("17", VISIT)]


def test_what_can_be_read_of_nobody_calls_off_by_the_id_alone(house: House) -> None:
    clinic = house.configuration.clinic("north")
    visit = house.register(external_id="17")
    raw = {Field.EXTERNAL_ID: "17", Field.STATUS: "cancelled", Field.PHONE: "none of yours", Field.EMAIL: "@"}
    with house.store.write() as tx:
        assert arrive(tx, house.registrar(follow=True), clinic, raw).result == "cancelled"
    assert house.appointment(visit).status is AppointmentStatus.CANCELLED
