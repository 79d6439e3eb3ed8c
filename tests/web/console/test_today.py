"""Today: what needs a person, what goes out, what did not go well, what waits, how the channels are."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.domain.alert import AlertKind
from scheduler.domain.brakes import Scope
from scheduler.domain.reasons import because
from scheduler.domain.states import Cause, Status
from scheduler.services.pausing import pause
from scheduler.store.alerts import raise_alert, take_alert
from scheduler.store.circuits import Fault, open_circuit
from scheduler.store.moves import Move
from scheduler.store.transitions import move_all
from tests.services.house import CHECK, FIRST_HOURS, PREPARE, SMS, House, after
from tests.web.console.counting import statements
from tests.web.desk import desk_app, signed_in


def seen(house: House, role: Role = Role.STAFF, clinic: str = "north", query: str = "") -> str:
    """Return Today as somebody sees it."""
    answer = signed_in(desk_app(house), house.store, role, clinic).get(f"/desk/{query}")
    assert answer.status_code == 200
    return answer.text


def card(page: str, name: str) -> str:
    """Return one region of the page, as text."""
    found = re.search(rf'<section[^>]*id="{name}"[^>]*>(.*?)</section>', page, re.DOTALL)
    assert found, name
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def fail(
    house: House, visit: int, step: str = "first_hours", error: str = "21614: it is not a mobile number"
) -> None:
    message = house.message(visit, step)
    move = Move(
        message.id,
        message.status,
        Cause.RECEIPT,
        Status.FAILED,
        by="test",
        reasons=(because("refused", error=error),),
    )
    with house.store.write() as tx:
        assert move_all(tx, [move], now=house.clock.now())


def test_a_new_installation_says_what_to_do_first(any_house: House) -> None:
    page = seen(any_house)
    assert "Nothing is planned yet" in page
    assert 'href="/desk/appointments/new"' in page
    assert 'href="/desk/appointments/import"' in page


def test_a_viewer_is_not_asked_to_register(any_house: House) -> None:
    assert "/desk/appointments/new" not in seen(any_house, Role.VIEWER)


def test_what_goes_out_stands_under_its_hour_with_the_patient_linked(any_house: House) -> None:
    any_house.register()
    any_house.clock.move_to(after(FIRST_HOURS, hours=-1))
    page = seen(any_house)
    going = card(page, "going")
    assert "1 today, 2 tomorrow" in going
    assert "Today, 1:00 p.m. 1 message 1:00 p.m. Zoë Lachance First hours SMS" in going
    assert "Tomorrow, 9:00 a.m. 2 messages" in going
    assert 'href="/desk/patients/1"' in page


def test_hours_are_those_of_the_messages_own_clinic(any_house: House) -> None:
    any_house.register()
    any_house.register(clinic="south", phone="+34600000001", name="Ana Ruiz")
    any_house.clock.move_to(after(FIRST_HOURS, hours=-3))
    going = card(seen(any_house, clinic=EVERY_CLINIC), "going")
    assert "1:00 p.m. EDT" in going
    assert "Today, 18:00 CET 1 message" in going


def test_the_day_on_top_is_that_of_each_clinic_where_it_is_not_the_same(any_house: House) -> None:
    any_house.clock.move_to(datetime(2026, 3, 22, 3, 30, tzinfo=UTC))  # Saturday evening in Toronto
    every = seen(any_house, clinic=EVERY_CLINIC)
    assert re.search(
        r'id="now"[^>]*>Saturday, [^<]*2026 <small>North[^<]*</small> · Sunday, [^<]*2026 <small>South', every
    )
    any_house.clock.move_to(datetime(2026, 3, 22, 15, 0, tzinfo=UTC))
    assert "<small>South" not in seen(any_house, clinic=EVERY_CLINIC)


def test_another_clinics_day_is_not_shown(any_house: House) -> None:
    any_house.register(clinic="south", phone="+34600000001", name="Ana Ruiz")
    any_house.clock.move_to(after(FIRST_HOURS, hours=-1))
    page = seen(any_house)
    assert "Ana Ruiz" not in page
    assert "Nothing goes out today or tomorrow" in page
    refused = signed_in(desk_app(any_house), any_house.store, Role.STAFF, "north").get("/desk/?clinic=south")
    assert refused.status_code == 404


def test_open_alerts_stand_on_top_the_urgent_first_with_who_took_them(any_house: House) -> None:
    now = any_house.clock.now()
    with any_house.store.write() as tx:
        doubt = raise_alert(
            tx, AlertKind.REPLY, "reply/1", reasons=(because("reply_question"),), now=now, clinic="north"
        )
        urgent = raise_alert(
            tx,
            AlertKind.URGENT,
            "reply/2",
            reasons=(because("reply_urgent"),),
            now=now + timedelta(minutes=1),
            clinic="north",
        )
        other = raise_alert(
            tx, AlertKind.URGENT, "reply/3", reasons=(because("reply_urgent"),), now=now, clinic="south"
        )
        assert doubt
        assert urgent
        assert other
        take_alert(tx, doubt.id, by="user:anna", now=now)
    page = seen(any_house)
    told = card(page, "alerts")
    assert told.index("A reply sounds bad") < told.index("A reply needs an answer")
    assert "sees to it" in told
    assert "Nobody has taken it yet" in told
    assert told.count("A reply sounds bad") == 1


def test_what_failed_is_counted_by_its_reason_and_leads_to_the_list(any_house: House) -> None:
    visit = any_house.register()
    any_house.dispatch(FIRST_HOURS)
    fail(any_house, visit)
    page = seen(any_house)
    told = card(page, "troubles")
    assert "1 · The provider refused it" in told
    assert "21614: it is not a mobile number" in told
    assert "status=failed&amp;reason=refused&amp;days=7#messages" in page
    any_house.clock.move_to(after(FIRST_HOURS, hours=25))
    assert "Everything went as planned" in card(seen(any_house), "troubles")


def test_a_check_without_an_answer_is_listed_the_next_morning(any_house: House) -> None:
    any_house.register()
    any_house.dispatch(CHECK)
    assert "Everyone has answered" in card(seen(any_house), "unanswered")
    any_house.clock.move_to(after(CHECK, days=1))
    assert "Zoë Lachance Check · asked" in card(seen(any_house), "unanswered")


def test_a_pause_and_a_stopped_channel_are_said(any_house: House) -> None:
    any_house.register()
    with any_house.store.write() as tx:
        now = any_house.clock.now()
        pause(tx, Scope(clinic="north"), why="the printer of Zoë Lachance burns", by="anna", now=now)
        open_circuit(tx, Fault(SMS, "", "20003", "Twilio does not take the credentials"), [], now=now)
    page = seen(any_house)
    waiting = card(page, "waiting")
    assert "Paused by anna since" in waiting
    assert "all of North" in waiting
    assert "SMS is stopped since" in waiting
    assert "printer" not in page
    assert "SMS is stopped since" in card(page, "health")


def test_what_a_pause_holds_back_is_counted(any_house: House) -> None:
    any_house.register()
    with any_house.store.write() as tx:
        pause(tx, Scope(clinic="north"), why=None, by="anna", now=any_house.clock.now())
    any_house.dispatch(PREPARE)
    assert "1 message waits for the pause to end" in card(seen(any_house), "waiting")


def test_when_nobody_sends_the_health_says_so(any_house: House) -> None:
    any_house.register()
    any_house.clock.move_to(after(PREPARE, minutes=20))
    assert "Nothing is sent: 1 messages are overdue" in card(seen(any_house), "health")


@pytest.mark.parametrize(("language", "word"), [("fr", "Envois à venir"), ("es", "Próximos envíos")])
def test_it_speaks_the_readers_language(any_house: House, language: str, word: str) -> None:
    any_house.register()
    visitor = signed_in(desk_app(any_house), any_house.store, Role.STAFF)
    assert word in visitor.get("/desk/", accept_language=language).text


def test_names_that_look_like_markup_are_shown_as_they_are(any_house: House) -> None:
    any_house.register(name="<script>alert(1)</script>")
    any_house.clock.move_to(after(FIRST_HOURS, hours=-1))
    page = seen(any_house)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_number_of_queries_does_not_grow(any_house: House) -> None:
    any_house.register()
    any_house.clock.move_to(after(FIRST_HOURS, hours=-1))
    visitor = signed_in(desk_app(any_house), any_house.store, Role.ADMIN, EVERY_CLINIC)
    visitor.get("/desk/")
    with statements() as few:
        visitor.get("/desk/")
    for number in range(30):
        any_house.register(name=f"Patient {number}", phone=f"+1416555{3000 + number}", email="")
    with statements() as many:
        assert "Patient 7" in visitor.get("/desk/").text
    assert len(few) == len(many)


def test_what_will_not_be_sent_is_in_no_number_and_named_with_why(any_house: House) -> None:
    any_house.register()
    any_house.register(name="Ann Alpha", email="", phone="+14165550177")
    any_house.clock.move_to(after(PREPARE, hours=-1))
    admin = signed_in(desk_app(any_house), any_house.store, Role.STAFF, "north")
    page = admin.get("/desk/").text
    patient = admin.get("/desk/patients/2").text.lower()
    assert "will not be sent; there is no email address for this patient" in patient
    going = card(page, "going")
    assert "1 today" in going
    assert "1 planned message will not be sent" in going
    assert "Ann Alpha Prepare · Email" in going
    assert "There is no email address for this patient." in going
