"""The first text to a number says how to stop and how to get help: one line, in one place."""

from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.content.faults import TemplateFaultError
from scheduler.content.render import render_sms
from scheduler.content.templates import Texts
from scheduler.domain.clinic import Clinic, SmsSender
from scheduler.errors import TemplateError
from tests.content.given import CLINIC, sms_text, values

NUMBER = replace(CLINIC, sms=SmsSender(number="+15145550100"))
NAME = replace(CLINIC, sms=SmsSender(name="Lumiere"))
LINE = "{% if clinic.takes_replies %}Reply STOP.{% else %}To stop, call {{ clinic.phone }}.{% endif %}\n"


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    made = sms_text(tmp_path, "{{ clinic.name }}: hello.\n")
    (tmp_path / "en" / "first_contact.txt").write_text(LINE, encoding="utf-8")
    return made


def test_the_first_text_ends_with_how_to_stop_and_the_next_ones_do_not(texts: Texts) -> None:
    first = render_sms(texts, "step", "en", values(clinic=NUMBER, first_contact=True))
    later = render_sms(texts, "step", "en", values(clinic=NUMBER))
    assert first.body == "Clinique Lumière: hello.\nReply STOP."
    assert later.body == "Clinique Lumière: hello."


def test_the_line_counts_in_the_segments_and_in_the_digest(texts: Texts, tmp_path: Path) -> None:
    first = render_sms(texts, "step", "en", values(clinic=NUMBER, first_contact=True))
    assert first.digest != render_sms(texts, "step", "en", values(clinic=NUMBER)).digest
    (tmp_path / "en" / "first_contact.txt").write_text("STOP " * 40, encoding="utf-8")
    longer = render_sms(Texts(tmp_path), "step", "en", values(clinic=NUMBER, first_contact=True))
    assert (first.segments, longer.segments) == (1, 2)
    assert longer.digest != first.digest


@pytest.mark.parametrize("clinic", [NAME, CLINIC], ids=["a name", "no sender"])
def test_a_sender_that_takes_no_replies_never_asks_for_one(texts: Texts, clinic: Clinic) -> None:
    first = render_sms(texts, "step", "en", values(clinic=clinic, first_contact=True))
    assert first.body.endswith("To stop, call +1 416-555-0100.")


def test_a_first_text_without_its_line_does_not_go_out(tmp_path: Path) -> None:
    texts = sms_text(tmp_path, "{{ clinic.name }}: hello.")
    with pytest.raises(TemplateFaultError, match=r"first_contact\.txt:1: there is no such text"):
        render_sms(texts, "step", "en", values(clinic=NUMBER, first_contact=True))
    assert render_sms(texts, "step", "en", values(clinic=NUMBER)).body == "Clinique Lumière: hello."


def test_the_whole_text_with_its_line_has_to_fit(tmp_path: Path) -> None:
    texts = sms_text(tmp_path, "x" * 1590)
    (tmp_path / "en" / "first_contact.txt").write_text("Reply STOP.", encoding="utf-8")
    with pytest.raises(TemplateError, match="1602 characters: 1600 is the most"):
        render_sms(texts, "step", "en", values(clinic=NUMBER, first_contact=True))
