"""Who may open a patient's page: whoever has a link that we signed, until it expires or is revoked."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from scheduler.services.page_links import page_link, revoke_links
from scheduler.store.database import open_store
from scheduler.store.tables import consents, replies, stops
from tests.services.house import CHECK, MAIL, PHONE, VISIT, House, after
from tests.services.texting import Text
from tests.web.patients import PUBLIC, Visitor, heading_of, text_of

CLINICS_PHONE = "+1 416-555-0100"


@pytest.fixture
def link(house: House) -> str:
    """Zoë's, whose check has gone out."""
    appointment = house.register()
    house.dispatch(CHECK)
    return Visitor(house).link(appointment)


def revoke(house: House, appointment: int = 1) -> None:
    with house.store.write() as tx:
        revoke_links(tx, appointment, by="test", now=house.clock.now())


def written(house: House) -> int:
    with house.store.read() as tx:
        tables = (replies, stops, consents)
        return sum(tx.connection.scalar(sa.select(sa.func.count()).select_from(it)) or 0 for it in tables)


def test_a_link_opens_the_page_and_has_nothing_of_the_patient_in_it(house: House, link: str) -> None:
    assert Visitor(house).get(link).status_code == 200
    for secret in ("Zo", "Lachance", "416", "zoe", "peel", "north"):
        assert secret not in link


def test_what_the_command_line_gives_is_the_same_link(house: House, link: str) -> None:
    with house.store.read() as tx:
        given = page_link(tx, Visitor(house).links, 1, now=house.clock.now())
    assert given.url == PUBLIC + link
    assert given.expires_at == after(VISIT, days=60)


FORGERIES: dict[str, Callable[[str], str]] = {
    "a bit less": lambda token: token[:-1],
    "a bit more": lambda token: token + "A",
    "padding": lambda token: token + "=",
    "another spelling": lambda token: token[:-1] + chr(ord(token[-1]) + 1),
    "another patient": lambda token: token[:9] + ("B" if token[9] != "B" else "C") + token[10:],
    "a longer life": lambda token: token[:30] + ("_" if token[30] != "_" else "-") + token[31:],
    "a word": lambda token: token[:0] + "page",
    "not ASCII": lambda token: "é" + token[1:],
    "nonsense": lambda token: "A" * len(token),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_we_did_not_sign_opens_nothing_and_tells_nothing(house: House, link: str, forgery: str) -> None:
    answer = Visitor(house).get("/p/" + FORGERIES[forgery](link.removeprefix("/p/")), language="fr-CA")
    assert (answer.status_code, heading_of(answer)) == (404, "Ce lien ne fonctionne plus")
    for secret in ("North", CLINICS_PHONE, "Zoë"):
        assert secret not in answer.text


def test_every_changed_character_makes_a_forgery(house: House, link: str) -> None:
    token = link.removeprefix("/p/")
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert Visitor(house).get(f"/p/{changed}").status_code == 404, place


@pytest.mark.usefixtures("link")
def test_a_link_of_another_kind_is_none_to_a_page(house: House) -> None:
    links = Visitor(house).links
    for url in (links.unsubscribe(1), links.alert(1, 0, expires_at=after(VISIT, days=60))):
        assert Visitor(house).get("/p/" + url.rpartition("/")[2]).status_code == 404


@pytest.mark.usefixtures("link")
def test_a_signed_link_to_a_visit_of_somebody_else_opens_nothing(house: House) -> None:
    other = house.register(name="Ana Ruiz", phone="+14165550124", email="ana@patients.example")
    mixed = Visitor(house).links.page(house.patient(1).id, other, 0, expires_at=after(VISIT, days=60))
    answer = Visitor(house).get(mixed.removeprefix(PUBLIC))
    assert (answer.status_code, heading_of(answer)) == (410, "This link no longer works")


def test_a_link_to_somebody_who_was_removed_opens_nothing(house: House) -> None:
    url = Visitor(house).links.page(77, 77, 0, expires_at=after(VISIT, days=60))
    assert Visitor(house).get(url.removeprefix(PUBLIC)).status_code == 404


def test_an_expired_link_says_so_with_the_clinics_phone(house: House, link: str) -> None:
    house.clock.move_to(after(VISIT, days=60, minutes=-1))
    assert Visitor(house).get(link).status_code == 200
    house.clock.move_to(after(VISIT, days=60))
    answer = Visitor(house).get(link)
    assert (answer.status_code, heading_of(answer)) == (410, "This link no longer works")
    assert CLINICS_PHONE in text_of(answer)


def test_revoking_closes_every_link_of_the_patient_and_no_others(house: House, link: str) -> None:
    second = house.register(starts_at=after(VISIT, days=30).isoformat())
    other = house.register(name="Ana Ruiz", phone="+14165550124", email="ana@patients.example")
    visitor = Visitor(house)
    old = [link, visitor.link(second)]
    revoke(house)
    for closed in old:
        answer = visitor.get(closed)
        assert answer.status_code == 410
        assert CLINICS_PHONE in text_of(answer)
    assert visitor.get(visitor.link(other)).status_code == 200
    assert visitor.get(visitor.link(1)).status_code == 200


def test_behind_a_closed_link_nothing_can_be_done(house: House, link: str) -> None:
    revoke(house)
    before = written(house)
    visitor = Visitor(house)
    form = {"form": "A" * 22, "direction": "worse", "wish": "sms.care", "language": "fr"}
    for action in ("answer", "preferences", "stop"):
        assert visitor.post(f"{link}/{action}", **form).status_code == 410
        assert visitor.post(f"{link[:-2]}AA/{action}", **form).status_code == 404
    assert visitor.get(f"{link}/session.ics").status_code == 410
    assert (written(house), house.patient(1).language) == (before, None)


def test_opening_a_page_changes_nothing(house: House, link: str) -> None:
    before = written(house)
    visitor = Visitor(house)
    for path in (link, f"{link}/session.ics"):
        assert visitor.get(path).status_code in (200, 404)
    for action in ("answer", "preferences", "stop"):
        answer = visitor.get(f"{link}/{action}")
        assert (answer.status_code, answer.headers["location"]) == (303, link)
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert visitor.get(f"{link}/other").status_code == 404
    assert written(house) == before


def test_who_asks_too_often_is_told_to_wait_in_plain_words(house: House, link: str) -> None:
    visitor = Visitor(house)
    answers = [visitor.get(link, language="es") for _ in range(41)]
    assert [it.status_code for it in answers].count(200) == 40
    assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (429, "60")
    assert heading_of(answers[-1]) == "Un momento, por favor"


def test_who_guesses_links_is_stopped_soon(house: House) -> None:
    visitor = Visitor(house)
    found = [visitor.get(f"/p/guess{number}").status_code for number in range(260)]
    assert found[:240] == [404] * 240
    assert found[-1] == 429


def test_the_link_that_went_to_a_wrong_number_opens_nothing_any_more(any_live: House) -> None:
    appointment = any_live.register()
    visitor = Visitor(any_live)
    link = visitor.link(appointment)
    Text("You have the wrong number").send(any_live)
    assert visitor.get(link).status_code == 410
    mended = visitor.link(appointment)
    Text("I said: you have the wrong number").send(any_live)
    assert visitor.get(mended).status_code == 200, "the stranger never had this one"


def test_what_is_too_long_for_a_link_is_none_and_is_not_kept_to_be_counted(house: House, link: str) -> None:
    visitor = Visitor(house)
    longest, longer = "/p/" + "x" * 100, "/p/" + "x" * 60_000
    assert len(link) < len(longest)
    assert [visitor.get(longest).status_code for _ in range(41)] == [404] * 40 + [429]
    assert [visitor.get(longer).status_code for _ in range(41)] == [404] * 41


def test_while_the_database_is_away_the_page_says_what_to_do(house: House, link: str) -> None:
    database = house.settings.data_dir / "aftercare.db"
    with (
        open_store(house.settings, patience=timedelta(milliseconds=20)) as impatient,
        closing(sqlite3.connect(database, isolation_level=None)) as other,
    ):
        visitor = Visitor(house.on(impatient))
        other.execute("BEGIN EXCLUSIVE")
        form = {"form": "A" * 22, "direction": "worse"}
        answer = visitor.post(f"{link}/answer", **form)
        assert (answer.status_code, heading_of(answer)) == (503, "We can't show this page right now")
        other.execute("ROLLBACK")
        assert visitor.post(f"{link}/answer", **form).status_code == 200


def test_no_log_line_has_a_link_or_anything_of_the_patient(house: House, link: str) -> None:
    visitor = Visitor(house)
    with capture_logs() as lines:
        visitor.answer(link, direction="worse", words="It burns, Zoë")
        visitor.post(f"{link}/stop")
        visitor.get(link + "x")
    assert lines
    for secret in (link[3:20], "Zo", PHONE, MAIL, "burns"):
        assert secret not in str(lines)
