"""Does what the guide to the API shows: its curl commands, and its Python."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.domain.access import Permission
from scheduler.paths import shipped
from scheduler.protocols.loader import load
from scheduler.web.api.app import PATH
from tests.api.office import Office
from tests.api.serving import served
from tests.repo.markdown import ROOT, fenced
from tests.services.house import House

PAGE = (ROOT / "docs/how-to/use-the-api.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return [block.text for block in fenced(PAGE) if block.language == language]


@pytest.fixture
def lumiere(house: House) -> Office:
    """The API of the shipped clinics."""
    return Office(replace(house, configuration=load(shipped("config")), texts_dir=Path(shipped("templates"))))


def run(office: Office, command: list[str]) -> str:
    key = office.key(Permission.READ, Permission.BOOK, clinic="lumiere")
    with served(office.app) as address:
        environment = {**os.environ, "AFTERCARE": address + PATH, "KEY": key}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_what_the_guide_does_with_curl_is_answered(lumiere: Office) -> None:
    assert len(blocks("bash")) == 7
    said = run(lumiere, ["/bin/bash", "-ec", "\n".join(f"{text}\necho" for text in blocks("bash"))])
    *_, told, guessed, heading, deliveries = [it for it in said.splitlines() if it]
    told, guessed, deliveries = map(json.loads, (told, guessed, deliveries))
    assert {it["field"] for it in guessed["columns"]} >= {"starts_at", "name", "phone"}
    assert heading.startswith('"message","clinic"')
    assert (told["external_id"], told["status"], told["starts_at"]) == ("B-1042", "cancelled", "2030-03-06T20:30:00Z")
    assert {it["channel"] for it in deliveries["days"]} == {"sms", "email"}


def test_what_the_guide_does_with_python_prints_what_came_of_it(lumiere: Office) -> None:
    (program,) = blocks("python")
    first, second, third = run(lumiere, [sys.executable, "-c", program]).splitlines()
    assert first.startswith("1 ")
    assert second.endswith("messages are planned")
    assert int(second.split()[0]) > 5
    assert third == "urn:problem-type:aftercare:invalid ['/starts_at']"
