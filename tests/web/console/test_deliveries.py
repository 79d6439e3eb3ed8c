"""Deliveries: what became of the messages, as charts, reasons, a list and a file that no spreadsheet executes."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.domain.price import Price
from scheduler.domain.reasons import CLAUSES, OF_THE_PLAN
from scheduler.domain.states import Status
from scheduler.services.deliveries import DayCount
from scheduler.services.delivery_export import harmless
from scheduler.services.tallies import Tallies
from scheduler.store import deliveries
from scheduler.store.desk_tables import audit
from scheduler.store.tables import appointments, messages
from scheduler.web.console.chart import draw
from scheduler.web.console.words import words
from tests.services.house import CHECK, FIRST_HOURS, PREPARE, House, after
from tests.web.console.counting import statements
from tests.web.console.test_today import card, fail
from tests.web.desk import Visitor, desk_app, signed_in


def visitor(house: House, role: Role = Role.STAFF, clinic: str = "north") -> Visitor:
    return signed_in(desk_app(house), house.store, role, clinic)


def page(house: House, query: str = "", clinic: str = "north") -> str:
    answer = visitor(house, clinic=clinic).get(f"/desk/deliveries{query}")
    assert answer.status_code == 200
    return answer.text


def rows(house: House, query: str = "", clinic: str = "north") -> list[dict[str, str]]:
    """Return the lines of the file."""
    answer = visitor(house, clinic=clinic).get(f"/desk/deliveries.csv{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.fixture
def sent(any_house: House) -> House:
    """A house in which a visit got its first messages, one of them late, and a text failed."""
    visit = any_house.register()
    any_house.dispatch(PREPARE)
    any_house.dispatch(after(FIRST_HOURS, minutes=45))
    any_house.dispatch(CHECK)
    fail(any_house, visit)
    any_house.clock.move_to(after(CHECK, hours=2))
    return any_house


def count(house: House) -> None:
    Tallies().count_all(house.store, house.configuration, now=house.clock.now())


def test_an_installation_that_sent_nothing_says_so(any_house: House) -> None:
    told = page(any_house)
    assert "Nothing was due in these days" in told
    assert "No message is like that" in told


def test_charts_say_in_words_and_in_a_table_what_they_show(sent: House) -> None:
    count(sent)
    told = page(sent)
    assert re.findall(r"<title id=\"chart-sms-[^>]*>SMS, [^:]*: ([^<]*)</title>", told) == [
        "1 sent, 0 known delivered, 1 failed, 1 late."
    ]
    chart = card(told, "chart-sms")
    assert "SMS in figures" in chart
    assert "style=" not in told


def test_today_is_counted_live_and_the_days_before_as_of_the_last_look(sent: House) -> None:
    assert "not counted yet" in page(sent)
    count(sent)
    told = page(sent)
    assert "Today is counted live" in told
    assert "not counted yet" not in told


def test_reasons_are_ranked_with_what_to_do(sent: House) -> None:
    count(sent)
    reasons = card(page(sent), "reasons")
    assert "The provider refused it 21614: it is not a mobile number" in reasons
    assert "a wrong number or address is corrected at the patient" in reasons


def test_costs_are_by_the_clinics_price_and_say_that_it_is_a_list_price(sent: House) -> None:
    count(sent)
    assert "names no price" in card(page(sent), "cost")
    north = sent.configuration.clinic("north")
    assert north.sms
    priced = replace(north, sms=replace(north.sms, price=Price(Decimal("0.0083"), "USD")))
    sent.configuration = replace(sent.configuration, clinics={**sent.configuration.clinics, "north": priced})
    cost = card(page(sent), "cost")
    assert "1 segment would have cost $0.01" in cost
    assert "would have cost" in cost
    assert "by the price in the clinic\N{RIGHT SINGLE QUOTATION MARK}s file" in cost


@pytest.mark.parametrize(
    ("query", "steps"),
    [
        ("?status=failed", {"first_hours"}),
        ("?status=trouble", {"first_hours", "next_day"}),
        ("?reason=refused", {"first_hours"}),
        ("?reason=refused&treatment=peel", {"first_hours"}),
        ("?step=prepare", {"prepare"}),
        ("?channel=email", {"prepare", "next_day"}),
        ("?treatment=laser", set()),
        ("?day=2026-03-16", {"prepare"}),
        ("?status=nonsense&day=nonsense&step=%27--", None),
    ],
)
def test_the_list_is_narrowed_by_what_is_asked(sent: House, query: str, steps: set[str] | None) -> None:
    found = {it["step"] for it in rows(sent, query)}
    assert found == steps if steps is not None else found
    for step in steps or ():
        assert step.replace("_", " ").capitalize() in page(sent, query)


def test_a_day_that_is_none_is_said_at_its_field(sent: House) -> None:
    told = page(sent, "?day=yesterday")
    assert 'href="#day"' in told
    assert "write it as 2026-11-22" in told


def test_another_clinics_messages_are_neither_shown_nor_counted_nor_given_out(sent: House) -> None:
    sent.register(clinic="south", phone="+34600000001", name="Ana Ruiz")
    sent.dispatch(after(CHECK, hours=3))
    count(sent)
    assert "Ana Ruiz" not in page(sent)
    assert {it["clinic"] for it in rows(sent)} == {"north"}
    before = card(page(sent), "chart-sms")
    assert before == card(page(sent, "?clinic=north", clinic=EVERY_CLINIC), "chart-sms")
    assert visitor(sent).get("/desk/deliveries?clinic=south").status_code == 404
    assert visitor(sent).get("/desk/deliveries.csv?clinic=south").status_code == 404


def test_the_list_goes_on_page_by_page_without_losing_or_doubling_any(
    sent: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(70):
        sent.register(name=f"Patient {number}", phone=f"+1416555{3000 + number}", email="")
    monkeypatch.setattr(deliveries, "LOOKED_THROUGH", 40)
    asked, seen, pages = visitor(sent), [], 0
    address: str | None = "/desk/deliveries?step=first_hours"
    while address:
        told = asked.get(address).text
        seen += re.findall(r"#message-(\d+)", told)
        found = re.search(r'rel="next" href="([^"#]+)', told)
        address, pages = found[1].replace("&amp;", "&") if found else None, pages + 1
        assert pages < 30
    with sent.store.read() as tx:
        there = tx.connection.scalars(sa.select(messages.c.id).where(messages.c.step == "first_hours")).all()
    assert sorted(map(int, seen)) == sorted(there)
    assert pages > 2


def test_the_file_has_the_same_and_no_name_address_or_text(sent: House) -> None:
    answer = visitor(sent).get("/desk/deliveries.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="deliveries.csv"'
    for secret in ("Zoë", "Lachance", "+14165550123", "zoe@patients.example"):
        assert secret not in answer.text
    failed = next(it for it in rows(sent) if it["status"] == "failed")
    assert failed["reason"] == "refused"
    assert failed["due_at"] == "2026-03-18T17:00:00Z"
    assert failed["due_local"] == "2026-03-18 13:00"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\N{FULLWIDTH EQUALS SIGN}"])
def test_what_a_spreadsheet_would_execute_is_text(start: str) -> None:
    assert harmless(f"{start}cmd|' /C calc'!A0").startswith("'")


def test_what_is_harmless_stays_as_it_is() -> None:
    assert [harmless(it) for it in ("B-12", "2026-03-18", "", "zoë", "30003: off")] == [
        "B-12", "2026-03-18", "", "zoë", "30003: off",
    ]  # fmt: skip


def test_a_booking_number_that_is_a_formula_is_quoted_in_the_file(sent: House) -> None:
    with sent.store.write() as tx:
        tx.connection.execute(sa.update(appointments).values(external_id='=HYPERLINK("http://x.example","a,b")'))
    assert {it["external_id"] for it in rows(sent)} == {'\'=HYPERLINK("http://x.example","a,b")'}


def test_for_excel_the_file_says_that_it_is_utf8(sent: House) -> None:
    assert visitor(sent).get("/desk/deliveries.csv?bom=true").content.startswith(b"\xef\xbb\xbf")
    assert not visitor(sent).get("/desk/deliveries.csv").content.startswith(b"\xef\xbb\xbf")


def test_the_file_is_on_record(sent: House) -> None:
    visitor(sent, Role.VIEWER).get("/desk/deliveries.csv?clinic=north")
    with sent.store.read() as tx:
        found = tx.connection.execute(sa.select(audit).where(audit.c.action == "deliveries.exported")).one()
    assert (found.clinic, found.outcome) == ("north", "done")


def test_looking_again_by_itself_is_on_record_once(sent: House) -> None:
    visitor(sent).get("/desk/deliveries", x_desk_quiet="1")
    with sent.store.read() as tx:
        found = tx.connection.scalars(sa.select(audit.c.action)).all()
    assert found.count("deliveries.seen") == 1  # the header is the caller's word only


def test_the_number_of_queries_does_not_grow(sent: House) -> None:
    asked = visitor(sent, Role.ADMIN, EVERY_CLINIC)
    asked.get("/desk/deliveries")
    with statements() as few:
        asked.get("/desk/deliveries")
    for number in range(60):
        sent.register(name=f"Patient {number}", phone=f"+1416555{3000 + number}", email="")
    count(sent)
    with statements() as many:
        asked.get("/desk/deliveries")
    assert len(few) == len(many)


def test_bars_stand_on_the_line_and_end_below_the_top() -> None:
    day = datetime(2026, 3, 18, tzinfo=UTC).date()
    days = [DayCount(day + timedelta(days=n), {Status.DELIVERED: n, Status.FAILED: 1}, late=n % 2) for n in range(30)]
    chart = draw(days)
    assert [it.day for it in chart.bars] == days
    for bar in chart.bars:
        bottom = max(part.y + part.height for part in bar.parts)
        assert bottom == pytest.approx(chart.base, abs=0.2)
        assert all(part.y >= 0 and part.height > 0 for part in bar.parts)


def test_every_reason_that_can_be_there_has_words_and_advice() -> None:
    said = words("en")["deliveries"]
    assert set(said["reason"]) == set(said["todo"])
    assert set(said["reason"]) - {"other"} <= set(CLAUSES)
    held = {"cap", "volume", "backlog", "clash", "in_doubt", "late_held"}
    assert held | {"refused", "not_delivered", "not_useful", "collapsed", "late_dropped"} <= set(said["reason"])
    assert not {"sent", "delivered"} & set(said["reason"])
    assert OF_THE_PLAN - set(said["reason"])
