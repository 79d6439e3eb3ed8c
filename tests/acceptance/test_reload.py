"""Over real processes: edited files are taken while they run, broken ones are not, and a person is told."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa

from scheduler.content.templates import digest_of
from scheduler.services.edited_files import EditedFiles, digest_of_all
from scheduler.settings import read_settings
from scheduler.store.alerts import all_alerts
from scheduler.store.database import open_store
from scheduler.store.files_in_use import files_in_use
from scheduler.store.tables import messages
from tests.acceptance.boxes import Boxes, number_of, wait_for
from tests.acceptance.conftest import ROOT, Aftercare, keys
from tests.acceptance.grounds import address_of
from tests.servers.twilio import TwilioServer
from tests.services.edits import CLINIC, PROTOCOL, TEXT, swap, write_folders

OFTEN = "0.1"
"""Seconds between two looks: most of these tests prove what a look does, not how often there is one."""


@dataclass
class Shop(Boxes):
    """An installation whose files are edited while its processes run."""

    twilio: TwilioServer
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    patients: int = 0

    @property
    def text(self) -> Path:
        return self.aftercare.folder / "templates" / "en" / "sun" / "sms.txt"

    @property
    def protocol(self) -> Path:
        return self.aftercare.folder / "config" / "protocols" / "quick.yaml"

    @contextmanager
    def open(self, *commands: str, looks: str = OFTEN) -> Iterator[None]:
        """Run these commands until the end of the block; they end in good order."""
        for command in commands:
            words = ["serve", "--port", "0"] if command == "serve" else [command]
            self.processes.append(self._launch(*words, looks=looks))
        try:
            for at, command in enumerate(commands):
                wait_for(lambda at=at, command=command: self._started(command, at))  # type: ignore[misc]  # bound as it is now
            yield
            for process in self.processes:
                process.terminate()
            assert [process.wait(60) for process in self.processes] == [0] * len(commands)
            assert not any("Traceback" in self.said(at) for at in range(len(commands)))
        finally:
            for process in self.processes:
                process.kill()
                process.wait()

    def _started(self, command: str, at: int) -> bool:
        assert self.processes[at].poll() is None, self.said(at)
        return f"{'engine' if command == 'serve' else command}.started" in self.said(at)

    def _launch(self, *words: str, looks: str) -> subprocess.Popen[bytes]:
        with self._output(len(self.processes)).open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.launch", "--looks", looks, "--", *words],
                cwd=self.aftercare.folder,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.aftercare.environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def _output(self, at: int) -> Path:
        return self.aftercare.folder / f"process-{at}"

    def said(self, at: int = 0) -> str:
        return self._output(at).read_text(encoding="utf-8")

    def is_taken(self) -> bool:
        """Whether all processes work by the files that lie there."""
        files = EditedFiles(self.aftercare.folder / "config", self.aftercare.folder / "templates")
        digest = digest_of_all(files.digests())
        with self.store.read() as tx:
            notes = files_in_use(tx, now=datetime.now(UTC))
        return len(notes) == len(self.processes) and all(it.digest == digest and not it.refused for it in notes)

    def alerts(self) -> list[tuple[str, bool]]:
        """Return the first reason of each alert about files, and whether it is open."""
        with self.store.read() as tx:
            found = [it for it in all_alerts(tx) if it.kind.value == "config"]
        return [(dict(it.reasons[0].params)["error"], it.closed_at is None) for it in found]

    def is_refused(self, where: Path) -> bool:
        return any(
            is_open and error.startswith(str(where.relative_to(self.aftercare.folder)))
            for error, is_open in self.alerts()
        )

    def send(self) -> tuple[str, str]:
        """Let one more text go out; return it, and the digest of its template that is on record."""
        self.seed(1, due_at=datetime.now(UTC), first=self.patients)
        number = number_of(self.patients)
        self.patients += 1
        wait_for(lambda: self.statuses().get("accepted") == self.patients)
        with self.store.read() as tx:
            last = sa.select(messages.c.template_digest).order_by(messages.c.id.desc()).limit(1)
            digest = str(tx.connection.execute(last).scalar_one())
        return self.twilio.sent_to(number)[0].body, digest


def made_from(text: str) -> str:
    """Return the digest on record of a first text: it ends with how to stop."""
    first = (ROOT / "templates" / "en" / "first_contact.txt").read_bytes()
    return digest_of(sha256(text.encode()).hexdigest(), sha256(first).hexdigest())


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shop(
    request: pytest.FixtureRequest, aftercare: Aftercare, live: Mapping[str, str], twilio: TwilioServer
) -> Iterator[Shop]:
    write_folders(aftercare.folder)
    (aftercare.folder / "config" / "aftercare.yaml").write_text("require_approval: false\n", encoding="utf-8")
    aftercare.environ |= {"AFTERCARE_DATA_DIR": str(aftercare.folder / "var"), **keys(), **live}
    if request.param == "postgres":
        aftercare.environ["AFTERCARE_DATABASE_URL"] = request.getfixturevalue("empty_postgres_url")
        aftercare.done("db", "upgrade")
    with open_store(read_settings(aftercare.environ)) as store:
        yield Shop(aftercare, store, twilio)


def test_a_text_that_is_edited_while_it_runs_is_in_the_next_message_and_a_broken_one_is_not(shop: Shop) -> None:
    with shop.open("serve"):
        old, digest = shop.send()
        assert old.startswith("Harbour Skin Clinic: protect")
        assert digest == made_from(TEXT)

        shop.text.write_text(f"New. {TEXT}", encoding="utf-8")
        wait_for(shop.is_taken)
        new, digest = shop.send()
        assert new == f"New. {old}"
        assert digest == made_from(f"New. {TEXT}")

        shop.text.write_text("{{ clinic.nam }}\n", encoding="utf-8")
        wait_for(lambda: shop.is_refused(shop.text))
        assert shop.send()[1] == digest
        shop.protocol.write_text(f"{PROTOCOL}stepz: []\n", encoding="utf-8")
        wait_for(lambda: shop.is_refused(shop.protocol))
        assert "quick.yaml:6:1: error: stepz" in shop.alerts()[0][0]

        shop.protocol.write_text(PROTOCOL, encoding="utf-8")
        shop.text.write_text(TEXT, encoding="utf-8")
        wait_for(shop.is_taken)
        assert shop.send()[1] == made_from(TEXT)
        assert [is_open for _, is_open in shop.alerts()] == [False]


@pytest.mark.long
def test_the_web_answers_by_edited_files_too(shop: Shop) -> None:
    with shop.open("serve"):
        service = address_of(shop.said())
        for name in ("Harbour Skin Clinic", "Lighthouse Skin Clinic"):
            clinic = CLINIC.replace("Harbour Skin Clinic", name)
            (shop.aftercare.folder / "config" / "clinics" / "harbour.yaml").write_text(clinic, encoding="utf-8")
            wait_for(shop.is_taken)
            with urllib.request.urlopen(f"{service}/healthz", timeout=30) as answer:
                assert json.load(answer) == {"status": "ok"}


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.parametrize("shop", ["postgres"], indirect=True)
def test_a_service_and_a_worker_take_edited_files_each_for_itself_and_the_alert_is_one(shop: Shop) -> None:
    with shop.open("serve", "worker", "worker"):
        wait_for(lambda: shop.count("procrastinate_workers") == 2)
        shop.send()
        shop.text.write_text(f"New. {TEXT}", encoding="utf-8")
        wait_for(shop.is_taken)
        assert shop.send()[1] == made_from(f"New. {TEXT}")
        shop.text.write_text("{% broken\n", encoding="utf-8")
        wait_for(lambda: all("config.refused" in shop.said(at) for at in range(3)))
        shop.text.write_text(TEXT, encoding="utf-8")
        wait_for(shop.is_taken)
        assert [is_open for _, is_open in shop.alerts()] == [False]


@pytest.mark.long
@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_files_that_a_link_leads_to_are_taken_when_it_leads_elsewhere_and_vanish_in_good_order(shop: Shop) -> None:
    """As Kubernetes mounts them: the folder of names leads through `..data`."""
    folder, away = shop.aftercare.folder / "templates" / "en" / "sun", shop.aftercare.folder / "away"
    for name in ("..1", "..2"):
        (folder / name).mkdir()
        (folder / name / "sms.txt").write_text(f"{name[2]}. {TEXT}", encoding="utf-8")
        os.utime(folder / name / "sms.txt", ns=(0, 0))
    (folder / "..data").symlink_to("..1")
    (folder / "sms.txt").unlink()
    (folder / "sms.txt").symlink_to("..data/sms.txt")
    with shop.open("serve"):
        assert shop.send()[0].startswith("1. ")
        swap(folder / "..data", Path("..2"))
        wait_for(shop.is_taken)
        assert shop.send()[0].startswith("2. ")
        templates = shop.aftercare.folder / "templates"
        templates.rename(away)
        wait_for(lambda: any(is_open for _, is_open in shop.alerts()))
        assert shop.send()[0].startswith("2. ")
        shutil.copytree(away, templates, symlinks=True)
        wait_for(shop.is_taken)
        assert shop.send()[0].startswith("2. ")


@pytest.mark.long
@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_of_a_thousand_edits_in_a_row_the_last_one_counts_and_messages_go_out_meanwhile(shop: Shop) -> None:
    with shop.open("serve", looks="2"):  # as it runs for its operators
        for n in range(1000):
            shop.text.write_text(f"{n}. {TEXT}"[: None if n % 2 else 9], encoding="utf-8")
            if n % 250 == 0:
                shop.send()
        wait_for(shop.is_taken)
        assert shop.send()[0].startswith("999. ")
        assert shop.alerts() == []
