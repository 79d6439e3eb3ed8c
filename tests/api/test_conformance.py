"""The API does what its own document says, whatever is sent to it: schemathesis asks it thousands of times."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.paths import shipped
from scheduler.protocols.loader import load
from scheduler.web.api.allowance import Allowance
from scheduler.web.api.app import PATH
from scheduler.web.api.callers import Allowances
from scheduler.web.api.samples import NEW_APPOINTMENT
from tests.api.office import Office
from tests.api.serving import served
from tests.api.test_lists import alert, reply
from tests.repo.markdown import ROOT
from tests.services.house import House

LEFT_OUT = (
    # What the schema lets through the clinic may not have: a treatment, a patient, a date. That is 404, 409 or 422.
    "positive_data_acceptance",
)
MANY = Allowances(Allowance("key", 10_000_000), Allowance("address", 10_000_000))


def ask(house: House, folder: Path, *options: str) -> None:
    """Let schemathesis ask; fail with what it found."""
    shop = replace(house, configuration=load(shipped("config")), texts_dir=Path(shipped("templates")))
    office = Office(shop, MANY)
    assert office.program().post("/appointments", NEW_APPOINTMENT).status_code == 201
    alert(office, "lumiere", reply(office, "lumiere"))
    with served(office.app) as address:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}{PATH}/openapi.json"]
        command += ["--url", f"{address}{PATH}", "-H", f"Authorization: Bearer {office.key()}"]
        command += ["--checks", "all", "--exclude-checks", ",".join(LEFT_OUT), "--seed", "1"]
        command += ["--exclude-operation-id", "delete_key"]  # it would revoke the key that asks
        command += ["--request-timeout", "60", "--max-response-time", "60"]  # many tests share a machine
        command += ["--generation-database", "none", "--warnings", "off", *options]
        hooks = {"SCHEMATHESIS_HOOKS": "tests.api.serializers", "PYTHONPATH": str(ROOT)}
        environment = {**os.environ, **hooks, "NO_COLOR": "1"}
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2_000:]


def test_what_the_document_gives_as_examples_is_answered_as_it_says(house: House, tmp_path: Path) -> None:
    ask(house, tmp_path, "--phases", "examples", "--no-shrink")


@pytest.mark.long
def test_whatever_is_sent_is_answered_as_the_document_says(any_house: House, tmp_path: Path) -> None:
    ask(any_house, tmp_path, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "10", "--no-shrink")
