"""The providers, in processes of their own: what they took outlives every kill, and is what counts."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from tests.acceptance.conftest import ROOT
from tests.chaos.site import is_patients
from tests.servers.twilio import ACCOUNT_SID, AUTH_TOKEN


@dataclass
class Ledger:
    """What a provider wrote down, read as it grows."""

    file: Path
    taken: list[dict[str, Any]] = field(default_factory=list)
    _read: int = 0

    def look(self) -> int:
        """Read what is new and return how much there is."""
        with self.file.open("rb") as opened:
            opened.seek(self._read)
            whole = opened.read().rpartition(b"\n")[0]
        if whole:
            self._read += len(whole) + 1
            self.taken += [json.loads(line) for line in whole.splitlines()]
        return len(self.taken)


@dataclass(frozen=True, slots=True)
class Email:
    """What of a mail tells it from others."""

    to: str
    subject: str
    message_id: str


@dataclass
class Providers:
    """An SMS and an email provider; `environ` is how the product reaches them."""

    environ: Mapping[str, str]
    sms: Ledger
    mail: Ledger

    def look(self) -> int:
        return self.sms.look() + self.mail.look()

    def texts(self) -> list[tuple[str, str]]:
        """Every text to a patient that was taken: number and words."""
        self.sms.look()
        return [(item["to"], item["body"]) for item in self.sms.taken if is_patients(item["to"])]

    def emails(self) -> list[Email]:
        """Every mail to a patient that was taken."""
        self.mail.look()
        return [mail for mail in map(_email, self.mail.taken) if is_patients(mail.to)]


@contextmanager
def providers(folder: Path, clock: Path, *, moody: float = 0.0, delay: float = 0.0) -> Iterator[Providers]:
    """Start both; `moody` is the share of texts that are answered badly, `delay` what each takes, in seconds."""
    with ExitStack() as running:
        sms, mail = Ledger(folder / "texts.jsonl"), Ledger(folder / "mails.jsonl")
        for ledger in (sms, mail):
            ledger.file.touch()
        options = ["--clock", str(clock), "--moody", str(moody), "--delay", str(delay)]
        twilio = running.enter_context(_program("twilio", sms.file, *options))
        smtp = running.enter_context(_program("smtp", mail.file))
        live = {
            "AFTERCARE_DELIVERY": "live",
            "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
            "AFTERCARE_TWILIO_API_URL": twilio,
            "AFTERCARE_SMTP_URL": smtp,
        }
        yield Providers(live, sms, mail)


@contextmanager
def _program(name: str, record: Path, *options: str) -> Iterator[str]:
    """Yield the address that it prints first."""
    words = [sys.executable, "-m", f"tests.servers.{name}", "--port", "0", "--record", str(record), *options]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def _email(item: Mapping[str, Any]) -> Email:
    mail = message_from_bytes(base64.b64decode(item["content"]), policy=policy.default)
    return Email(item["recipients"][0], str(mail["Subject"]), str(mail["Message-ID"]))
