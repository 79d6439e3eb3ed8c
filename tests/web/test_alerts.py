"""The link of a ring: it shows what a patient wrote to whoever is on call, who takes it there, and closes it."""

import asyncio
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from scheduler.domain.alert import LISTED, AlertKind
from scheduler.domain.consent import Source
from scheduler.domain.notice import AlertCause
from scheduler.domain.protocol import Channel
from scheduler.domain.reasons import because
from scheduler.services.alert_page import AlertPages
from scheduler.services.consent import stop_address
from scheduler.services.links import Links
from scheduler.store.alert_events import record_alert
from scheduler.store.alerts import Alert, open_alerts
from scheduler.store.database import open_store
from scheduler.store.replies import get_reply
from scheduler.web.alerts import alert_pages
from scheduler.web.app import create_app
from scheduler.web.pages import Pages
from tests.services.house import CHECK, PHONE, House, after
from tests.services.on_call import ALICE, BOB, history, now, raise_, ring, with_on_call
from tests.services.replying import answer

PUBLIC = "https://care.example.com/aftercare"
FEVER = "1 but I have a fever and it's getting worse <script>alert(1)</script>"
HEARD = after(CHECK, minutes=30)


def links(house: House) -> Links:
    return Links(PUBLIC, house.store.vault)


def path_of(house: House, alert: Alert, *, ring: int = 1, at: datetime = HEARD) -> str:
    """Return the path of a ring's link, as the proxy in front hands it on."""
    address = links(house).alert(alert.id, ring, expires_at=at + timedelta(hours=24))
    return urlsplit(address).path.removeprefix("/aftercare")


def call(house: House, path: str, method: str = "GET", *, accept: str = "en") -> httpx.Response:
    pages = AlertPages(house.store, house.configuration, links(house), house.clock)
    app = create_app(well=lambda: True, pages=[alert_pages(pages, Pages(PUBLIC))])

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://10.0.0.7") as client:
            return await client.request(method, path, headers={"Accept-Language": accept})

    return asyncio.run(ask())


def text_of(answer: httpx.Response) -> str:
    """Return what a reader sees."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.partition("<body>")[2]))


@pytest.fixture
def desk(house: House) -> House:
    """Zoë was asked on the second day; Alice and Bob are on call."""
    house.configuration = with_on_call(ALICE, BOB)
    house.register()
    house.dispatch(CHECK)
    return house


@pytest.fixture
def urgent(desk: House) -> Alert:
    """Zoë's answer sounds bad."""
    answer(desk, FEVER, HEARD)
    with desk.store.read() as tx:
        (alert,) = open_alerts(tx)
    assert alert.kind is AlertKind.URGENT
    return alert


def test_it_shows_what_the_patient_wrote_how_it_was_read_and_whom_to_call(desk: House, urgent: Alert) -> None:
    shown = call(desk, path_of(desk, urgent))
    said = text_of(shown)
    assert shown.status_code == 200
    assert "A patient&#39;s message sounds bad" in shown.text
    for part in (
        "Zoë Lachance",
        "1 but I have a fever",
        "sounds bad",
        "fever",
        "Call +1 416-555-0123",
        "Mar 20, 2026",
    ):
        assert part in said
    assert 'href="tel:+14165550123"' in shown.text
    assert "en check for Zoë" in said  # the question, as it was sent
    assert "Call the patient now" in said
    assert "911" in said


def test_what_a_patient_writes_is_text_and_nothing_else(desk: House, urgent: Alert) -> None:
    shown = call(desk, path_of(desk, urgent)).text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;" in shown


def test_opening_the_link_takes_nothing_however_often(desk: House, urgent: Alert) -> None:
    for method in ("GET", "HEAD", "GET"):
        call(desk, path_of(desk, urgent), method)
    for part in ("/take", "/close"):
        assert call(desk, path_of(desk, urgent) + part).status_code == 405
    assert now(desk, urgent) == urgent


def test_the_button_takes_it_and_nobody_else_is_told(desk: House, urgent: Alert) -> None:
    path = path_of(desk, urgent)
    assert '<form method="post" action="/aftercare' + path + '/take"' in call(desk, path).text
    done = call(desk, f"{path}/take", "POST")
    assert (done.status_code, done.headers["location"]) == (303, f"/aftercare{path}")
    alert = now(desk, urgent)
    assert (alert.taken_by, alert.taken_at, alert.ring_at) == ("Alice", HEARD, None)
    assert "You see to it (since" in text_of(call(desk, path))
    desk.clock.move_to(after(HEARD, hours=5))
    assert ring(desk) == 0


def test_whoever_comes_second_is_told_who_was_first(desk: House, urgent: Alert) -> None:
    desk.clock.move_to(after(HEARD, minutes=10))
    ring(desk)
    first, second = path_of(desk, urgent, ring=1), path_of(desk, urgent, ring=2)
    call(desk, f"{first}/take", "POST")
    desk.clock.move_to(after(HEARD, minutes=12))
    call(desk, f"{second}/take", "POST")
    shown = text_of(call(desk, second))
    assert re.search(r"Alice sees to it \(since Mar 20, 2026, 10:40\sa\.m\.\)", shown)
    assert "I take it" not in shown
    assert [it.by for it in history(desk, urgent) if it.cause == "taken"] == ["Alice"]


def test_done_closes_it_and_the_reply_counts_as_dealt_with(desk: House, urgent: Alert) -> None:
    path = path_of(desk, urgent)
    call(desk, f"{path}/take", "POST")
    assert call(desk, f"{path}/close", "POST").status_code == 303
    assert now(desk, urgent).closed_at == HEARD
    assert urgent.reply_id
    with desk.store.read() as tx:
        reply = get_reply(tx, urgent.reply_id)
    assert (reply.handled_at, reply.handled_by) == (HEARD, "Alice")
    shown = text_of(call(desk, path))
    assert "Alice said that this is done" in shown
    assert "I take it" not in shown
    assert call(desk, f"{path}/take", "POST").status_code == 303  # late, and harmless
    assert now(desk, urgent).taken_by == "Alice"


def test_it_may_be_done_before_anybody_took_it(desk: House, urgent: Alert) -> None:
    call(desk, f"{path_of(desk, urgent)}/close", "POST")
    assert now(desk, urgent).closed_at == HEARD


def test_a_link_expires_after_a_day_and_the_next_ring_has_a_new_one(desk: House, urgent: Alert) -> None:
    path = path_of(desk, urgent)
    desk.clock.move_to(after(HEARD, hours=24))
    for method, part in (("GET", ""), ("POST", "/take"), ("POST", "/close")):
        gone = call(desk, path + part, method, accept="fr-CA")
        assert gone.status_code == 410
        assert "Ce lien a expiré" in text_of(gone)
        assert "Lachance" not in gone.text
    assert now(desk, urgent).taken_at is None
    ring(desk)
    assert call(desk, path_of(desk, urgent, ring=2, at=desk.clock.now())).status_code == 200


def test_a_forged_link_opens_nothing(desk: House, urgent: Alert) -> None:
    path = path_of(desk, urgent)
    other = Links(PUBLIC, desk.store.vault).page(1, 1, 0, expires_at=after(HEARD, days=1)).rpartition("/")[2]
    changed = path[:-1] + ("A" if path[-1] != "A" else "B")
    for forged in (changed, path[:-1], path + "A", "/a/x", f"/a/{other}", "/a/%00", "/a/é"):
        for method, part in (("GET", ""), ("POST", "/take"), ("POST", "/close")):
            answered = call(desk, forged + part, method)
            assert answered.status_code == 404, forged
            assert "Lachance" not in answered.text
    assert now(desk, urgent) == urgent


def test_no_alert_can_be_opened_by_the_link_of_another(desk: House, urgent: Alert) -> None:
    other = raise_(desk, AlertKind.PAST_DUE, clinic=None, subject="installation")
    assert path_of(desk, urgent) != path_of(desk, other)
    assert "Lachance" not in call(desk, path_of(desk, other)).text


def test_the_page_keeps_its_address_and_what_is_on_it_to_itself(desk: House, urgent: Alert) -> None:
    for path in (path_of(desk, urgent), "/a/forged"):
        headers = call(desk, path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-robots-tag"].startswith("noindex")
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "set-cookie" not in headers
    taken = call(desk, f"{path_of(desk, urgent)}/take", "POST")
    assert taken.headers["cache-control"] == "no-store"
    assert taken.headers["referrer-policy"] == "no-referrer"


def test_nothing_of_a_patient_is_in_the_address_or_in_the_log(desk: House, urgent: Alert) -> None:
    path = path_of(desk, urgent)
    with capture_logs() as lines:
        call(desk, path)
        call(desk, f"{path}/take", "POST")
        call(desk, f"{path}/close", "POST")
    assert not any(secret in f"{path}{lines}" for secret in ("Zo", "Lachance", "5550123", "fever"))


def test_of_a_shared_number_all_candidates_are_shown_and_none_is_guessed(desk: House) -> None:
    desk.register(name="Adam Lachance", email="adam@patients.example")
    answer(desk, FEVER, HEARD)
    with desk.store.read() as tx:
        (alert,) = open_alerts(tx)
    said = text_of(call(desk, path_of(desk, alert)))
    assert "Several patients have this number" in said
    assert "Zoë Lachance" in said
    assert "Adam Lachance" in said


def test_an_unknown_sender_is_shown_with_the_number(desk: House) -> None:
    answer(desk, "Who is this? I have a question", HEARD, sender="+14165550199")
    with desk.store.read() as tx:
        (alert,) = open_alerts(tx)
    shown = call(desk, path_of(desk, alert))
    assert "No patient has this number" in text_of(shown)
    assert 'href="tel:+14165550199"' in shown.text
    assert "Lachance" not in shown.text


def test_a_fault_shows_what_is_wrong_and_has_no_button_to_close_it(desk: House) -> None:
    fault = raise_(desk, AlertKind.BACKLOG, subject="north")
    path = path_of(desk, fault)
    shown = call(desk, path)
    assert "Many messages are late" in text_of(shown)
    assert "aftercare held list" in text_of(shown)
    assert "/close" not in shown.text
    call(desk, f"{path}/close", "POST")
    assert now(desk, fault).closed_at is None
    call(desk, f"{path}/take", "POST")
    assert now(desk, fault).taken_by == "on call"  # it never rang, so nobody knows who has the link


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "sounds bad"), ("fr", "Je m&#39;en occupe"), ("es", "Me hago cargo"), ("de", "I take it")],
)
def test_it_speaks_the_clinics_first_language(desk: House, urgent: Alert, language: str, words: str) -> None:
    clinics = dict(desk.configuration.clinics)
    clinics["north"] = replace(clinics["north"], languages=(language,))
    desk.configuration = replace(desk.configuration, clinics=clinics)
    shown = call(desk, path_of(desk, urgent), accept="it").text
    assert words in shown


@pytest.mark.parametrize("kind", sorted(set(AlertKind) - LISTED))
@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_every_kind_has_its_words_in_every_language(desk: House, kind: AlertKind, language: str) -> None:
    clinics = dict(desk.configuration.clinics)
    clinics["north"] = replace(clinics["north"], languages=(language,))
    desk.configuration = replace(desk.configuration, clinics=clinics)
    for clinic in ("north", None):
        alert = raise_(desk, kind, clinic=clinic, subject=f"of {clinic}")
        assert call(desk, path_of(desk, alert)).status_code == 200


def test_a_patient_whose_data_can_not_be_opened_hides_no_alert(desk: House, urgent: Alert) -> None:
    with closing(sqlite3.connect(desk.settings.data_dir / "aftercare.db")) as database:
        database.execute("UPDATE patients SET name_sealed = x'00'")
        database.commit()
    path = path_of(desk, urgent)
    assert "cannot be opened" in text_of(call(desk, path))
    call(desk, f"{path}/take", "POST")
    assert now(desk, urgent).taken_by == "Alice"


def test_while_the_database_is_away_the_page_says_so(desk: House, urgent: Alert) -> None:
    database = desk.settings.data_dir / "aftercare.db"
    with (
        open_store(desk.settings, patience=timedelta(milliseconds=20)) as impatient,
        closing(sqlite3.connect(database, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        away = call(desk.on(impatient), f"{path_of(desk, urgent)}/take", "POST")
        other.execute("ROLLBACK")
    assert away.status_code == 503
    assert "Please try again" in text_of(away)


def test_it_shows_all_that_was_written_and_that_the_patient_was_answered(desk: House, urgent: Alert) -> None:
    answer(desk, "and now there is pus", after(HEARD, minutes=2))
    desk.dispatch(after(HEARD, minutes=2))
    said = text_of(call(desk, path_of(desk, urgent)))
    assert "1 but I have a fever" in said
    assert "What came in after that" in said
    assert "and now there is pus" in said
    assert said.count("The patient was answered by text") == 2
    assert "tells patients who feel very ill to call 911" in said


def test_where_the_patient_got_no_answer_it_says_so_and_why(desk: House) -> None:
    for minutes, text in enumerate(["Can I swim?", "Can I run?", "Can I drink?", "Can I fly?"]):
        answer(desk, text, after(HEARD, minutes=minutes))
    with desk.store.read() as tx:
        (alert,) = open_alerts(tx)
    said = text_of(call(desk, path_of(desk, alert)))
    assert said.count("An answer to the patient is on its way") == 3
    assert "The patient got NO answer" in said.partition("Can I fly?")[2]
    assert "Not answered, since 3 answers went to that number" in said


def test_an_answer_that_did_not_go_out_is_none(desk: House) -> None:
    answer(desk, "Can I swim?", HEARD)
    with desk.store.write() as tx:
        stop_address(tx, "north", Channel.SMS, PHONE, source=Source.STAFF, by="Desk", now=HEARD)
    desk.dispatch(HEARD)
    with desk.store.read() as tx:
        (alert,) = open_alerts(tx)
    assert "The patient got NO answer" in text_of(call(desk, path_of(desk, alert)))


def test_it_says_who_could_not_be_reached(desk: House, urgent: Alert) -> None:
    missed = (because("not_reached", by="Alice", what="sms, email"),)
    with desk.store.write() as tx:
        record_alert(tx, urgent.id, AlertCause.MISSED, at=HEARD, by="engine", reasons=missed)
    said = text_of(call(desk, path_of(desk, urgent)))
    assert "Who could not be reached" in said
    assert "Alice (sms, email), Mar 20, 2026" in said
