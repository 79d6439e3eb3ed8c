"""Several boxes on one PostgreSQL: a clinic with many messages due at one instant, and the processes that send."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from subprocess import Popen

import sqlalchemy as sa

from scheduler.clock import FixedClock
from scheduler.domain.notice import MessageKind
from scheduler.protocols.loader import load
from scheduler.services.intake import Field, read_registration
from scheduler.services.registration import Registrar
from scheduler.store.database import Store
from scheduler.store.tables import messages
from tests.acceptance.conftest import ROOT, Aftercare

CLINIC = """\
name: Harbour Skin Clinic
timezone: Europe/Madrid
languages: [en]
country: CA
phone: "+14165550100"
emergency_number: "112"
sms: {messaging_service: MG0123456789abcdef0123456789abcdef}
email: {from: "Harbour <care@harbour.example>", reply_to: desk@harbour.example}
"""
PROTOCOL = """\
protocol: quick
title: {en: Quick}
duration: 1h
steps:
  - {id: sun_protection, after: 2h, channels: [sms], useful_for: 12h}
"""
INSTANCE = "volume_floor: 1000000\nbacklog_floor: 1000000\n"
PORTION = 500


@dataclass
class Boxes:
    """An installation whose processes run on real time."""

    aftercare: Aftercare
    store: Store

    def seed(self, count: int, *, due_at: datetime, first: int = 0) -> None:
        """Register patients whose only message is due at that instant."""
        configuration = load(self.aftercare.folder / "config")
        registrar = Registrar(configuration, FixedClock(due_at - timedelta(days=1)), by="test")
        clinic = configuration.clinic("harbour")
        for start in range(first, first + count, PORTION):
            numbers = range(start, min(start + PORTION, first + count))
            registrations = [read_registration(patient(n, due_at), clinic, "quick") for n in numbers]
            with self.store.write() as tx:
                book = registrar.open(tx, clinic.id, registrations)
                for registration in registrations:
                    registrar.enter(book, registration)
                book.write()

    def statuses(self) -> dict[str, int]:
        """Count the messages to patients by where they stand."""
        with self.store.read() as tx:
            counted = sa.select(messages.c.status, sa.func.count()).where(messages.c.kind == MessageKind.STEP)
            counted = counted.group_by(messages.c.status)
            return {str(status.value): count for status, count in tx.connection.execute(counted)}

    def owners(self) -> set[str]:
        """Return who handed messages over."""
        with self.store.read() as tx:
            return set(tx.connection.execute(sa.text("SELECT DISTINCT owner FROM attempts")).scalars())

    def count(self, table: str) -> int:
        with self.store.read() as tx:
            return int(tx.connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())

    @contextmanager
    def running(self, *commands: str) -> Iterator[list[Popen[str]]]:
        """Run these commands until the end of the block; whatever still runs then is killed."""
        words = [["serve", "--port", "0"] if command == "serve" else [command] for command in commands]
        processes = [self.aftercare.start(*it) for it in words]
        try:
            for process in processes:
                assert process.stderr is not None
                said = process.stderr.readline()
                assert said.startswith("Aftercare"), said
            workers = commands.count("worker")
            wait_for(lambda: not workers or self.count("procrastinate_workers") >= workers)
            yield processes
        finally:
            for process in processes:
                process.kill()
                process.communicate()


def make_boxes(aftercare: Aftercare, store: Store, url: str) -> Boxes:
    folder = aftercare.folder / "config"
    (folder / "clinics").mkdir(parents=True)
    (folder / "protocols").mkdir()
    shutil.copytree(ROOT / "templates", aftercare.folder / "templates")
    (folder / "clinics" / "harbour.yaml").write_text(CLINIC, encoding="utf-8")
    (folder / "protocols" / "quick.yaml").write_text(PROTOCOL, encoding="utf-8")
    (folder / "aftercare.yaml").write_text(INSTANCE, encoding="utf-8")
    aftercare.environ["AFTERCARE_DATABASE_URL"] = url
    aftercare.approve()
    return Boxes(aftercare, store)


def patient(n: int, due_at: datetime) -> dict[Field, str]:
    """Return what is said of a patient whose message is due at that instant."""
    starts_at = (due_at - timedelta(hours=3)).isoformat()
    return {Field.NAME: f"Patient {n} Sample", Field.PHONE: number_of(n), Field.STARTS_AT: starts_at}


def number_of(n: int) -> str:
    return f"+1514{2000000 + n:07d}"


def stop(processes: Sequence[Popen[str]]) -> list[int]:
    """Ask them to stop and return how they ended."""
    for process in processes:
        process.terminate()
    return [process.wait(timeout=40) for process in processes]


def wait_for(condition: Callable[[], bool], *, seconds: float = 40.0) -> None:
    """Wait until something holds; it fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
