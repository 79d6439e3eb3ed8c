from pathlib import Path

import pytest

from scheduler.content.faults import TemplateFaultError
from scheduler.content.render import render_email, render_sms
from scheduler.content.templates import Texts
from scheduler.errors import TemplateError
from tests.content.given import email_text, sms_text, values, without_booking

BODY = """# Title for {{ patient.first_name }}

Hello **{{ patient.name }}**,
this is [our page]({{ clinic.booking_url }}).

## Steps

- one
- two
  and more

1. better
2. worse

[Call us: {{ clinic.phone }}]({{ clinic.phone_link }})

> **Emergency: call {{ clinic.emergency_number }}**
>
> - now

***

[{{ clinic.booking_url }}]({{ clinic.booking_url }})
"""

TEXT = """Title for Sophie
----------

Hello Sophie Tremblay, this is our page: https://lumiere.example/book?a=1&b=2.

Steps
--------

- one
- two and more

1. better
2. worse

Call us: +1 416-555-0100

| Emergency: call 911
|
| - now

--------

https://lumiere.example/book?a=1&b=2

--{space}
Bye.
""".format(space=" ")


def test_the_plain_text_says_what_the_html_says_and_reads_well(tmp_path: Path) -> None:
    assert render_email(email_text(tmp_path, BODY), "step", "en", values()).text == TEXT


def test_the_html_is_whole_inlined_and_knows_dark_mode_and_phones(tmp_path: Path) -> None:
    html = render_email(email_text(tmp_path, BODY), "step", "en", values()).html
    assert html.startswith('<!DOCTYPE html><html lang="en" dir="ltr">')
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media (max-width: 480px)" in html
    assert '<h1 style="' in html
    assert "<title>Hello</title>" in html
    assert ">A word" in html
    assert ">Clinique Lumière</td>" in html
    assert 'href="https://lumiere.example/book?a=1&amp;b=2"' in html


def test_an_email_loads_nothing_from_anywhere(tmp_path: Path) -> None:
    html = render_email(email_text(tmp_path, BODY), "step", "en", values()).html
    for loading in ("<img", "<link", "<script", "<iframe", "url(", "@import", "src=", "background="):
        assert loading not in html


def test_a_link_alone_in_its_paragraph_is_a_button(tmp_path: Path) -> None:
    html = render_email(email_text(tmp_path, BODY), "step", "en", values()).html
    assert html.count('class="action"') == 2
    assert '<a href="tel:+14165550100" style="color: #ffffff' in html


def test_a_language_that_is_written_from_the_right_is_laid_out_so(tmp_path: Path) -> None:
    html = render_email(email_text(tmp_path, "x", language="ar"), "step", "ar", values(language="ar")).html
    assert 'lang="ar" dir="rtl"' in html
    assert 'align="right"' in html


def test_a_branch_that_is_not_taken_leaves_no_trace(tmp_path: Path) -> None:
    body = "a\n\n{% if clinic.booking_url %}\n[Book]({{ clinic.booking_url }})\n{% else %}\nCall us.\n{% endif %}"
    texts = email_text(tmp_path, body)
    assert "Book: https" in render_email(texts, "step", "en", values()).text
    without = render_email(texts, "step", "en", values(clinic=without_booking()))
    assert without.text.startswith("a\n\nCall us.\n")
    assert "Book" not in without.html


def test_two_patients_share_nothing(tmp_path: Path) -> None:
    texts = email_text(tmp_path, BODY)
    first, second = (render_email(texts, "step", "en", values(name)) for name in ("Ann One", "Bob Two"))
    assert "Ann" not in second.html + second.text + second.subject
    assert first.digest == second.digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no front matter", r"email.md:1: the file does not begin with its subject"),
        ("---\nsubject: x\n---\nbody", r"email.md:1: the preheader is missing"),
        ("---\nsubject:\npreheader: y\n---\nbody", r"email.md:1: the subject is missing"),
        ("---\nsubject: x\npreheader: y\nfrom: z\n---\nbody", r"email.md:4: this is neither subject: nor preheader:"),
        ("---\nsubject: x\nsubject: y\n---\nbody", r"email.md:3: this is neither .* or stands twice"),
        ("---\nsubject: x {{ nope }}\npreheader: y\n---\nbody", r"email.md:2: there is no nope"),
        ("---\nsubject: x\npreheader: y\n---\n\n{{ nope }}", r"email.md:6: there is no nope"),
        ("", r"email.md:1: the file is empty: write the message's text"),
    ],
)
def test_a_wrong_email_file_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    email_text(tmp_path, "x")
    (tmp_path / "en/step/email.md").write_text(text, encoding="utf-8")
    with pytest.raises(TemplateFaultError, match=said):
        render_email(Texts(tmp_path), "step", "en", values())


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\xff\xfe\x00", "this is no UTF-8 text: save it as UTF-8"),
        (b"x" * 100_000, "the file is too large"),
        (b"{% if treatment %}x{% endif %}", "the SMS comes out empty"),
        (b"x" * 1601, "the SMS comes out at 1601 characters: 1600 is the most"),
    ],
)
def test_a_wrong_sms_file_is_refused_in_words(tmp_path: Path, raw: bytes, said: str) -> None:
    sms_text(tmp_path, "x")
    (tmp_path / "en/step/sms.txt").write_bytes(raw)
    with pytest.raises(TemplateError, match=said):
        render_sms(Texts(tmp_path), "step", "en", values())


def test_a_missing_text_says_where_it_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(TemplateFaultError, match=r"de/step/sms.txt:1: there is no such text: write it, or let"):
        render_sms(Texts(tmp_path), "step", "de", values())


def test_a_mended_text_works_at_once_and_has_another_digest(tmp_path: Path) -> None:
    texts = sms_text(tmp_path, "{{ nope }}")
    with pytest.raises(TemplateFaultError):
        render_sms(texts, "step", "en", values())
    sms_text(tmp_path, "good")
    first = render_sms(texts, "step", "en", values())
    sms_text(tmp_path, "better")
    assert render_sms(texts, "step", "en", values()) == first
    assert render_sms(Texts(tmp_path), "step", "en", values()).digest != first.digest


def test_an_edited_footer_changes_the_digest_of_an_email(tmp_path: Path) -> None:
    first = render_email(email_text(tmp_path, "x"), "step", "en", values()).digest
    assert render_email(email_text(tmp_path, "x", footer="Other."), "step", "en", values()).digest != first


def test_an_sms_is_made_plain_tidied_and_counted(tmp_path: Path) -> None:
    texts = sms_text(tmp_path, "\ufeffIt\u2019s  \u201cyou\u201d\u2026  \r\n\r\n\r\n\r\n\u2013 end\u200b\u202e \n")
    sms = render_sms(texts, "step", "en", values())
    assert sms.body == 'It\'s  "you"...\n\n- end'
    assert (sms.encoding, sms.segments) == ("GSM-7", 1)
