"""The doctor names what is wrong, and how to mend it, and changes nothing."""

import asyncio
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.clock import FixedClock
from scheduler.errors import SettingsError
from scheduler.protocols.loader import load
from scheduler.services.callbacks import INBOUND_PATH
from scheduler.services.doctor import Doctor
from scheduler.services.finding import Finding, Health
from scheduler.services.on_call import refuse_unsigned
from scheduler.settings import Delivery, Settings
from tests.servers.signing import encoded
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer
from tests.servers.webhook import SECRET
from tests.services.conftest import live_settings
from tests.services.house import CONFIG, FIRST_HOURS, REGISTERED, House, after
from tests.services.reports import PUBLIC, callbacks
from tests.services.texting import Text


@pytest.fixture
def settings(sqlite_settings: Settings, texts_dir: Path) -> Settings:
    return replace(sqlite_settings, config_dir=CONFIG, templates_dir=texts_dir)


def examine(settings: Settings, at: FixedClock | None = None) -> dict[str, Finding]:
    findings = asyncio.run(Doctor(settings, at or FixedClock(REGISTERED)).examine())
    found = {it.part: it for it in findings}
    assert len(found) == len(findings)
    assert all(it.remedy or it.health is Health.WELL or it.part == "database" for it in findings)
    return found


def test_a_rehearsing_installation_in_order_is_well_all_over(settings: Settings) -> None:
    found = examine(settings)
    parts = "delivery", "config", "approval", "on call", "links", "webhooks", "database", "clock", "backlog", "disk"
    assert {part: it.health for part, it in found.items()} == dict.fromkeys(parts, Health.WELL)
    assert found["delivery"].message == "rehearsal: nothing leaves this machine"


def test_a_new_installation_has_no_database_yet_and_the_doctor_makes_none(settings: Settings, tmp_path: Path) -> None:
    data = tmp_path / "var"
    found = examine(replace(settings, database_url=f"sqlite:///{data}/aftercare.db", data_dir=data))
    assert (found["database"].health, found["database"].message) == (Health.WARNING, "there is none yet")
    assert not data.exists()


def test_a_database_that_can_not_be_used_is_wrong_and_says_why(settings: Settings) -> None:
    (settings.data_dir / "aftercare.db").write_text("Dear diary, " * 100)
    found = examine(settings)
    assert found["database"].health is Health.WRONG
    assert "is not a database" in found["database"].message


def test_live_delivery_without_credentials_names_them_all(settings: Settings) -> None:
    found = examine(replace(settings, delivery=Delivery.LIVE))
    assert found["delivery"].health is Health.WRONG
    assert found["delivery"].message == (
        "live, but not set: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, AFTERCARE_SMTP_URL"
    )


def test_live_delivery_is_tried_out_without_sending_anything(
    settings: Settings, twilio: TwilioServer, smtp: SmtpServer
) -> None:
    found = examine(live_settings(settings, twilio, smtp))
    assert (found["Twilio"].health, found["SMTP"].health) == (Health.WELL, Health.WELL)
    assert (twilio.taken, smtp.delivered) == ([], [])


def test_wrong_credentials_and_a_server_that_is_away_are_told_apart_from_each_other(
    settings: Settings, twilio: TwilioServer, smtp: SmtpServer
) -> None:
    wrong = replace(live_settings(settings, twilio, smtp), twilio_auth_token="guess", smtp_url="smtp://127.0.0.1:1")
    found = examine(wrong)
    assert found["Twilio"].health is found["SMTP"].health is Health.WRONG
    assert "TWILIO_ACCOUNT_SID" in found["Twilio"].message
    assert "guess" not in found["Twilio"].message


def test_errors_of_the_config_are_counted_and_the_command_that_shows_them_is_named(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "config" / "clinics").mkdir(parents=True)
    found = examine(replace(settings, config_dir=tmp_path / "config"))
    assert found["config"].health is Health.WRONG
    assert found["config"].remedy == "see them with `aftercare check`"


def test_messages_that_nobody_sends_are_told(settings: Settings, house: House) -> None:
    house.register(treatment="laser")
    due = after(FIRST_HOURS, hours=21)
    assert examine(settings, FixedClock(due))["backlog"].health is Health.WELL
    backlog = examine(settings, FixedClock(due + timedelta(minutes=6)))["backlog"]
    assert (backlog.health, backlog.message) == (Health.WARNING, "due and not sent: 1 message")


def test_a_clock_that_is_behind_its_own_records_is_wrong(settings: Settings, house: House) -> None:
    house.register()
    behind = examine(settings, FixedClock(REGISTERED - timedelta(minutes=2)))["clock"]
    assert behind.health is Health.WARNING  # a rehearsal may have moved it; live it would be wrong
    assert "the newest record is of 2026-03-10 15:00 UTC" in behind.message


def test_no_finding_holds_a_password_or_patient_data(settings: Settings, house: House) -> None:
    house.register()
    said = " ".join(it.message + it.remedy for it in examine(replace(settings, delivery=Delivery.LIVE)).values())
    assert not any(secret in said for secret in ("Zo", "555", "zoe@"))


def test_it_says_who_is_on_call_and_how_links_look_to_them(settings: Settings) -> None:
    found = examine(settings)
    assert found["on call"].message == "north: Desk; south: Desk"
    assert found["links"].message == "messages lead to http://127.0.0.1:8000"


def test_a_step_that_asks_while_nobody_is_on_call_is_wrong(settings: Settings, tmp_path: Path) -> None:
    config = shutil.copytree(CONFIG, tmp_path / "config")
    clinic = config / "clinics" / "north.yaml"
    clinic.write_text("".join(line for line in clinic.read_text().splitlines(True) if "on_call" not in line))
    found = examine(replace(settings, config_dir=config))
    assert found["on call"].health is Health.WRONG
    assert found["on call"].message.startswith("north.yaml: on_call names nobody, but step check of needling asks")


def test_links_that_only_this_machine_can_open_are_told_when_it_is_live(
    settings: Settings, twilio: TwilioServer, smtp: SmtpServer
) -> None:
    live = live_settings(settings, twilio, smtp)
    assert "only this machine" in examine(live)["links"].message
    assert "in the clear" in examine(replace(live, public_url="http://care.example.com"))["links"].message
    assert examine(replace(live, public_url="https://care.example.com"))["links"].health is Health.WELL


def test_it_names_the_addresses_to_enter_at_twilio(
    settings: Settings, twilio: TwilioServer, smtp: SmtpServer
) -> None:
    live = replace(live_settings(settings, twilio, smtp), public_url="https://care.example.com")
    found = examine(live)["webhooks"]
    assert found.health is Health.WELL
    assert "https://care.example.com/webhooks/twilio/inbound (enter it there)" in found.message
    assert "https://care.example.com/webhooks/twilio/status" in found.message
    clear = examine(replace(live, public_url="http://care.example.com"))["webhooks"]
    assert clear.health is Health.WARNING
    assert "https" in clear.remedy


def test_a_call_of_twilio_that_was_refused_is_told_with_the_address_expected_until_one_is_taken(
    settings: Settings, house: House
) -> None:
    text = Text("fine")
    callbacks(house).check_inbound("x=1", text.headers(base="https://wrong.example"), encoded(text.form))
    callbacks(house).keep_refused()  # of another process, which refused none
    assert "refused" not in examine(settings)
    refusing = callbacks(house)
    refusing.check_inbound("x=1", text.headers(base="https://wrong.example"), encoded(text.form))
    refusing.keep_refused()
    found = examine(settings)["refused"]
    assert found.health is Health.WARNING
    assert found.message.endswith(f"(checked against {PUBLIC}{INBOUND_PATH})")
    assert "AFTERCARE_PUBLIC_URL" in found.remedy
    house.clock.move_to(after(house.clock.now(), minutes=5))
    text.store(house)
    assert "refused" not in examine(settings)


def test_a_webhook_that_nothing_could_sign_is_wrong_when_it_is_live(
    settings: Settings, tmp_path: Path, twilio: TwilioServer, smtp: SmtpServer
) -> None:
    config = shutil.copytree(CONFIG, tmp_path / "config")
    with (config / "aftercare.yaml").open("a") as file:
        file.write("on_call: [{name: Pager, webhook: 'https://pager.example/aftercare?key=of-the-clinic'}]\n")
    live = replace(live_settings(settings, twilio, smtp), config_dir=config, webhook_secret=None)
    found = examine(live)["on call"]
    assert found.health is Health.WRONG
    assert "AFTERCARE_WEBHOOK_SECRET" in found.message
    assert "of-the-clinic" not in str(found)
    with pytest.raises(SettingsError, match="AFTERCARE_WEBHOOK_SECRET is not set"):
        refuse_unsigned(live, load(config))
    refuse_unsigned(settings, load(config))  # a rehearsal calls nobody
    assert examine(replace(live, webhook_secret=SECRET))["on call"].health is Health.WELL
