"""The list of visits, its filters, its pages and the search."""

import re
from datetime import timedelta
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.domain.appointment import AppointmentStatus
from scheduler.store.tables import messages
from tests.services.house import CHECK, VISIT, House
from tests.web.desk import Visitor, desk_app, signed_in

FROM = "/desk/appointments?from=2026-03-01"


def desk_of(house: House, role: Role = Role.STAFF, clinic: str = "north") -> Visitor:
    return signed_in(desk_app(house), house.store, role, clinic)


def names(text: str) -> list[str]:
    return re.findall(r"data-row>([^<]+)<", text)


def search(staff: Visitor, text: str, clinic: str = "") -> tuple[str, str]:
    """Return where a search leads, and the names that are found."""
    led = staff.post("/desk/appointments/search", {"q": text, "clinic": clinic})
    assert led.status_code == 303
    where = led.headers["location"]
    return where, ", ".join(names(staff.get(where).text))


def many(house: House, count: int) -> None:
    for number in range(count):
        at = (VISIT + timedelta(hours=number)).isoformat()
        house.register(name=f"Anna {chr(97 + number // 26)}{chr(97 + number % 26)}", starts_at=at)


def test_an_empty_list_says_what_to_do(any_house: House) -> None:
    staff, viewer = desk_of(any_house), desk_of(any_house, Role.VIEWER)

    assert "/desk/appointments/new" in staff.get("/desk/appointments").text
    assert "/desk/appointments/new" not in viewer.get("/desk/appointments").text


def test_a_row_says_when_who_what_and_what_comes_next(any_house: House) -> None:
    any_house.register()

    page = desk_of(any_house).get(FROM).text

    assert names(page) == ["Zoë Lachance"]
    assert "10:00" in page
    assert "EDT" in page
    assert "Peel" in page
    assert "Booked" in page
    assert "Prepare" in page


def test_the_list_begins_two_days_ago_and_goes_back_from_there(any_house: House) -> None:
    any_house.register(name="Old Visit", starts_at=(VISIT - timedelta(days=5)).isoformat())
    any_house.register(name="New Visit")
    any_house.clock.move_to(VISIT)
    staff = desk_of(any_house)

    page = staff.get("/desk/appointments").text
    earlier = re.search(r'rel="prev" href="([^"]+)"', page)

    assert names(page) == ["New Visit"]
    assert earlier
    assert names(staff.get(earlier[1].replace("&amp;", "&")).text) == ["Old Visit"]


def test_pages_follow_each_other_without_a_gap_both_ways(any_house: House) -> None:
    many(any_house, 60)
    staff = desk_of(any_house)

    first = staff.get(FROM).text
    later = re.search(r'rel="next" href="([^"]+)"', first)
    assert later
    second = staff.get(later[1].replace("&amp;", "&")).text
    back = re.search(r'rel="prev" href="([^"]+)"', second)
    assert back

    assert [len(names(first)), len(names(second))] == [50, 10]
    assert len({*names(first), *names(second)}) == 60
    assert names(staff.get(back[1].replace("&amp;", "&")).text) == names(first)


def test_filters_narrow_by_treatment_status_and_day(any_house: House) -> None:
    any_house.register(name="Peel Patient")
    any_house.register(name="Laser Patient", treatment="laser", starts_at=(VISIT + timedelta(days=3)).isoformat())
    off = any_house.register(name="Off Patient", starts_at=(VISIT + timedelta(days=1)).isoformat())
    staff = desk_of(any_house)
    assert staff.post(f"/desk/appointments/{off}/cancel", {"step": "save"}).status_code == 303

    assert names(staff.get(f"{FROM}&treatment=laser").text) == ["Laser Patient"]
    assert names(staff.get(f"{FROM}&status=cancelled").text) == ["Off Patient"]
    assert names(staff.get("/desk/appointments?from=2026-03-20&to=2026-03-21").text) == ["Laser Patient"]
    assert "Show all" in staff.get(f"{FROM}&status=no_show").text


@pytest.mark.parametrize(
    "query", ["from=x&to=9999-99-99", "after=9-9-9", "status=x", "treatment='", "before=" + "9" * 30]
)
def test_a_filter_that_cannot_be_read_does_not_narrow(any_house: House, query: str) -> None:
    any_house.register()

    assert desk_of(any_house).get(f"/desk/appointments?{query}").status_code == 200


def test_what_needs_a_look_is_what_failed_and_what_nobody_answered(any_house: House) -> None:
    failed = any_house.register(name="Failed Patient")
    any_house.register(name="Fine Patient", starts_at=(VISIT + timedelta(days=40)).isoformat())
    silent = any_house.register(name="Silent Patient", starts_at=(VISIT + timedelta(hours=1)).isoformat())
    with any_house.store.write() as tx:
        one = sa.select(sa.func.min(messages.c.id)).where(messages.c.appointment_id == failed).scalar_subquery()
        tx.connection.execute(sa.update(messages).where(messages.c.id == one).values(status="failed"))
    any_house.dispatch(CHECK + timedelta(hours=1))
    any_house.clock.move_to(CHECK + timedelta(days=1, hours=2))
    staff = desk_of(any_house)

    page = staff.get("/desk/appointments?look=1&from=2026-03-01").text

    assert "Failed Patient" in names(page)
    assert "Fine Patient" not in names(page)
    assert silent
    assert "Failed" in page


def test_the_clinics_of_others_are_not_in_it(any_house: House) -> None:
    any_house.register(clinic="south", name="South Patient", phone="+34612345678")
    any_house.register(name="North Patient")

    assert names(desk_of(any_house).get(FROM).text) == ["North Patient"]
    assert len(names(desk_of(any_house, Role.ADMIN, EVERY_CLINIC).get(FROM).text)) == 2
    assert desk_of(any_house).get(f"{FROM}&clinic=south").status_code == 404
    assert search(desk_of(any_house), "patient")[1] == "North Patient"


@pytest.mark.parametrize(
    "text",
    [
        "lach",
        "LACHA",
        "zoe",
        "zoë lac",
        "lachance zo",
        "416 555 0123",
        "+1 416 555 0123",
        "zoe@PATIENTS.example",
        "P-7",
        "B-9",
    ],
)
def test_a_patient_is_found_by_whatever_is_at_hand(any_house: House, text: str) -> None:
    any_house.register(patient_id="P-7", external_id="B-9")
    any_house.register(name="Ana Ruiz", phone="+14165550188", email="ana@patients.example")

    assert search(desk_of(any_house), text)[1] == "Zoë Lachance"


def test_an_appointment_is_found_by_its_number(any_house: House) -> None:
    number = any_house.register()

    assert search(desk_of(any_house), f"#{number}")[1] == "Zoë Lachance"
    assert search(desk_of(any_house), "999999999999999999999")[1] == ""


def test_what_is_looked_for_is_in_no_address(any_house: House) -> None:
    any_house.register()

    where, found = search(desk_of(any_house), "lachance", "north")

    assert found
    assert "lachance" not in unquote(where).lower()
    assert "clinic=north" in where


def test_the_address_of_a_search_is_its_makers_own_and_ends(any_house: House) -> None:
    any_house.register()
    staff, other = desk_of(any_house), desk_of(any_house)
    where, _ = search(staff, "lachance")

    assert "That search is over" in other.get(where).text
    assert "lachance" in staff.get(where).text
    any_house.clock.move_to(any_house.clock.now() + timedelta(hours=9))
    assert "That search is over" in staff.get(where).text
    assert staff.get("/desk/appointments?q=AAAA").status_code == 200


@pytest.mark.parametrize("text", ["", "   ", "%", "_", "'", "<b>", "\x00", "🙂", "a" * 5000])
def test_a_search_for_nonsense_finds_nobody_or_leads_to_the_list(any_house: House, text: str) -> None:
    any_house.register()
    staff = desk_of(any_house)
    led = staff.post("/desk/appointments/search", {"q": text})

    assert led.status_code == 303
    page = staff.get(led.headers["location"])
    assert page.status_code == 200
    assert "<b>" not in page.text


def test_a_list_of_fifty_takes_as_many_queries_as_one_of_one(any_house: House) -> None:
    staff = desk_of(any_house)
    any_house.register(name="Anna Solo")

    few = _queries(any_house, lambda: staff.get(FROM))
    many(any_house, 55)
    lots = _queries(any_house, lambda: staff.get(FROM))

    assert lots == few


def _queries(house: House, ask: object) -> int:
    seen: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    engine = house.store._engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        assert callable(ask)
        ask()
    finally:
        event.remove(engine, "before_cursor_execute", hear)
    return len([it for it in seen if it.lstrip().upper().startswith("SELECT")])


def test_a_cancelled_visit_says_that_nothing_more_is_sent(any_house: House) -> None:
    number = any_house.register()
    staff = desk_of(any_house)
    staff.post(f"/desk/appointments/{number}/cancel", {"step": "save"})

    page = staff.get(FROM).text

    assert "Nothing more is sent" in page
    assert any_house.appointment(number).status is AppointmentStatus.CANCELLED


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Sean O'Brien", "obrien"),
        ("Sean O'Brien", "obr"),
        ("Sean O\u2019Brien", "o'brien"),
        ("Sean O'Brien", "brien"),
        ("Sean OBrien", "o'brien"),
        ("Ada D'Angelo", "dangelo"),
        ("Jean-Luc Roy", "jeanluc"),
        ("Jean-Luc Roy", "jean-luc"),
        ("Jean Luc Roy", "jean-luc"),
        ("Jeanluc Roy", "jean-luc"),
    ],
)
def test_an_apostrophe_or_a_hyphen_is_a_break_and_nothing(any_house: House, name: str, text: str) -> None:
    any_house.register(name=name)
    _, found = search(desk_of(any_house), text)
    assert found == name.replace("'", "&#39;")


def test_an_emoji_alone_finds_who_has_it_and_nobody_else(any_house: House) -> None:
    any_house.register(name="Zo\u00eb \u2600\ufe0f")
    _, found = search(desk_of(any_house), "\u2764\ufe0f")
    assert found == ""


def test_who_is_found_by_a_number_of_a_booking_is_not_counted_as_nobody(any_house: House) -> None:
    any_house.register(external_id="B-77")
    staff = desk_of(any_house)
    where, _ = search(staff, "B-77")
    page = staff.get(where).text
    assert "1 appointment fits." in page
    assert "0 patients" not in page
