"""Two treatments of one patient on one day, with the real command: what the patient reads, and through kills."""

import shutil
from collections.abc import Callable
from email import message_from_bytes, policy

import pytest

from tests.acceptance.conftest import ROOT, Aftercare
from tests.chaos.layouts import LAYOUTS
from tests.chaos.merging import play_merging

Empty = Callable[[], str]
PATIENTS = {
    "en": ("lumiere", "RF microneedling", "Microneedling and RF microneedling"),
    "fr": ("lumiere", "par radiofréquence", "Microneedling et Microneedling par radiofréquence"),
    "es": ("serena", "radiofrecuencia", "Microneedling y Microneedling con radiofrecuencia"),
}
NAMED = "\n{% if advice %}{{ treatment }}:\n\n{{ advice }}{% endif %}\n"


@pytest.fixture
def empty(request: pytest.FixtureRequest) -> Empty:
    return lambda: str(request.getfixturevalue("empty_postgres_url"))


@pytest.mark.parametrize("language", PATIENTS)
def test_a_patient_with_two_treatments_reads_one_text_and_one_email(aftercare: Aftercare, language: str) -> None:
    clinic, secret, titles = PATIENTS[language]
    templates = shutil.copytree(ROOT / "templates", aftercare.folder / "templates")
    mail = templates / language / "sun_protection" / "email.md"
    mail.write_text(mail.read_text(encoding="utf-8") + NAMED, encoding="utf-8")
    told = ("--clinic", clinic, "--name", "Sam Sample", "--email", "sam@patients.example", "--language", language)
    phone = ("--phone", "+34600000001" if clinic == "serena" else "+15145551000")
    for at, treatment in (("10:00", "microneedling"), ("11:30", "rf_microneedling")):
        aftercare.done("register", *told, *phone, "--treatment", treatment, "--at", f"2030-03-06T{at}")
    for hour in ("18:00", "20:00"):
        aftercare.done("dispatch", "--now", f"2030-03-06T{hour}:00Z")
    (text,), (letter,) = (
        sorted((aftercare.folder / "var" / "outbox").glob(f"*{way}*")) for way in ("-sms-", "-email-")
    )
    assert secret not in text.read_text(encoding="utf-8")
    read = message_from_bytes(letter.read_bytes(), policy=policy.default)
    body = read.get_body(("plain",))
    assert body
    shown = body.get_content()
    assert f"{titles}:" in shown
    lines = [line for line in shown.partition(f"{titles}:")[2].splitlines() if line.startswith("- ")]
    assert len(lines) == len(set(lines)) > 1


@pytest.mark.long
@pytest.mark.parametrize("name", ["sqlite", "postgres", "engines"])
def test_through_many_kills_each_patient_gets_one_of_the_two(name: str, empty: Empty) -> None:
    kept(name, empty, patients=200, kills=25, seed=3)


def kept(name: str, empty: Empty, *, patients: int, kills: int, seed: int) -> None:
    layout = LAYOUTS[name]
    database = empty() if layout.postgres else None
    verdict = play_merging(layout, database, patients=patients, kills=kills, seed=seed)
    assert verdict.faults == []
    assert (verdict.lost, verdict.twice, verdict.emails_twice, verdict.strangers) == (0, 0, 0, 0)
    assert verdict.kills.total() >= kills
