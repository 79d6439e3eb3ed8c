"""An installation that a play is made on: its folder, its clinic's patients, its processes, its database."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from tests.acceptance.conftest import ROOT, Aftercare
from tests.approved import approve_shipped
from tests.chaos.nursery import Forked, start
from tests.chaos.points import Ambush
from tests.servers.clock import SharedClock

Process = subprocess.Popen[bytes] | Forked

REGISTERED = datetime(2030, 3, 5, 15, 0, tzinfo=UTC)
"""The day before the visits."""
HEADER = "Booking,Start,Client,Mobile,E-mail,Language,Service,Status,Texts OK,Emails OK,Offers OK"
UNBRAKED = """
late_after: 12h
messages_a_day: 1000
volume_floor: 100000000
backlog_floor: 100000000
"""
"""What is killed again and again is late by hours, and no person is there to let it go on."""
IN_HAND = {"claimed", "sending"}
HALF_A_MINUTE = timedelta(seconds=30)


class Row(NamedTuple):
    """So many messages of one step, on one channel, in one status; `soonest` is when the first is tried."""

    step: str
    channel: str
    status: str
    number: int
    soonest: datetime


@dataclass
class Site(Aftercare):
    """The real command, by a clock that its processes share, with what they print kept in files."""

    clock: SharedClock = field(init=False)
    batch: int | None = None
    looks: float | None = None
    """Seconds between two looks at edited files, and at what is due; None: as in the product."""
    file: Path = field(init=False)
    """The database, on SQLite."""
    _numbers: "count[int]" = field(default_factory=count)
    _outputs: dict[int, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environ.setdefault("AFTERCARE_DATA_DIR", str(self.folder / "var"))
        self.file = self.folder / "var" / "aftercare.db"

    def open(self, *, rate: float = 1.0, at: datetime = REGISTERED, config: str = UNBRAKED) -> None:
        """Make the clock, and the configuration with `config` as what holds for the whole installation."""
        self.clock = SharedClock.make(self.folder / "clock", at=at, rate=rate)
        self.done("init", "own")
        (self.folder / "own" / "config" / "aftercare.yaml").write_text(config, encoding="utf-8")
        self.environ["AFTERCARE_CONFIG_DIR"] = str(self.folder / "own" / "config")
        self.environ["AFTERCARE_TEMPLATES_DIR"] = str(self.folder / "own" / "templates")
        approve_shipped(self.folder / "own" / "config")

    def register(self, patients: int) -> None:
        """Register so many patients of one clinic, each with a visit at the same time."""
        rows = (
            f"C-{n},2030-03-06 10:00,Patient {n} Sample,{mobile(n)},{mailbox(n)},en,"
            "Microneedling - Full Face,Confirmed,yes,yes,no"
            for n in range(patients)
        )
        (self.folder / "export.csv").write_text("\n".join([HEADER, *rows]), encoding="utf-8")
        with self.launch("import", "export.csv", "--clinic", "lumiere") as importing:
            if importing.wait(300) != 0:
                raise AssertionError(self.said(importing))

    def launch(
        self, *words: str, at: Ambush | None = None, largest: int | None = None, inside: Sequence[str] = ()
    ) -> Process:
        """Start a command; what it prints is in `said`. `inside`: words of a program that becomes this one."""
        options = ["--clock", str(self.clock.file)]
        options += ["--at", str(at)] if at else []
        options += ["--batch", str(self.batch)] if self.batch else []
        options += ["--looks", str(self.looks)] if self.looks else []
        options += ["--largest", str(largest)] if largest else []
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200", **self.environ}
        launch = [*options, "--", *words]
        with (self.folder / f"process-{next(self._numbers)}").open("wb") as output:
            process: Process
            if inside:
                command = [*inside, sys.executable, "-m", "tests.chaos.launch", *launch]
                process = subprocess.Popen(
                    command, cwd=self.folder, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
                )
            else:
                process = start(launch, folder=self.folder, environ=environ, output=output)
        self._outputs[process.pid] = Path(output.name)
        return process

    def said(self, process: Process) -> str:
        """What a process printed so far."""
        return self._outputs[process.pid].read_text(encoding="utf-8", errors="replace")

    def messages(self) -> list[Row]:
        """How many messages there are, by step, channel and status, read past the product."""
        asked = "SELECT step, channel, status, count(*), min(try_at) FROM messages GROUP BY step, channel, status"
        return [Row(row[0], row[1], row[2], row[3], _instant(row[4])) for row in self.ask(asked)]

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Read the database past the product."""
        url = self.environ.get("AFTERCARE_DATABASE_URL")
        if url is None:
            with closing(sqlite3.connect(self.file, timeout=30)) as connection:
                return connection.execute(query).fetchall()
        with psycopg.connect(url) as server:
            return server.execute(query.encode()).fetchall()

    def busy(self) -> bool:
        """Whether an engine works, or would at once: a clock that is moved now would pull a lease from under it."""
        now = self.clock.now()
        return any(
            row.status in IN_HAND or (row.status == "scheduled" and row.soonest <= now) for row in self.messages()
        )

    def pass_time(self, until: Callable[[], bool], *, within: float) -> bool:
        """Move the clock on, while nobody is at work, until something is so; False when `within` seconds passed."""
        deadline = time.monotonic() + within
        while not until():
            if time.monotonic() > deadline:
                return False
            if not self.busy():
                self.clock.move_by(HALF_A_MINUTE)
            time.sleep(0.1)
        return True


def _instant(stored: str | datetime) -> datetime:
    return datetime.fromisoformat(stored) if isinstance(stored, str) else stored


def mobile(n: int) -> str:
    return f"+1514{5551000 + n}"


def is_patients(address: str) -> bool:
    """Whether it is one of these: not of whoever is on call, who may be told of what the chaos did."""
    return address.startswith("+1514555") or address.endswith("@patients.example")


def mailbox(n: int) -> str:
    return f"p{n}@patients.example"
