"""What is looked up only at the moment of sending: address, language, consent, status, rebooking, hours, text."""

import shutil
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.clinic import QuietHours
from scheduler.domain.reasons import because
from scheduler.domain.states import Status
from scheduler.store.appointments import move_appointment, set_appointment_status
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.services.house import (
    CHECK,
    EMAIL,
    FIRST_HOURS,
    MAIL,
    NEXT_DAY,
    OFFER,
    PHONE,
    PREPARE,
    REBOOK,
    SMS,
    TIPS,
    VISIT,
    House,
    after,
)


def test_a_message_goes_to_the_number_and_in_the_language_that_the_patient_has_now(
    any_live: House, twilio: TwilioServer
) -> None:
    appointment = any_live.register(external_id="B-1", language="en")
    any_live.enter(any_live.registration(external_id="B-1", phone="+14165550199", language="fr"), follow=True)
    any_live.dispatch(FIRST_HOURS)
    (sent,) = twilio.taken
    assert sent.to == "+14165550199"
    assert sent.body == "fr first_hours for Zoë on mercredi 18 mars 2026\nReply STOP to end."
    assert any_live.message(appointment, "first_hours").language == "fr"


def test_a_patient_whose_language_the_clinic_does_not_speak_gets_the_clinics_first(
    live: House, twilio: TwilioServer
) -> None:
    live.register(language="de")
    live.dispatch(FIRST_HOURS)
    assert twilio.taken[0].body.startswith("en first_hours")


def test_a_consent_that_was_taken_back_holds_at_the_send(any_live: House, twilio: TwilioServer) -> None:
    appointment = any_live.register(external_id="B-1", consent_sms="yes")
    any_live.enter(any_live.registration(external_id="B-1", consent_sms="no"), follow=True)
    assert any_live.dispatch(FIRST_HOURS) == {"suppressed": 1, "expired": 1}
    assert twilio.taken == []
    assert "did not agree to care messages by SMS" in any_live.why(appointment, "first_hours")


def test_marketing_needs_a_consent_of_its_own(live: House, smtp: SmtpServer) -> None:
    silent, willing = live.register(), live.register(name="Ann Roy", consent_email="yes", consent_marketing="yes")
    live.dispatch(OFFER)
    assert live.statuses(silent)["offer email"] == "suppressed"
    assert "consent to marketing messages by email is not known" in live.why(silent, "offer", EMAIL)
    assert live.statuses(willing)["offer email"] == "accepted"
    assert len(smtp.delivered) == 1


@pytest.mark.parametrize("status", [AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW])
def test_nothing_is_sent_for_a_visit_that_is_off_even_if_its_messages_were_left(
    house: House, status: AppointmentStatus
) -> None:
    appointment = house.register()
    with house.store.write() as tx:
        set_appointment_status(tx, appointment, status, now=house.clock.now(), by="test")
    assert house.dispatch(PREPARE) == {"cancelled": 1}


def test_nobody_who_has_booked_again_is_invited_to_book(house: House) -> None:
    appointment = house.register()
    house.register(starts_at=after(VISIT, weeks=5).isoformat())
    ann = house.register(name="Ann Roy", email="ann@patients.example")
    house.dispatch(REBOOK)
    assert house.why(appointment, "rebook", EMAIL).endswith("the next appointment is already booked.")
    assert house.statuses(ann)["rebook email"] == "accepted"


def test_quiet_hours_that_the_clinic_set_since_hold_at_the_send(house: House) -> None:
    appointment = house.register()
    north = house.configuration.clinic("north")
    long_noon = replace(north, quiet_hours=QuietHours(time(12), time(15)))
    house.configuration = replace(house.configuration, clinics={**house.configuration.clinics, "north": long_noon})
    assert house.dispatch(FIRST_HOURS)["put_off"] == 1
    message = house.message(appointment, "first_hours")
    assert (message.status, message.try_at) == (Status.SCHEDULED, after(FIRST_HOURS, hours=2))
    assert house.why(appointment, "first_hours") == (
        "2 hours after the appointment; moved from Wed 2026-03-18 13:00 out of quiet hours; "
        "will be sent at Wed 2026-03-18 15:00."
    )
    assert house.dispatch(after(FIRST_HOURS, hours=2)) == {"sent": 1}


def test_quiet_hours_are_those_of_the_patients_own_zone(house: House) -> None:
    appointment = house.register(timezone="Asia/Tokyo")
    assert house.message(appointment, "first_hours").due_at == after(FIRST_HOURS, hours=6)  # eight in the morning
    assert house.message(appointment, "check").due_at == after(CHECK, hours=-13)


def test_a_text_that_was_edited_since_the_registration_is_the_one_that_goes_out(
    live: House, twilio: TwilioServer, tmp_path: Path
) -> None:
    live.texts_dir = shutil.copytree(live.texts_dir, tmp_path / "texts")
    live.register()
    (live.texts_dir / "en" / "first_hours" / "sms.txt").write_text("Another text", encoding="utf-8")
    live.dispatch(FIRST_HOURS)
    assert twilio.taken[0].body.splitlines()[0] == "Another text"


def test_a_text_that_can_not_be_rendered_keeps_back_its_message_and_no_other_until_it_is_mended(
    house: House, tmp_path: Path
) -> None:
    house.texts_dir = shutil.copytree(house.texts_dir, tmp_path / "texts")
    broken = house.texts_dir / "fr" / "first_hours" / "sms.txt"
    broken.write_text("Bonjour {{ patient.nickname }}", encoding="utf-8")
    zoe = house.register(language="fr")
    ann = house.register(name="Ann Roy", phone="+14165550124", email="ann@patients.example", language="en")
    counts = house.dispatch(FIRST_HOURS)
    assert (counts["sent"], counts["put_off"]) == (1, 1)
    assert house.statuses(ann)["first_hours sms"] == "accepted"
    assert house.statuses(zoe)["first_hours sms"] == "scheduled"
    assert f"the text can't be rendered: {broken}:1:" in house.why(zoe, "first_hours")
    assert "Zoë" not in house.why(zoe, "first_hours")
    assert house.dispatch(after(FIRST_HOURS, minutes=1)) == {}
    broken.write_text("Bonjour", encoding="utf-8")
    assert house.dispatch(after(FIRST_HOURS, minutes=10))["sent"] == 1
    assert house.statuses(zoe)["first_hours sms"] == "accepted"
    assert "rendered" not in house.why(zoe, "first_hours")


def test_a_clinic_that_is_gone_from_the_configuration_keeps_back_its_own_messages_only(house: House) -> None:
    north, south = house.register(treatment="laser"), house.register(clinic="south", treatment="laser")
    whole = house.configuration
    house.configuration = replace(whole, clinics={"south": whole.clinics["south"]})
    assert house.dispatch(after(VISIT, days=1, hours=1)) == {"sent": 1, "put_off": 1}
    assert house.statuses(south) == {"first_day sms": "accepted"}
    house.configuration = whole
    assert house.dispatch(after(VISIT, days=1, hours=1, minutes=10)) == {"sent": 1}
    assert house.statuses(north) == {"first_day sms": "accepted"}


def test_what_is_never_mended_expires_and_does_not_keep_an_engine_busy(house: House) -> None:
    north = house.register(treatment="laser")
    house.configuration = replace(house.configuration, clinics={})
    assert house.dispatch(after(VISIT, days=1, hours=1)) == {"put_off": 1}
    assert house.dispatch(after(VISIT, days=9)) == {"expired": 1}
    assert house.message(north, "first_day").reasons[-2] == because("clinic_gone")


def test_a_treatment_that_is_gone_from_the_files_goes_on_for_those_who_are_in_it(house: House) -> None:
    peel = house.register()
    whole = house.configuration
    house.configuration = replace(whole, protocols={"laser": whole.protocols["laser"]})
    house.dispatch(NEXT_DAY)
    assert house.statuses(peel)["next_day email"] == "accepted"


def test_an_edit_of_the_file_changes_nothing_for_those_who_are_in_it(house: House) -> None:
    appointment = house.register()
    whole = house.configuration
    peel = whole.protocols["peel"]
    steps = tuple(replace(it, template="no_such_text") for it in peel.steps if it.id == "first_hours")
    house.configuration = replace(whole, protocols={**whole.protocols, "peel": replace(peel, steps=steps)})
    house.dispatch(FIRST_HOURS)
    house.dispatch(NEXT_DAY)
    assert house.statuses(appointment)["next_day email"] == "accepted"
    assert house.message(appointment, "first_hours").status is Status.ACCEPTED


def test_a_visit_without_a_version_goes_by_the_file_and_what_is_gone_from_it_is_kept_back(house: House) -> None:
    peel, laser = house.register(), house.register(treatment="laser")
    house.forget_versions()
    whole = house.configuration
    house.configuration = replace(whole, protocols={"laser": whole.protocols["laser"]})
    assert house.dispatch(after(VISIT, days=1, hours=1))["sent"] == 1
    assert house.statuses(laser) == {"first_day sms": "accepted"}
    assert house.message(peel, "next_day").status is Status.SCHEDULED
    assert "the protocol in force has no such step" in house.why(peel, "next_day")


def test_without_a_version_a_step_taken_off_a_channel_is_kept_back_on_it(house: House) -> None:
    appointment = house.register()
    house.forget_versions()
    whole = house.configuration
    peel = whole.protocols["peel"]
    steps = tuple(replace(it, channels=(SMS,)) if it.id == "next_day" else it for it in peel.steps)
    house.configuration = replace(whole, protocols={**whole.protocols, "peel": replace(peel, steps=steps)})
    house.dispatch(NEXT_DAY)
    assert house.statuses(appointment)["next_day email"] == "scheduled"
    assert house.statuses(appointment)["next_day sms"] == "accepted"


def test_nothing_about_aftercare_goes_out_before_the_visit_whatever_its_row_says(house: House) -> None:
    appointment = house.register()
    later = after(VISIT, hours=5)
    with house.store.write() as tx:
        move_appointment(tx, appointment, starts_at=later, ends_at=None, now=house.clock.now(), by="test")
    assert house.dispatch(FIRST_HOURS)["put_off"] == 1
    assert house.message(appointment, "first_hours").try_at == later
    assert "the appointment begins at Wed 2026-03-18 15:00" in house.why(appointment, "first_hours")


def test_what_was_sent_is_on_record_with_address_and_text_sealed(live: House, twilio: TwilioServer) -> None:
    appointment = live.register()
    live.dispatch(PREPARE)
    live.dispatch(FIRST_HOURS)
    message = live.message(appointment, "first_hours")
    assert message.provider_id == twilio.taken[0].sid
    assert message.tries == 1
    raw = b"".join(path.read_bytes() for path in live.settings.data_dir.glob("aftercare.db*"))
    assert not any(secret.encode() in raw for secret in ("Lachance", PHONE[2:], MAIL, twilio.taken[0].body))
    assert live.dispatch(TIPS)["sent"] == 2
