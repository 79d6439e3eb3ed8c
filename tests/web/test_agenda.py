"""The calendar of what goes out: counts of one's own clinics, under a link that only its newest opens."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import icalendar
import pytest

from scheduler.clock import SystemClock
from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.services.agenda import Agendas
from scheduler.services.links import Links
from scheduler.store.users import set_disabled, set_enabled, set_grant, set_profile
from scheduler.web.agenda import agenda_feed
from scheduler.web.app import create_app
from tests.services.house import FIRST_HOURS, House
from tests.web.console.counting import statements
from tests.web.desk import HERE, as_session, desk_app, make_session, make_user


@dataclass
class Office:
    """A house whose calendars are asked for by programs without an account."""

    house: House

    def __post_init__(self) -> None:
        self.agendas = Agendas(
            self.house.store, self.house.configuration, Links(HERE, self.house.store.vault), self.house.clock
        )
        self.app = create_app(well=lambda: True, pages=[agenda_feed(self.agendas, HERE)])

    def link(self, user: int) -> str:
        found = self.agendas.link_of(user)
        assert found
        return found[1]

    def get(self, address: str, **headers: str) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app)) as client:
                return await client.get(address, headers={name.replace("_", "-"): it for name, it in headers.items()})

        return asyncio.run(send())

    def events(self, address: str) -> list[tuple[str, str, str]]:
        """Return beginning, title and text of each entry, read by a library."""
        read = icalendar.Calendar.from_ical(self.get(address).content)
        assert not read.errors
        found: list[Any] = list(read.walk("VEVENT"))
        assert all(it["DTSTART"].dt.tzinfo for it in found)
        assert len({str(it["UID"]) for it in found}) == len(found)
        assert not any(it.errors for it in found)
        return [(it["DTSTART"].dt.isoformat(), str(it["SUMMARY"]), str(it["DESCRIPTION"])) for it in found]


@pytest.fixture
def office(house: House) -> Office:
    return _with_visits(house)


@pytest.fixture
def any_office(any_house: House) -> Office:
    """What the database counts is shown on both."""
    return _with_visits(any_house)


def _with_visits(house: House) -> Office:
    for name, hour in (("Zoë Lachance", "10:00"), ("Ann Roy", "10:20")):
        house.register(name=name, starts_at=f"2026-03-18T{hour}", email="", phone="+14165550123")
    house.register(clinic="south", name="Leo Ruiz", phone="+34600000123", email="")
    return Office(house)


def test_it_counts_by_the_hour_of_ones_own_clinics_and_names_nobody(any_office: Office) -> None:
    user = make_user(any_office.house.store, "anna", Role.VIEWER, "north")
    any_office.agendas.renew(user)
    address = any_office.link(user)
    answer = any_office.get(address)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"][:7]) == ("private, no-cache", "noindex")
    for secret in ("Zo", "Roy", "+1416", "South", "patients.example"):
        assert secret not in answer.text
    found = {start: (title, text) for start, title, text in any_office.events(address)}
    assert found[FIRST_HOURS.isoformat()][0] == "North: 2 messages"
    assert "2 " in found[FIRST_HOURS.isoformat()][1]
    assert "To come: 2" in found[FIRST_HOURS.isoformat()][1]
    any_office.house.dispatch(FIRST_HOURS)
    found = {start: (title, text) for start, title, text in any_office.events(address)}
    assert "Went out: 1" in found[FIRST_HOURS.isoformat()][1]
    with any_office.house.store.write() as tx:
        set_profile(tx, user, name="Anna", language="fr")
        set_grant(tx, user, EVERY_CLINIC, Role.STAFF)
    titles = [title for _, title, _ in any_office.events(address)]
    assert any(title.startswith("South") for title in titles)
    assert all("message" in title for title in titles)


def test_what_will_not_be_sent_is_in_no_hour(any_office: Office) -> None:
    user = make_user(any_office.house.store, "anna", Role.VIEWER, "north")
    any_office.agendas.renew(user)
    told = "".join(f"{title} {text}" for _, title, text in any_office.events(any_office.link(user)))
    assert "Prepare" not in told, "nobody there has an email address"
    any_office.house.register(name="Max Roy", starts_at="2026-03-18T10:40", phone="+14165550124")
    told = "".join(f"{title} {text}" for _, title, text in any_office.events(any_office.link(user)))
    assert "1 Prepare" in told


def test_what_did_not_change_within_the_hour_is_not_sent_again(office: Office) -> None:
    user = make_user(office.house.store, "anna", Role.STAFF, "north")
    office.agendas.renew(user)
    first = office.get(office.link(user))
    again = office.get(office.link(user), If_None_Match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    office.house.register(name="Max Roy", starts_at="2026-03-18T10:40", email="", phone="+14165550124")
    assert office.get(office.link(user), If_None_Match=first.headers["etag"]).status_code == 200


def test_only_the_newest_link_of_somebody_who_may_sign_in_opens(office: Office) -> None:
    store, now = office.house.store, SystemClock().now()
    user = make_user(store, "anna", Role.STAFF, "north")
    office.agendas.renew(user)
    first = office.link(user)
    office.agendas.renew(user)
    second = office.link(user)
    assert [office.get(it).status_code for it in (first, second)] == [404, 200]
    for forged in (
        f"{HERE}/c/AAAA.ics",
        second.replace(".ics", "A.ics"),
        second.removesuffix(".ics"),
        f"{HERE}/c/.ics",
    ):
        assert office.get(forged).status_code == 404
    office.agendas.end(user)
    assert office.get(second).status_code == 404
    office.agendas.renew(user)
    third = office.link(user)
    with store.write() as tx:
        set_disabled(tx, user, by="test", now=now)
    assert office.get(third).status_code == 404
    with store.write() as tx:
        set_enabled(tx, user)
    assert [office.get(it).status_code for it in (first, second, third)] == [404] * 3
    assert office.agendas.link_of(user) is None


def test_a_use_is_noted_once_an_hour(office: Office) -> None:
    user = make_user(office.house.store, "anna", Role.STAFF, "north")
    office.agendas.renew(user)
    used = []
    for minutes in (0, 30, 31):
        office.house.clock.move_to(office.house.clock.now() + timedelta(minutes=minutes))
        office.get(office.link(user))
        found = office.agendas.link_of(user)
        assert found
        used.append(found[0].used_at)
    assert used[0] == used[1]
    assert used[0] is not None
    assert used[2] == used[0] + timedelta(minutes=61)


def test_how_much_there_is_costs_no_more_statements(office: Office) -> None:
    user = make_user(office.house.store, "anna", Role.STAFF, EVERY_CLINIC)
    office.agendas.renew(user)
    counts = []
    for number in range(3):
        office.get(office.link(user))
        with statements() as seen:
            office.get(office.link(user))
        counts.append(len(seen))
        office.house.register(
            name=f"Person {number}", starts_at=f"2026-03-2{number}T10:00", email="x@patients.example"
        )
    assert counts == [counts[0]] * 3


def test_the_account_page_makes_renews_and_ends_the_link(office: Office) -> None:
    user = make_user(office.house.store, "anna", Role.VIEWER, "north")
    anna = as_session(desk_app(office.house), make_session(office.house.store, user))
    assert "/c/" not in anna.get("/desk/account").text
    links = []
    for _ in range(2):
        assert anna.post("/desk/account/agenda").headers["location"] == "/desk/account"
        assert office.link(user) in anna.get("/desk/account").text
        links.append(office.link(user))
    assert links[0] != links[1]
    anna.post("/desk/account/agenda/end")
    shown = anna.get("/desk/account").text
    assert "/c/" not in shown
    assert "opens nothing any more" in shown
