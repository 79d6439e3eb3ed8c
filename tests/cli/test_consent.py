"""`aftercare consent`: what holds and why, a word to staff, and the export of the whole ledger."""

import csv
import io
import json
import stat
from typing import Any

from tests.cli.command import SECRETS, Command

WORDS = "=cmd|' /C calc'!A0\nPlease, no more “texts”"


def revoke(aftercare: Command, *more: str) -> str:
    return aftercare.done("consent", "revoke", "1", "--words", WORDS, "--by", "Ann Roy", *more)


def allowed(aftercare: Command) -> dict[tuple[str, str], bool]:
    shown = aftercare.json("consent", "show", "1")
    return {(it["channel"], it["purpose"]): it["allowed"] for it in shown["now"]}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_it_says_what_may_be_sent_and_why(aftercare: Command) -> None:
    appointment = aftercare.register()
    revoke(aftercare, "--channel", "email")
    said = aftercare.done("consent", "show", "--appointment", str(appointment))
    assert "Nobody asked about care messages by SMS, which this clinic takes as yes." in said
    assert "The patient did not agree to care messages by email." in said
    assert "the patient told the clinic, entered by Ann Roy" in said
    assert "Please, no more" in said


def test_a_word_to_staff_counts_for_what_it_names(aftercare: Command) -> None:
    aftercare.register()
    revoke(aftercare, "--channel", "sms", "--purpose", "recall")
    assert allowed(aftercare) == {
        ("sms", "care"): True,
        ("sms", "recall"): False,
        ("sms", "marketing"): False,
        ("email", "care"): True,
        ("email", "recall"): True,
        ("email", "marketing"): False,
    }
    aftercare.done(
        *("consent", "grant", "1", "--channel", "sms", "--purpose", "recall", "--purpose", "marketing"),
        *("--words", "Yes please", "--by", "Ann Roy"),
    )
    assert allowed(aftercare)["sms", "recall"]
    assert allowed(aftercare)["sms", "marketing"]


def test_without_a_channel_or_purpose_everything_is_revoked(aftercare: Command) -> None:
    aftercare.register()
    revoke(aftercare)
    assert set(allowed(aftercare).values()) == {False}
    aftercare.register("--at", "2031-03-20T10:00")
    assert set(allowed(aftercare).values()) == {False}


def test_a_stopped_address_stays_so_until_it_is_lifted_in_so_many_words(aftercare: Command) -> None:
    aftercare.register()
    revoke(aftercare, "--channel", "sms", "--address")
    grant = ("consent", "grant", "1", "--channel", "sms", "--purpose", "care", "--words", "Yes", "--by", "Ann")
    ended = aftercare.run(*grant)
    assert ended.code == 0
    assert "--lift-stop" in ended.err
    assert not allowed(aftercare)["sms", "care"]
    assert aftercare.run(*grant, "--lift-stop").err == ""
    assert allowed(aftercare)["sms", "care"]


def test_what_names_nobody_or_nothing_is_wrong_usage(aftercare: Command) -> None:
    aftercare.register()
    words = ("--words", "x")
    assert "--appointment" in aftercare.refused("consent", "show", code=2)
    assert "--appointment" in aftercare.refused("consent", "show", "1", "--appointment", "1", code=2)
    assert "sms or email" in aftercare.refused("consent", "revoke", "1", "--channel", "webhook", *words, code=2)
    purpose = ("--address", "--purpose", "care")
    assert "every purpose" in aftercare.refused("consent", "revoke", "1", *purpose, *words, code=2)
    assert "no patient 9" in aftercare.refused("consent", "show", "9")
    assert "no patient 9" in aftercare.refused("consent", "export", "--patient", "9")
    assert "'nowhere'" in aftercare.refused("consent", "export", "--clinic", "nowhere")


def test_the_export_has_who_how_words_version_and_when(aftercare: Command) -> None:
    aftercare.register()
    revoke(aftercare, "--channel", "sms", "--address")
    found = rows(aftercare.done("consent", "export"))
    (line,) = [it for it in found if (it["source"], it["purpose"]) == ("staff", "care")]
    assert (line["record"], line["clinic"], line["patient"], line["name"]) == (
        "consent",
        "north",
        "1",
        "Zoë Lachance",
    )
    assert (line["verdict"], line["by"], line["address"]) == ("revoked", "Ann Roy", "'+14165550123")
    assert line["wording"] == f"'{WORDS}"
    assert line["at"].endswith("Z")
    (stop,) = [it for it in found if it["record"] == "stop"]
    assert (stop["verdict"], stop["source"], stop["patients"]) == ("stopped", "staff", "1")


def test_no_cell_of_the_export_is_a_formula(aftercare: Command) -> None:
    aftercare.register("--name", "=1+1")
    revoke(aftercare)
    cells = {cell for row in rows(aftercare.done("consent", "export")) for cell in row.values()}
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_json_has_the_same_and_is_read_as_one_value(aftercare: Command) -> None:
    aftercare.register()
    revoke(aftercare, "--channel", "sms", "--address")
    exported: dict[str, Any] = json.loads(aftercare.done("consent", "export", "--format", "json"))
    assert exported["exported_at"].endswith("Z")
    table = rows(aftercare.done("consent", "export"))
    assert len(exported["consents"]) + len(exported["stops"]) == len(table)
    assert {it["wording"] for it in exported["consents"] if it["source"] == "staff"} == {WORDS}
    assert list(exported["consents"][0]) == list(table[0])


def test_the_export_of_nothing_is_whole_too(aftercare: Command) -> None:
    assert rows(aftercare.done("consent", "export")) == []
    exported = json.loads(aftercare.done("consent", "export", "--format", "json"))
    assert (exported["consents"], exported["stops"]) == ([], [])


def test_it_is_narrowed_to_a_clinic_or_a_patient(aftercare: Command) -> None:
    aftercare.register()
    aftercare.register("--name", "Bob Roy", "--phone", "416-555-0177", "--email", "bob@patients.example")
    aftercare.register("--clinic", "south", "--phone", "+34600000001")
    revoke(aftercare, "--channel", "sms", "--address")
    of_two = rows(aftercare.done("consent", "export", "--patient", "2"))
    assert {(it["record"], it["patient"]) for it in of_two} == {("consent", "2")}
    of_south = rows(aftercare.done("consent", "export", "--clinic", "south"))
    assert {it["clinic"] for it in of_south} == {"south"}


def test_a_file_is_for_its_owner_only_and_none_is_overwritten(aftercare: Command) -> None:
    aftercare.register()
    file = aftercare.folder / "ledger.csv"
    said = aftercare.done("consent", "export", "--out", str(file))
    assert "6 lines and 0 stops" in said
    assert not [secret for secret in SECRETS if secret in said]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert "nothing is overwritten" in aftercare.refused("consent", "export", "--out", str(file))
    assert file.read_bytes() == before
    assert len(rows(file.read_text(encoding="utf-8"))) == 6


def test_a_failed_export_leaves_no_file(aftercare: Command) -> None:
    aftercare.register()
    file = aftercare.folder / "ledger.csv"
    aftercare.refused("consent", "export", "--patient", "9", "--out", str(file))
    assert not file.exists()
