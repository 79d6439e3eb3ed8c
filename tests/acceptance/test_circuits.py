"""The service runs while Twilio does not know its token, until that is mended there. Nobody touches the service."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.conftest import Aftercare, keys
from tests.servers.twilio import TwilioServer

DESK = "+14165550111"
PATIENTS = 40
HEADER = "Booking,Start,Client,Mobile,E-mail,Language,Service,Status,Texts OK,Emails OK,Offers OK"
CLINIC_ALL_DAY = ('quiet_hours: {from: "20:00", to: "08:00"}\n', "")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def clinic(request: pytest.FixtureRequest, aftercare: Aftercare, live: Mapping[str, str]) -> Aftercare:
    aftercare.environ |= live
    if request.param == "postgres":
        url = request.getfixturevalue("empty_postgres_url")
        aftercare.environ |= {"AFTERCARE_DATABASE_URL": url, **keys()}
        aftercare.done("db", "upgrade")
    aftercare.done("init", ".")
    file = aftercare.folder / "config/clinics/lumiere.yaml"
    said = file.read_text(encoding="utf-8").replace(*CLINIC_ALL_DAY).replace("undo_grace: 3m", "undo_grace: 0m")
    file.write_text(said, encoding="utf-8")
    aftercare.approve()
    return aftercare


@contextmanager
def serving(aftercare: Aftercare) -> Iterator[None]:
    with aftercare.start("serve", "--port", "0") as service:
        try:
            yield
        finally:
            service.terminate()
            service.communicate(timeout=30)
    assert service.returncode == 0


def until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def register_all(aftercare: Aftercare) -> None:
    """Appointments that ended two hours ago: their first text is due."""
    starts_at = datetime.now(UTC) - timedelta(hours=3, minutes=5)
    when = f"{starts_at.astimezone(ZoneInfo('America/Toronto')):%Y-%m-%d %H:%M}"
    rows = (
        f"C-{n},{when},Patient {n} Sample,(514) 555-{1000 + n},,en,Microneedling - Full Face,Arrived,yes,no,no"
        for n in range(PATIENTS)
    )
    (aftercare.folder / "export.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    report = aftercare.json("import", "export.csv", "--clinic", "lumiere")
    assert report["totals"]["registered"] == PATIENTS


@pytest.mark.long
def test_texts_are_kept_while_the_token_is_wrong_and_go_out_once_when_it_is_right(
    clinic: Aftercare, twilio: TwilioServer
) -> None:
    right = twilio.credentials
    twilio.credentials = "changed"
    register_all(clinic)
    with serving(clinic):
        until(lambda: bool(alerts(clinic)), 30)
        assert "check TWILIO_ACCOUNT_SID and its token" in alerts(clinic)[0]["reason"]
        assert clinic.run("doctor").returncode == 1
        assert twilio.taken == []
        twilio.credentials = right
        until(lambda: len(texts(twilio)) == PATIENTS, 120)
        until(lambda: not alerts(clinic), 10)
    assert Counter(Counter(texts(twilio)).values()) == {1: PATIENTS}
    (over,) = json.loads(clinic.done("alerts", "--all", "--json"))["alerts"]
    assert over["closed_at"] > over["opened_at"]


def texts(twilio: TwilioServer) -> list[str]:
    """Where texts to patients went; whoever is on call is told of the refusal."""
    return [it.to for it in twilio.taken if it.to != DESK]


def alerts(aftercare: Aftercare) -> list[dict[str, str]]:
    found: list[dict[str, str]] = aftercare.json("alerts")["alerts"]
    return found
