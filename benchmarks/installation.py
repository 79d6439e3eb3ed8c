"""An installation of the product, as its user has one: a folder, settings in the environment, real processes."""

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchError
from benchmarks.paths import ROOT
from benchmarks.servers.twilio import ACCOUNT_SID, AUTH_TOKEN
from scheduler.content.templates import Texts
from scheduler.protocols.loader import load
from scheduler.services.approving import Approving, Signer
from scheduler.settings import Settings, read_settings

NEVER_STOPPED = {"volume_floor": 100_000_000, "backlog_floor": 100_000_000}
"""Counted as ever, but no person is asked whether a clinic's ten thousand messages in a second are right."""
CLINIC, TREATMENT, STEP = "harbour", "microneedling", "avoid_actives"


@dataclass(frozen=True)
class Installation:
    """What the product's processes are given. `at_once` is how many SMS and emails are on their way at a time."""

    folder: Path
    environ: Mapping[str, str]

    @property
    def settings(self) -> Settings:
        """The settings, for parts of the product that are measured without a process of their own."""
        return read_settings(self.environ)

    def on(self, url: str) -> "Installation":
        """Return the same over another database."""
        return replace(self, environ={**self.environ, "AFTERCARE_DATABASE_URL": url})

    def at_once(self, sms: int, emails: int = 1) -> "Installation":
        """Return the same with another number of hand-overs at a time."""
        folder = self.folder / f"config-{sms}-{emails}"
        if not folder.exists():
            write_config(folder, sms=sms, emails=emails)
        return replace(self, environ={**self.environ, "AFTERCARE_CONFIG_DIR": str(folder)})

    def start(self, *words: str, module: str = "scheduler.cli") -> subprocess.Popen[str]:
        """Start a process of the product, or of the benchmarks; its log goes to a file in the folder."""
        with (self.folder / "processes.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *words],
                cwd=self.folder,
                env=dict(self.environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def run(self, *words: str) -> str:
        """Run a command that must succeed and return what it printed."""
        process = self.start(*words)
        printed, _ = process.communicate(timeout=300)
        if process.returncode:
            log = (self.folder / "processes.log").read_text()[-1000:]
            raise BenchError(f"aftercare {' '.join(words)} ended with {process.returncode}: {log}")
        return printed

    def json(self, *words: str) -> Any:
        """Run a command that prints JSON."""
        return json.loads(self.run(*words, "--json"))


def make_installation(folder: Path, *, sms_port: int, smtp_port: int) -> Installation:
    """Make one that delivers to our own servers. It has no database yet: `on` names it."""
    names = ("AFTERCARE_SECRET_KEY", "AFTERCARE_ENCRYPTION_KEY", "AFTERCARE_LOOKUP_KEY")
    keys = {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in names}
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "AFTERCARE_DATA_DIR": str(folder / "var"),
        "AFTERCARE_TEMPLATES_DIR": str(ROOT / "templates"),
        "AFTERCARE_DELIVERY": "live",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "AFTERCARE_TWILIO_API_URL": f"http://127.0.0.1:{sms_port}",
        "AFTERCARE_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
        **keys,
    }
    return Installation(folder, environ).at_once(64)


def approve_all(config_dir: Path, templates_dir: Path) -> None:
    """Approve everything as it is: live delivery sends nothing else."""
    approving = Approving(load(config_dir), Texts(templates_dir))
    signer = Signer("Benchmark", "none", datetime(2020, 1, 1, tzinfo=UTC))
    for treatment in approving.configuration.protocols:
        approving.approve(config_dir, treatment, signer)


def write_config(folder: Path, *, sms: int, emails: int) -> None:
    """Write the shipped configuration, with the clinic of the benchmarks and so many hand-overs at a time."""
    shutil.copytree(ROOT / "config", folder)
    shutil.copy(ROOT / "benchmarks" / "given" / f"{CLINIC}.yaml", folder / "clinics")
    given = {"sms_at_once": sms, "emails_at_once": emails, **NEVER_STOPPED}
    (folder / "aftercare.yaml").write_text("".join(f"{key}: {value}\n" for key, value in given.items()))
    approve_all(folder, ROOT / "templates")
