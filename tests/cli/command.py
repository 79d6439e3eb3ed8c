"""Runs the command line in this process, as a shell would: words, environment, folder, exit code, two streams."""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scheduler.cli import main
from tests.approved import approve_all


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Command:
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    @property
    def database(self) -> Path:
        return self.folder / "var" / "aftercare.db"

    def set(self, **environ: str) -> None:
        for name, value in environ.items():
            self.monkeypatch.setenv(name, value)

    def unset(self, *names: str) -> None:
        for name in names:
            self.monkeypatch.delenv(name)

    def approve(self) -> None:
        """Approve all that would be sent, in a copy of the configuration."""
        config = Path(shutil.copytree(os.environ["AFTERCARE_CONFIG_DIR"], self.folder / "config"))
        approve_all(config, Path(os.environ["AFTERCARE_TEMPLATES_DIR"]))
        self.set(AFTERCARE_CONFIG_DIR=str(config))

    def run(self, *words: str) -> Ended:
        self.capture.readouterr()
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["aftercare", *words])
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = self.capture.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in err
        return Ended(ended.value.code, out, err)

    def done(self, *words: str) -> str:
        """Run a command that must succeed; return what it printed."""
        ended = self.run(*words)
        assert ended.code == 0, ended
        return ended.out

    def json(self, *words: str) -> Any:
        return json.loads(self.done(*words, "--json"))

    def refused(self, *words: str, code: int = 1) -> str:
        """Run a command that must fail; return its one line on standard error."""
        ended = self.run(*words)
        assert ended.code == code, ended
        assert ended.err.startswith("error: ")
        assert ended.err.count("\n") == 1, ended.err
        return ended.err.removeprefix("error: ").rstrip("\n")

    def register(self, *more: str) -> int:
        """Register Zoë with further options; return the appointment."""
        return int(self.json("register", *REGISTER, *more)["appointment"])


REGISTER = (
    *("--clinic", "north", "--treatment", "peel", "--name", "Zoë Lachance", "--phone", "416-555-0123"),
    *("--email", "zoe@patients.example", "--at", "2030-03-20T10:00"),
)
SECRETS = ("Zoë", "Lachance", "5550123", "555-0123", "zoe@patients")
