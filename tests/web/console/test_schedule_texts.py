"""Texts as patients get them: every step, language and channel; frames that run nothing; a test to oneself."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.domain.access import EVERY_CLINIC, Role
from scheduler.domain.price import Price
from scheduler.paths import shipped
from scheduler.protocols.loader import load
from scheduler.services.text_previews import Faulty, Wanted, preview_email, preview_sms
from scheduler.store.alerts import all_alerts
from scheduler.store.outbox import Rehearsed, rehearsed
from scheduler.store.tables import messages
from scheduler.store.users import set_addresses
from tests.services.house import REGISTERED, House
from tests.web.desk import Visitor, as_session, desk_app, desk_of, make_session, make_user, signed_in

STEP = "/desk/schedules/peel/next_day"
FORM = {"clinic": "north", "language": "en", "channel": "sms"}
OWN, MAIL = "+14165550177", "ada@staff.example"


@pytest.fixture
def sample(house: House) -> House:
    """The house with the shipped clinics, protocols and texts."""
    house.configuration, house.texts_dir = load(shipped("config")), Path(shipped("templates"))
    return house


def operator(house: House, *, phone: str | None = OWN, email: str | None = MAIL) -> Visitor:
    """Return the browser of an operator of north whose account has these addresses."""
    user = make_user(house.store, "", Role.OPERATOR, "north")
    with house.store.write() as tx:
        set_addresses(tx, user, phone=phone, email=email)
    return as_session(desk_app(house), make_session(house.store, user))


def outbox(house: House) -> tuple[Rehearsed, ...]:
    with house.store.read() as tx:
        return rehearsed(tx, limit=10)


def test_every_text_of_every_step_is_there_in_every_language_and_clinic(sample: House) -> None:
    desk, shown = desk_of(sample), 0
    for clinic in sample.configuration.clinics.values():
        for treatment, protocol in sample.configuration.protocols.items():
            for step in protocol.steps:
                for language in clinic.languages:
                    wanted = Wanted(step.id, clinic.id, language, treatment)
                    found = [by(desk, wanted) for by in (preview_sms, preview_email)]
                    assert not [it for it in found if isinstance(it, Faulty)], wanted
                    shown += 1
    assert shown == sum(len(it.steps) for it in sample.configuration.protocols.values()) * 4


def test_every_step_of_a_protocol_has_a_page_in_every_language_of_a_clinic(sample: House) -> None:
    visitor = signed_in(desk_app(sample), sample.store, Role.VIEWER, EVERY_CLINIC)
    for step in sample.configuration.protocols["microneedling"].steps:
        for language in ("fr", "en"):
            page = visitor.get(f"/desk/schedules/microneedling/{step.id}?clinic=lumiere&language={language}")
            assert page.status_code == 200
            assert f'<div lang="{language}">' in page.text or f'<strong lang="{language}">' in page.text
            assert "This text can" not in page.text


def test_answers_and_alerts_are_shown_in_every_language(sample: House) -> None:
    visitor = signed_in(desk_app(sample), sample.store, Role.VIEWER, EVERY_CLINIC)
    for clinic in sample.configuration.clinics.values():
        for language in clinic.languages:
            page = visitor.get(f"/desk/schedules/other-texts?clinic={clinic.id}&language={language}")
            assert page.status_code == 200
            assert page.text.count('class="phone"') >= 12
            assert page.text.count("<iframe") == 3


def test_an_email_is_shown_in_a_frame_that_runs_and_loads_nothing(sample: House) -> None:
    visitor = signed_in(desk_app(sample), sample.store, Role.VIEWER, EVERY_CLINIC)
    path = "/desk/schedules/microneedling/redness_check"
    page = visitor.get(f"{path}?clinic=lumiere&language=fr")
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    assert '/redness_check/email?clinic=lumiere&amp;language=fr" sandbox title=' in page.text
    frame = visitor.get(f"{path}/email?clinic=lumiere&language=fr")
    policy = frame.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'self'", "sandbox", "form-action 'none'"} <= set(policy)
    assert not [rule for rule in policy if rule.startswith("script-src")]
    assert frame.headers["x-frame-options"] == "SAMEORIGIN"
    assert frame.headers["cache-control"] == "no-store"
    assert frame.text.startswith("<!DOCTYPE html>")


def test_no_other_page_may_be_framed_and_no_page_without_an_email_frames(sample: House) -> None:
    visitor = signed_in(desk_app(sample), sample.store, Role.VIEWER, EVERY_CLINIC)
    policy = visitor.get("/desk/schedules").headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "frame-src" not in policy


def test_a_clinic_with_markup_in_its_name_does_nothing_in_an_email(house: House) -> None:
    known = house.configuration
    evil = replace(known.clinics["north"], name="<script>alert(1)</script>")
    house.configuration = replace(known, clinics={**known.clinics, "north": evil})
    visitor = signed_in(desk_app(house), house.store, Role.VIEWER)
    for path in (STEP, f"{STEP}/email?clinic=north&language=en"):
        assert "<script>alert" not in visitor.get(path).text


def test_an_sms_shows_its_segments_its_alphabet_and_its_price(house: House) -> None:
    known = house.configuration
    place = known.clinics["north"]
    assert place.sms
    dear = replace(place, name="Ω" * 80, sms=replace(place.sms, price=Price(Decimal("0.0079"), "USD")))
    house.configuration = replace(known, clinics={**known.clinics, "north": dear})
    folder = house.texts_dir.parent / "dear"
    text = folder / "en" / "next_day" / "sms.txt"
    if not text.exists():
        text.parent.mkdir(parents=True)
    text.write_text("{{ clinic.name }}: Привет\n", encoding="utf-8")
    (folder / "en" / "first_contact.txt").write_text("Reply STOP to end.\n", encoding="utf-8")
    house.texts_dir = folder
    page = signed_in(desk_app(house), house.store, Role.VIEWER).get(f"{STEP}?language=en").text
    assert "Segment 1</span>" in page
    assert "Segment 2</span>" in page
    assert "UCS-2" in page
    assert "$0.02" in page
    assert "This text can&#39;t be written" in page, "there is no email"


def test_a_test_goes_to_ones_own_phone_through_the_outbox(any_house: House) -> None:
    visitor = operator(any_house)
    done = visitor.post(f"{STEP}/test", FORM)
    assert done.status_code == 303
    assert visitor.get(done.headers["location"]).text.count("It is on its way to you.") == 1
    any_house.dispatch(REGISTERED)
    (kept,) = outbox(any_house)
    assert kept.channel == "sms"
    with any_house.store.read() as tx:
        row = tx.connection.execute(sa.select(messages)).one()
    assert row.origin.startswith("test/")
    assert (row.clinic, row.patient_id, row.appointment_id) == ("north", None, None)


def test_a_test_by_email_is_the_email_that_a_patient_would_get(any_house: House) -> None:
    visitor = operator(any_house)
    assert visitor.post(f"{STEP}/test", {**FORM, "channel": "email"}).status_code == 303
    any_house.dispatch(REGISTERED)
    (file,) = any_house.settings.outbox_dir.glob("*.eml")
    letter = file.read_text(encoding="utf-8")
    assert f"To: {MAIL}" in letter
    assert "Subject: en next_day" in letter
    assert "text/html" in letter


def test_without_an_address_of_ones_own_nothing_goes_out_and_the_page_says_where_to_add_it(house: House) -> None:
    visitor = operator(house, phone=None)
    assert "Your account has no phone number." in visitor.get(STEP).text
    refused = visitor.post(f"{STEP}/test", {**FORM, "to": "+14165550100"})
    assert refused.status_code == 409
    assert "Your account has no phone number. Add it on the page of your account" in refused.text
    assert house.dispatch(REGISTERED) == {}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.STAFF])
def test_only_who_may_operate_sends_tests(house: House, role: Role) -> None:
    visitor = signed_in(desk_app(house), house.store, role)
    assert "Send it to yourself" not in visitor.get(STEP).text
    assert visitor.post(f"{STEP}/test", FORM).status_code == 403


def test_an_operator_of_another_clinic_sends_none_here(house: House) -> None:
    visitor = operator(house)
    assert visitor.post(f"{STEP}/test", {**FORM, "clinic": "south"}).status_code == 404


def test_many_tests_at_once_are_refused(house: House) -> None:
    visitor = operator(house)
    answers = [visitor.post(f"{STEP}/test", FORM).status_code for _ in range(8)]
    assert answers == [303] * 6 + [429] * 2


def test_a_test_that_did_not_go_out_alerts_nobody(house: House) -> None:
    visitor = operator(house)
    visitor.post(f"{STEP}/test", FORM)
    assert house.dispatch(REGISTERED + timedelta(hours=1)).get("expired") == 1
    with house.store.read() as tx:
        assert not all_alerts(tx)
