"""An emergency stop, while the service sends: people type `aftercare pause --all`, and it stops."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.settings import read_settings
from scheduler.store.database import open_store
from scheduler.store.tables import messages
from tests.acceptance.conftest import Aftercare, keys
from tests.servers.twilio import TwilioServer
from tests.services.conftest import texts_dir
from tests.services.house import CONFIG

__all__ = ["texts_dir"]

PATIENTS = 150
AT_ONCE = 4
HEADER = "Booking,Start,Client,Mobile,Service"
IMPORT = """
import:
  columns: {external_id: Booking, starts_at: Start, name: Client, phone: Mobile, treatment: Service}
  treatments: {Peel: peel}
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.long])])
def clinic(
    request: pytest.FixtureRequest, aftercare: Aftercare, live: Mapping[str, str], texts_dir: Path
) -> Aftercare:
    """A clinic that sends day and night, four texts at a time."""
    config = aftercare.folder / "config"
    shutil.copytree(CONFIG, config)
    for name, more in (("clinics/south.yaml", IMPORT), ("aftercare.yaml", f"sms_at_once: {AT_ONCE}\n")):
        with (config / name).open("a", encoding="utf-8") as file:
            file.write(more)
    aftercare.environ |= {**live, "AFTERCARE_TEMPLATES_DIR": str(texts_dir)}
    if request.param == "postgres":
        url = request.getfixturevalue("empty_postgres_url")
        aftercare.environ |= {"AFTERCARE_DATABASE_URL": url, **keys()}
        aftercare.done("db", "upgrade")
    aftercare.approve()
    return aftercare


@pytest.mark.long
def test_what_is_stopped_while_it_goes_out_stops_within_seconds_and_goes_on_when_it_may(
    clinic: Aftercare, twilio: TwilioServer
) -> None:
    twilio.delay = 0.2
    import_all(clinic)
    with serving(clinic):
        until(lambda: len(twilio.taken) >= 2 * AT_ONCE, 20)
        assert clinic.json("pause", "--all", "--by", "Ada", "--why", "the wrong text")["result"] == "paused"
        stopped_at = len(twilio.taken)
        until(lambda: waiting(clinic) == PATIENTS - len(twilio.taken), 20)
        # What was on its way when the order was given still arrived: a portion of each batch, no more.
        assert len(twilio.taken) <= stopped_at + 2 * AT_ONCE
        assert len(twilio.taken) < PATIENTS
        twilio.delay = 0.0
        assert clinic.json("resume", "--all")["woken"] == PATIENTS - len(twilio.taken)
        until(lambda: len(twilio.taken) == PATIENTS, 40)
    assert set(Counter(taken.to for taken in twilio.taken).values()) == {1}


def import_all(clinic: Aftercare) -> None:
    """Register visits whose first text is due since a minute."""
    start = (datetime.now(UTC) - timedelta(hours=3, minutes=1)).isoformat()
    rows = (f"C-{n},{start},Ann Sample {n},+34600{100000 + n},Peel" for n in range(PATIENTS))
    (clinic.folder / "export.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    assert clinic.json("import", "export.csv", "--clinic", "south")["totals"]["registered"] == PATIENTS


def waiting(clinic: Aftercare) -> int:
    """Return how many texts wait for the pause."""
    environ = {"AFTERCARE_DATA_DIR": str(clinic.folder / "var"), **clinic.environ}
    counted = sa.select(sa.func.count()).where(messages.c.brake == "pause", messages.c.status == "scheduled")
    with open_store(read_settings(environ), create=False) as store, store.read() as tx:
        return tx.connection.execute(counted).scalar_one()


@contextmanager
def serving(clinic: Aftercare) -> Iterator[None]:
    with clinic.start("serve", "--port", "0") as service:
        try:
            yield
        finally:
            service.terminate()
            service.communicate(timeout=30)


def until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
