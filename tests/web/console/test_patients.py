"""The page of one patient: what was sent and why, what is to come, who may see it; hostile words stay words."""

import re
from html import unescape

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from scheduler.domain.access import Role
from scheduler.domain.brakes import Scope
from scheduler.domain.reasons import CLAUSES
from scheduler.services.adjusting import Wish, adjust
from scheduler.services.pausing import pause
from scheduler.store.desk_tables import audit
from scheduler.web.console.words import words
from tests.services.house import CHECK, FIRST_HOURS, MAIL, NEXT_DAY, PHONE, PREPARE, SMS, VISIT, House, after
from tests.services.replying import answer
from tests.web.desk import Visitor, desk_app, signed_in, stranger

NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
REPLIED = after(CHECK, hours=1)


@pytest.fixture
def app(any_house: House) -> FastAPI:
    return desk_app(any_house)


@pytest.fixture
def anna(any_house: House, app: FastAPI) -> Visitor:
    return signed_in(app, any_house.store, Role.STAFF, "north")


def seen(house: House, **more: str) -> int:
    """Register Zoë, and let what is due until the check go out; return the appointment."""
    appointment = house.register(**more)
    for instant in (PREPARE, FIRST_HOURS, NEXT_DAY, CHECK):
        house.dispatch(instant)
    return appointment


def page_of(house: House, visitor: Visitor, appointment: int, more: str = "") -> str:
    answered = visitor.get(f"/desk/patients/{house.patient(appointment).id}{more}")
    assert answered.status_code == 200
    return answered.text


def plain(html: str) -> str:
    body = html.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_it_tells_who_it_is_what_went_out_and_what_is_to_come(any_house: House, anna: Visitor) -> None:
    appointment = seen(any_house, patient_id="ZL-1")
    said = plain(page_of(any_house, anna, appointment))
    for words_there in ("Zoë Lachance", MAIL, "ZL-1", "First hours", "2 hours after the appointment; sent at"):
        assert words_there in said
    assert "en first_hours for Zoë" in said
    assert "3 days after the appointment; will be sent at Sat, Mar 21" in said
    assert "en tips for Zoë" in said
    assert "1 SMS segment" in said
    assert "Handed over Wed, Mar 18" in said
    assert "EDT" in said


def test_a_reply_stands_there_with_its_class_its_answer_and_its_alert(any_house: House, anna: Visitor) -> None:
    appointment = seen(any_house)
    answer(any_house, "It is bleeding and I have a fever", REPLIED)
    any_house.dispatch(REPLIED)
    said = plain(page_of(any_house, anna, appointment))
    assert "It is bleeding and I have a fever" in said
    assert "Urgent" in said
    assert "Alert 1" in said
    assert "Answered" in said


def test_consent_is_told_in_words_with_every_line(any_house: House, anna: Visitor) -> None:
    appointment = seen(any_house, consent_sms="yes")
    answer(any_house, "STOP", REPLIED)
    said = plain(page_of(any_house, anna, appointment))
    assert "The patient stopped messages to this phone number. Since Fri, Mar 20, the patient wrote it." in said
    assert "SMS, Care: allowed, as it came with an appointment" in said
    assert "SMS address stopped, the patient wrote it" in said


def test_pauses_and_notes_stand_there(any_house: House, anna: Visitor) -> None:
    appointment = any_house.register()
    now = any_house.clock.now()
    with any_house.store.write() as tx:
        wish = Wish(note="call her first")
        adjust(tx, any_house.configuration, appointment, "tips", wish, now=now, by="Ada")
        pause(tx, Scope("north", SMS, any_house.patient(appointment).id), why="on holiday", by="Ben", now=now)
    said = plain(page_of(any_house, anna, appointment))
    assert "call her first" in said
    assert "Paused for this patient by Ben" in said
    assert "on holiday" in said
    assert "Resume" in said


@pytest.mark.parametrize(("language", "sentence"), [("fr", "2 heures après"), ("es", "2 horas después")])
def test_sentences_are_in_the_readers_language(any_house: House, app: FastAPI, language: str, sentence: str) -> None:
    appointment = seen(any_house)
    reader = signed_in(app, any_house.store, Role.VIEWER, "north")
    reader.headers = {**reader.headers, "Accept-Language": language}
    html = page_of(any_house, reader, appointment)
    assert f'<html lang="{language}"' in html
    assert sentence.split(" ;", maxsplit=1)[0] in plain(html)
    assert "after the appointment" not in plain(html)


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_every_reason_is_there_in_every_language_with_the_same_values(language: str) -> None:
    said = words(language)["reasons"]
    assert said.keys() == CLAUSES.keys()
    for code, clause in CLAUSES.items():
        assert set(re.findall(r"{(\w+)}", said[code])) == set(re.findall(r"{(\w+)}", clause)), code
    if language == "en":
        assert dict(said) == dict(CLAUSES)


def keys_of(value: object, before: str = "") -> set[str]:
    if isinstance(value, dict):
        return {key for name, inner in value.items() for key in keys_of(inner, f"{before}.{name}")}
    return {before}


@pytest.mark.parametrize("language", ["fr", "es"])
def test_the_words_have_the_same_keys_in_each_language(language: str) -> None:
    assert keys_of(words(language)["patients"]) == keys_of(words("en")["patients"])


def test_what_people_wrote_is_shown_as_it_is_and_never_run(any_house: House, anna: Visitor) -> None:
    appointment = seen(any_house, name=f"Eve {NASTY}", patient_id=NASTY[:90], external_id=NASTY)
    answer(any_house, f"fever {NASTY}", REPLIED)
    now = any_house.clock.now()
    with any_house.store.write() as tx:
        adjust(tx, any_house.configuration, appointment, "tips", Wish(note=NASTY), now=now, by=NASTY)
        pause(tx, Scope("north", SMS, any_house.patient(appointment).id), why=NASTY, by=NASTY, now=now)
    html = page_of(any_house, anna, appointment)
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert html.count("&lt;script&gt;alert(1)") >= 6
    number = any_house.patient(appointment).id
    for path in ("details", "resend", "pause", "consent", "stop", "links"):
        assert "<script>alert" not in anna.get(f"/desk/patients/{number}/{path}").text


def test_another_clinics_patient_is_not_there(any_house: House, app: FastAPI) -> None:
    appointment = any_house.register()
    number, message = any_house.patient(appointment).id, any_house.message(appointment, "tips").id
    other = signed_in(app, any_house.store, Role.OPERATOR, "south")
    paths = ["", "/details", "/resend", "/pause", "/resume", "/consent", "/stop", "/links", "/export", "/erase"]
    paths += [f"/messages/{message}/now", f"/visits/{appointment}/steps/tips/skip"]
    for path in paths:
        assert other.get(f"/desk/patients/{number}{path}").status_code == 404, path
    for path in paths[1:]:
        if path != "/resend":
            assert other.post(f"/desk/patients/{number}{path}", {"word": "erase"}).status_code == 404, path
    assert other.get("/desk/patients/999").status_code == 404
    assert any_house.patient(appointment).name == "Zoë Lachance"


def test_a_viewer_sees_and_changes_nothing(any_house: House, app: FastAPI) -> None:
    appointment = any_house.register()
    number, message = any_house.patient(appointment).id, any_house.message(appointment, "tips").id
    viewer = signed_in(app, any_house.store, Role.VIEWER, "north")
    html = page_of(any_house, viewer, appointment)
    assert "/patients/1/details" not in html
    assert "/skip" not in html
    for path in (
        "/details",
        f"/messages/{message}/now",
        f"/visits/{appointment}/steps/tips/skip",
        "/erase",
        "/export",
    ):
        assert viewer.get(f"/desk/patients/{number}{path}").status_code == 403, path
        assert viewer.post(f"/desk/patients/{number}{path}").status_code == 403, path


def test_staff_may_neither_erase_nor_export(any_house: House, anna: Visitor) -> None:
    appointment = any_house.register()
    number = any_house.patient(appointment).id
    assert "/erase" not in page_of(any_house, anna, appointment)
    for path in ("erase", "export"):
        assert anna.get(f"/desk/patients/{number}/{path}").status_code == 403
        assert anna.post(f"/desk/patients/{number}/{path}", {"word": "erase"}).status_code == 403


def test_who_is_not_signed_in_sees_nothing(any_house: House, app: FastAPI) -> None:
    any_house.register()
    answered = stranger(app).get("/desk/patients/1")
    assert answered.status_code in (303, 401)
    assert "Lachance" not in answered.text


def test_a_look_is_on_record_without_the_name(any_house: House, anna: Visitor) -> None:
    appointment = any_house.register()
    page_of(any_house, anna, appointment)
    with any_house.store.read() as tx:
        rows = [tuple(it) for it in tx.connection.execute(sa.select(audit.c.action, audit.c.subject, audit.c.clinic))]
    assert ("patient.seen", f"patient/{any_house.patient(appointment).id}", "north") in rows


def test_a_visits_address_leads_to_its_patient_with_that_visit_open(any_house: House, anna: Visitor) -> None:
    first = any_house.register()
    second = any_house.register(starts_at=after(VISIT, days=60).isoformat())
    led = anna.get(f"/desk/appointments/{first}")
    assert led.status_code == 303
    assert f"visit={first}" in led.headers["location"]
    number = any_house.patient(first).id
    assert f'id="visit-{first}"' in page_of(any_house, anna, first, f"?visit={first}")
    assert f'id="visit-{second}"' in anna.get(f"/desk/patients/{number}").text


def test_a_visit_of_another_patient_does_not_open_here(any_house: House, anna: Visitor) -> None:
    mine = any_house.register()
    other = any_house.register(name="Ben Roy", phone="+14165550199", email="ben@patients.example")
    assert f'id="visit-{mine}"' in page_of(any_house, anna, mine, f"?visit={other}")


def test_however_many_visits_there_are_the_queries_are_as_many(any_house: House, anna: Visitor) -> None:
    def count() -> int:
        found = 0

        def one_more(*_args: object) -> None:
            nonlocal found
            found += 1

        engines = {any_house.store._engine, any_house.store._reading}
        for engine in engines:
            sa.event.listen(engine, "before_cursor_execute", one_more)
        page_of(any_house, anna, first)
        for engine in engines:
            sa.event.remove(engine, "before_cursor_execute", one_more)
        return found

    first = any_house.register()
    any_house.register(starts_at=after(VISIT, days=30).isoformat())
    few = count()
    for more in range(2, 32):
        any_house.register(starts_at=after(VISIT, days=30 * more).isoformat())
    assert count() <= few + 3
    html = page_of(any_house, anna, first)
    assert "Earlier appointments" in html
    earlier = re.search(r'href="[^"]*(\?[^"]*before=\d+[^"]*)"', html)
    assert earlier
    assert "Latest appointments" in page_of(any_house, anna, first, unescape(earlier[1]))
    assert PHONE in html
