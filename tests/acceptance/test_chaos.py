"""Engines are killed at any instant, again and again. What counts is what the providers took: all, and each once."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from subprocess import TimeoutExpired

import pytest

from scheduler.clock import FixedClock
from tests.acceptance.conftest import Aftercare, keys
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer

PATIENTS = 80
KILLS = 10
DUE = datetime(2030, 3, 6, 18, 0, tzinfo=UTC)
"""One in the afternoon in Toronto, two hours after the visits end."""
HEADER = "Booking,Start,Client,Mobile,E-mail,Language,Service,Status,Texts OK,Emails OK,Offers OK"


@pytest.fixture
def on_postgres(aftercare: Aftercare, empty_postgres_url: str) -> Aftercare:
    aftercare.environ |= {"AFTERCARE_DATABASE_URL": empty_postgres_url, **keys()}
    aftercare.done("db", "upgrade")
    return aftercare


def test_whatever_is_killed_each_text_goes_out_once_and_none_is_lost(
    aftercare: Aftercare, live: Mapping[str, str], twilio: TwilioServer, smtp: SmtpServer
) -> None:
    play(aftercare, live, twilio, smtp, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 7))
def test_whatever_is_killed_on_sqlite(
    aftercare: Aftercare, live: Mapping[str, str], twilio: TwilioServer, smtp: SmtpServer, seed: int
) -> None:
    play(aftercare, live, twilio, smtp, seed=seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 7))
def test_whatever_is_killed_on_postgres(
    on_postgres: Aftercare, live: Mapping[str, str], twilio: TwilioServer, smtp: SmtpServer, seed: int
) -> None:
    play(on_postgres, live, twilio, smtp, seed=seed)


def play(aftercare: Aftercare, live: Mapping[str, str], twilio: TwilioServer, smtp: SmtpServer, *, seed: int) -> None:
    aftercare.environ |= live
    rows = (
        f"C-{n},2030-03-06 10:00,Patient {n} Sample,(514) 555-{1000 + n},p{n}@patients.example,en,"
        "Microneedling - Full Face,Confirmed,yes,yes,no"
        for n in range(PATIENTS)
    )
    (aftercare.folder / "export.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    aftercare.json("import", "export.csv", "--clinic", "lumiere")
    dice, now = random.Random(seed), DUE

    killed = 0
    while killed < KILLS:
        now += timedelta(seconds=70)  # past the dead engine's lease
        twilio.now = FixedClock(now).now
        killed += dispatch_and_kill(aftercare, now, twilio, smtp, dice)
        if len(twilio.taken) >= PATIENTS and len({mail.recipients for mail in smtp.delivered}) == PATIENTS:
            break
    for _ in range(8):
        now += timedelta(minutes=3)
        twilio.now = FixedClock(now).now
        aftercare.done("dispatch", "--now", now.isoformat())

    assert killed >= 2
    texts = Counter(taken.to for taken in twilio.taken)
    assert texts == {f"+1514555{1000 + n}": 1 for n in range(PATIENTS)}
    identities: dict[str, set[str]] = {}
    for mail in smtp.delivered:
        identities.setdefault(mail.recipients[0], set()).add(message_from_bytes(mail.content)["Message-ID"])
    assert set(identities) == {f"p{n}@patients.example" for n in range(PATIENTS)}
    assert {len(ids) for ids in identities.values()} == {1}


def dispatch_and_kill(
    aftercare: Aftercare, now: datetime, twilio: TwilioServer, smtp: SmtpServer, dice: random.Random
) -> int:
    """Start an engine and kill it after some more messages were taken; return 0 when it was done before."""
    enough = len(twilio.taken) + len(smtp.delivered) + dice.randrange(1, 25)
    with aftercare.start("dispatch", "--now", now.isoformat()) as engine:
        while len(twilio.taken) + len(smtp.delivered) < enough:
            try:
                engine.communicate(timeout=0.002)
            except TimeoutExpired:
                continue
            return 0
        engine.kill()
        engine.communicate()
    return 1
