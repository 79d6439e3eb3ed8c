import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.content.check import check_templates
from scheduler.domain.clinic import SmsSender
from scheduler.paths import shipped
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.loader import load
from scheduler.protocols.problems import Problem

CONFIGURATION = load(shipped("config"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(shipped("templates"), tmp_path / "templates")
    monkeypatch.chdir(tmp_path)
    return Path("templates")


def _write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


def _one(folder: Path, configuration: Configuration = CONFIGURATION) -> str:
    problems = check_templates(folder, configuration)
    assert [type(problem) for problem in problems] == [Problem]
    return str(problems[0])


def test_a_missing_text_is_named_with_the_step_that_needs_it(folder: Path) -> None:
    (folder / "es/prepare/email.md").unlink()
    assert _one(folder) == (
        "templates/es/prepare/email.md:1:1: error: prepare: there is no such text "
        "(write it, or let the step leave this channel out)"
    )


def test_an_unknown_value_is_named_with_its_line_and_the_nearest_one(folder: Path) -> None:
    _write(folder, "fr/week_check/sms.txt", "{{ clinic.name }}\n{{ clinic.phone }} {{ clinic.emergency_numbr }}\n")
    assert _one(folder) == (
        "templates/fr/week_check/sms.txt:2:23: error: there is no clinic.emergency_numbr "
        "(did you mean clinic.emergency_number?)"
    )


def test_a_loop_is_refused(folder: Path) -> None:
    _write(folder, "en/footer.md", "{% for x in y %}x{% endfor %}\n")
    assert _one(folder) == (
        "templates/en/footer.md:1:1: error: loops are not part of message templates (write the lines out)"
    )


def test_all_faults_of_a_file_are_found_at_once_and_each_once(folder: Path) -> None:
    _write(folder, "fr/week_check/sms.txt", "{{ a }}\n{{ b() }}\n")
    assert [problem.line for problem in check_templates(folder, CONFIGURATION)] == [1, 2]


@pytest.mark.parametrize("missing", ["clinic.phone", "clinic.emergency_number"])
def test_a_check_without_a_number_to_call_is_refused(folder: Path, missing: str) -> None:
    file = "fr/week_check/sms.txt"
    _write(folder, file, (folder / file).read_text(encoding="utf-8").replace(f"{{{{ {missing} }}}}", ""))
    assert _one(folder) == (
        f"templates/{file}:1:1: error: lumiere.microneedling.week_check: this check does not say {missing}, and a "
        f"patient in trouble needs it (write {{{{ {missing} }}}} outside every {{% if %}})"
    )


def test_an_sms_that_names_the_treatment_is_refused_where_the_clinic_does_not_allow_it(folder: Path) -> None:
    _write(folder, "fr/next_session/sms.txt", "{{ clinic.name }}: votre MICRONEEDLING. {{ clinic.phone }}")
    assert [problem.code for problem in check_templates(folder, CONFIGURATION)] == ["named-treatment"]
    lumiere = replace(CONFIGURATION.clinics["lumiere"], sms_may_name_treatment=True)
    open_minded = replace(CONFIGURATION, clinics={**CONFIGURATION.clinics, "lumiere": lumiere})
    assert check_templates(folder, open_minded) == ()


def test_a_value_that_a_clinic_lacks_is_named_with_the_clinic(folder: Path) -> None:
    _write(folder, "es/next_session/sms.txt", "{{ clinic.name }}: {{ clinic.booking_url }}")
    serena = replace(CONFIGURATION.clinics["serena"], booking_url=None)
    found = check_templates(folder, replace(CONFIGURATION, clinics={"serena": serena}))
    assert str(found[0]) == (
        "templates/es/next_session/sms.txt:1:23: error: serena.microneedling.next_session: clinic.booking_url has no "
        "value here: write {% if clinic.booking_url %}…{% endif %} around it"
    )


def test_a_value_that_only_some_messages_have_is_named(folder: Path) -> None:
    file = "fr/week_check/email.md"
    text = (folder / file).read_text(encoding="utf-8")
    _write(
        folder,
        file,
        text.replace("{% if page_url %}", "", 1).replace("{% else %}", "", 1).replace("{% endif %}", "", 1),
    )
    assert _one(folder) == (
        f"templates/{file}:18:30: error: lumiere.microneedling.week_check: page_url has no value here: "
        "write {% if page_url %}…{% endif %} around it"
    )


@pytest.mark.parametrize("name", ["answer_urgent/sms.txt", "alert_fault/email.md", "alert_reply/sms.txt"])
def test_a_missing_answer_or_alert_is_named(folder: Path, name: str) -> None:
    (folder / "es" / name).unlink()
    assert _one(folder) == (
        f"templates/es/{name}:1:1: error: {name.partition('/')[0]}: there is no such text "
        "(copy it from a new folder: `aftercare init DIR`)"
    )


def test_an_answer_without_the_clinics_phone_is_refused(folder: Path) -> None:
    _write(folder, "fr/answer_fine/sms.txt", "{{ clinic.name }} : merci.")
    assert _one(folder) == (
        "templates/fr/answer_fine/sms.txt:1:1: error: lumiere.answer_fine: this answer does not say clinic.phone, "
        "and a patient in trouble needs it (write {{ clinic.phone }} outside every {% if %})"
    )


def test_an_urgent_answer_without_the_emergency_number_is_refused(folder: Path) -> None:
    _write(folder, "fr/answer_urgent/sms.txt", "{{ clinic.name }} : appelez le {{ clinic.phone }}.")
    assert "this answer does not say clinic.emergency_number" in _one(folder)


def test_an_alert_without_its_link_is_refused_whatever_its_kind(folder: Path) -> None:
    linked = '{{ clinic.name }} {% if alert.reason == "circuit" %}{{ alert.link }}{% endif %}'
    _write(folder, "fr/alert_fault/sms.txt", linked)
    assert _one(folder) == (
        "templates/fr/alert_fault/sms.txt:1:1: error: lumiere.alert_fault: this alert does not say alert.link, and "
        "whoever is on call can't take it (write {{ alert.link }} outside every {% if %})"
    )


@pytest.mark.parametrize("name", ["answer_fine/sms.txt", "alert_reply/sms.txt", "alert_reply/email.md"])
def test_an_answer_or_alert_that_names_a_treatment_is_refused_even_where_steps_may(folder: Path, name: str) -> None:
    file = folder / "fr" / name
    file.write_text(f"{file.read_text(encoding='utf-8')} microNEEDLING\n", encoding="utf-8")
    lumiere = replace(CONFIGURATION.clinics["lumiere"], sms_may_name_treatment=True)
    problems = check_templates(folder, replace(CONFIGURATION, clinics={"lumiere": lumiere}))
    assert {problem.code for problem in problems} == {"named-treatment"}


def test_an_answer_that_uses_a_patients_name_is_refused(folder: Path) -> None:
    _write(folder, "fr/answer_fine/sms.txt", "{{ clinic.name }} : {{ patient.name }} {{ clinic.phone }}")
    assert "lumiere.answer_fine: patient.name has no value here" in _one(folder)


def test_a_first_contact_that_does_not_say_how_to_stop_is_refused(folder: Path) -> None:
    _write(folder, "fr/first_contact.txt", "Bienvenue.")
    assert _one(folder) == (
        "templates/fr/first_contact.txt:1:1: error: lumiere.first_contact: the line under a first text does not say "
        "STOP, the word that every carrier takes (say how to stop the texts)"
    )


def test_a_first_contact_from_a_name_that_nobody_can_answer_has_to_say_whom_to_call(folder: Path) -> None:
    _write(folder, "fr/first_contact.txt", "Répondez STOP.")
    _write(folder, "en/first_contact.txt", "Reply STOP.")
    lumiere = replace(CONFIGURATION.clinics["lumiere"], sms=SmsSender(name="Lumiere"))
    problems = check_templates(folder, replace(CONFIGURATION, clinics={"lumiere": lumiere}))
    assert [problem.code for problem in problems] == ["no-way-to-stop"] * 2
    assert "does not say clinic.phone, and its sender takes no replies" in problems[0].message


def test_a_missing_first_contact_is_named_once_a_language(folder: Path) -> None:
    (folder / "es/first_contact.txt").unlink()
    assert _one(folder).startswith("templates/es/first_contact.txt:1:1: error: first_contact: there is no such text")


def test_advice_that_a_step_does_not_give_can_not_be_written_and_a_text_message_never_has_any(folder: Path) -> None:
    front = "---\nsubject: Hello\npreheader: A word\n---\n"
    _write(folder, "en/next_session/email.md", f"{front}{{{{ advice }}}}\n")
    found = {str(problem.message) for problem in check_templates(folder, CONFIGURATION)}
    assert found == {"advice has no value here: write {% if advice %}…{% endif %} around it"}
    shutil.copy(shipped("templates") / "en/next_session/email.md", folder / "en/next_session/email.md")
    _write(folder, "en/sun_protection/sms.txt", "{% if advice %}{{ advice }}{% endif %}\n")
    found = {str(problem.message) for problem in check_templates(folder, CONFIGURATION)}
    assert found == {"advice is a list of lines, and only the body of an email can have it: leave it out here"}
