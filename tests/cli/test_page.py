"""`aftercare page`: the link to a patient's own page, and the end of all of them."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduler.services.links import Links, PageClaim
from scheduler.settings import read_settings
from scheduler.store.database import open_store
from tests.cli.command import Command
from tests.postgres import TEST_KEYS


def claim(aftercare: Command, url: str) -> PageClaim:
    settings = read_settings({"AFTERCARE_DATA_DIR": str(aftercare.folder / "var"), **TEST_KEYS})
    with open_store(settings) as store:
        found = Links("", store.vault).read_page(url.rpartition("/")[2], now=datetime(2030, 1, 1, tzinfo=UTC))
    assert isinstance(found, PageClaim)
    return found


def test_it_prints_a_link_that_holds_until_sixty_days_after_the_visit(aftercare: Command) -> None:
    aftercare.set(AFTERCARE_PUBLIC_URL="https://care.example.com")
    number = str(aftercare.register())
    starts_at = aftercare.json("timeline", number)["starts_at"]
    given = aftercare.json("page", number)
    found = claim(aftercare, given["url"])
    assert given["url"].startswith("https://care.example.com/p/")
    assert found.appointment_id == given["appointment"] == int(number)
    assert found.expires_at == datetime.fromisoformat(starts_at) + timedelta(days=60)
    assert given["expires_at"] == found.expires_at.isoformat().replace("+00:00", "Z")
    assert aftercare.done("page", number).splitlines()[0] == given["url"]


def test_revoking_makes_every_link_before_it_another_one(aftercare: Command) -> None:
    number = str(aftercare.register())
    old = claim(aftercare, aftercare.json("page", number)["url"])
    assert aftercare.json("page", number, "--revoke") == {"appointment": 1, "patient": 1, "revoked": True}
    assert "is closed" in aftercare.done("page", number, "--revoke")
    assert claim(aftercare, aftercare.json("page", number)["url"]).epoch == old.epoch + 2


def test_who_revoked_and_when_stands_in_the_timeline(aftercare: Command) -> None:
    number = str(aftercare.register())
    aftercare.done("page", number, "--revoke", "--by", "Ann Roy")
    history = aftercare.json("timeline", number)["history"]
    assert [(it["cause"], it["by"]) for it in history][-1] == ("links_revoked", "Ann Roy")
    assert "every link to the patient's pages closed by Ann Roy" in aftercare.done("timeline", number)


@pytest.mark.parametrize("options", [[], ["--revoke"]])
def test_an_appointment_that_is_not_there_is_said_so(aftercare: Command, options: list[str]) -> None:
    aftercare.register()
    assert "there is no appointment 99" in aftercare.refused("page", "99", *options)


def test_the_page_of_a_visit_long_past_is_closed(aftercare: Command) -> None:
    number = str(aftercare.register("--at", "2020-03-18T10:00"))
    assert "closed on 2020-05-17" in aftercare.refused("page", number)
