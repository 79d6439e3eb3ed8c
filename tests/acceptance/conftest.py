import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.inside import can_run_inside, run_inside
from tests.approved import approve_all, approve_shipped
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import ACCOUNT_SID, AUTH_TOKEN, TwilioServer

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Aftercare:
    """The real command, run in a folder of its own, with nothing of this process's environment but the path."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def approve(self) -> None:
        """Approve all of the folder's configuration, which is a copy of the shipped one where it has none."""
        config = Path(self.environ.get("AFTERCARE_CONFIG_DIR", self.folder / "config"))
        if not config.exists():
            approve_shipped(Path(shutil.copytree(ROOT / "config", config)))
            return
        own = self.folder / "templates"
        approve_all(
            config, Path(self.environ.get("AFTERCARE_TEMPLATES_DIR", own if own.exists() else ROOT / own.name))
        )

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command inside this process, where that can be: see `inside`."""
        if not can_run_inside():
            return self.apart(*words, **more)
        return run_inside(words, self.folder, self._environ(more))

    def apart(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "scheduler.cli", *words],
            cwd=self.folder,
            env=self._environ(more),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _environ(self, more: Mapping[str, str]) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200", **self.environ, **more}

    def done(self, *words: str, **more: str) -> str:
        """Run a command that must succeed; return what it printed."""
        ended = self.run(*words, **more)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.done(*words, "--json"))

    def refused(self, *words: str, **more: str) -> str:
        """Run a command that must be refused; return its one line on standard error."""
        ended = self.run(*words, **more)
        lines = ended.stderr.strip().splitlines()
        assert ended.returncode == 1, ended.stdout + ended.stderr
        assert len(lines) == 1, ended.stderr
        assert "Traceback" not in ended.stderr
        return lines[0]

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "scheduler.cli", *words],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.environ, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def keys() -> dict[str, str]:
    """Fresh keys, as an installation on PostgreSQL must be given."""
    names = ("AFTERCARE_SECRET_KEY", "AFTERCARE_ENCRYPTION_KEY", "AFTERCARE_LOOKUP_KEY")
    return {name: base64.b64encode(os.urandom(32)).decode() for name in names}


@pytest.fixture
def aftercare(tmp_path: Path) -> Aftercare:
    return Aftercare(tmp_path)


@pytest.fixture
def live(twilio: TwilioServer, smtp: SmtpServer) -> Mapping[str, str]:
    """The environment of live delivery to servers on loopback."""
    return {
        "AFTERCARE_DELIVERY": "live",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "AFTERCARE_TWILIO_API_URL": twilio.url,
        "AFTERCARE_SMTP_URL": smtp.url,
    }
