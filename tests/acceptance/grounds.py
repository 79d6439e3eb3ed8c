"""The ground for faults: a service that runs by a clock that the test moves, and providers that the test scripts."""

import json
import os
import re
import signal
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.acceptance.conftest import keys
from tests.chaos.play import ENDED, TAKEN, WAVES
from tests.chaos.points import Ambush
from tests.chaos.site import Process, Row, Site, is_patients, mailbox, mobile
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import ACCOUNT_SID, AUTH_TOKEN, TwilioServer

SUN = WAVES[0]
"""The step that these tests play: a text and a mail, useful for 14 hours."""


@dataclass
class Ground:
    """`patients` are registered, and nothing is due yet."""

    site: Site
    twilio: TwilioServer
    smtp: SmtpServer
    patients: int = 0

    def prepare(self, patients: int) -> None:
        self.patients = patients
        self.site.register(patients)

    def fall_due(self) -> None:
        """Move the clock to where a text and a mail of every patient are due."""
        self.site.clock.move_to(SUN.due_at)

    @contextmanager
    def serving(
        self, at: Ambush | None = None, largest: int | None = None, inside: Sequence[str] = ()
    ) -> Iterator[Process]:
        """Run the service, and tell it to stop at the end: it does so in good order."""
        service = self.site.launch("serve", "--port", "0", at=at, largest=largest, inside=inside)
        try:
            self.until(lambda: "engine.started" in self.site.said(service))
            yield service
        except BaseException:
            service.kill()
            service.wait()
            raise
        service.send_signal(signal.SIGCONT)
        service.terminate()
        assert service.wait(60) == 0, self.site.said(service)
        assert "Traceback" not in self.site.said(service)

    def until(self, so: Callable[[], bool], *, within: float = 60.0) -> None:
        """Wait until something that another process does is so."""
        deadline = time.monotonic() + within
        while not so():
            if time.monotonic() > deadline:
                raise AssertionError(f"it did not come so within {within:.0f} s: {self.rows()}")
            time.sleep(0.01)

    def is_well(self, service: Process) -> bool:
        """Whether it is awake and says that it works."""
        try:
            with urllib.request.urlopen(f"{address_of(self.site.said(service))}/healthz", timeout=30) as answer:
                return bool(json.load(answer) == {"status": "ok"})
        except urllib.error.HTTPError as error:
            error.close()
            return False

    def last_words(self) -> list[str]:
        """Return what each process said last: why it stands still is in there."""
        return [file.read_text("utf-8", "replace")[-3000:] for file in sorted(self.site.folder.glob("process-*"))]

    def settle(self, *, within: float = 120.0) -> None:
        """Let time pass until everything that is due has come to its end."""
        ended = self.site.pass_time(lambda: all(row.status in ENDED for row in self.rows()), within=within)
        assert ended, (self.rows(), self.last_words())

    def rows(self) -> list[Row]:
        return [row for row in self.site.messages() if row.step == SUN.step]

    def texts(self) -> Counter[str]:
        return Counter(taken.to for taken in list(self.twilio.taken) if is_patients(taken.to))

    def handed_over(self) -> int:
        return len(self.twilio.taken) + len(self.smtp.delivered)

    def check(self) -> None:
        """Everything was sent: each text once, each mail under one Message-ID, and the store knows it."""
        assert self.texts() == {mobile(n): 1 for n in range(self.patients)}
        mails: dict[str, set[str]] = {}
        for mail in filter(lambda it: is_patients(it.recipients[0]), self.smtp.delivered):
            mails.setdefault(mail.recipients[0], set()).add(message_from_bytes(mail.content)["Message-ID"])
        assert {address: len(ids) for address, ids in mails.items()} == {mailbox(n): 1 for n in range(self.patients)}
        assert all(row.status in TAKEN for row in self.rows()), self.rows()


def address_of(said: str) -> str:
    """Where a service listens, from what it printed."""
    found = re.search(r"http://[\d.]+:\d+", said)
    assert found, said
    return found.group()


@pytest.fixture
def ground(tmp_path: Path, twilio: TwilioServer, smtp: SmtpServer) -> Ground:
    """On SQLite."""
    return ground_in(tmp_path, twilio, smtp)


@pytest.fixture
def postgres_ground(tmp_path: Path, twilio: TwilioServer, smtp: SmtpServer, empty_postgres_url: str) -> Ground:
    """On PostgreSQL."""
    return ground_in(tmp_path, twilio, smtp, database=empty_postgres_url)


def ground_in(folder: Path, twilio: TwilioServer, smtp: SmtpServer, *, database: str | None = None) -> Ground:
    site = Site(folder)
    site.open()
    if database:
        site.environ |= {"AFTERCARE_DATABASE_URL": database, **keys()}
        site.done("db", "upgrade")
    twilio.now = site.clock.now
    site.environ |= {
        "AFTERCARE_DELIVERY": "live",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "AFTERCARE_TWILIO_API_URL": twilio.url,
        "AFTERCARE_SMTP_URL": smtp.url,
    }
    return Ground(site, twilio, smtp)


def crowd() -> float:
    """Return how many want each processor, at least 1: what takes two seconds takes longer among many."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
