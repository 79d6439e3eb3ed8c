"""`{{ advice }}`: a list in an email's body, with until when, and nowhere else."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.content.advice import advice_lines, advice_of
from scheduler.content.article import render_article
from scheduler.content.formats import Lines
from scheduler.content.render import render_email, render_sms
from scheduler.domain.advice import Advice, AdviceTag, Catalogue
from scheduler.domain.advised import Held
from scheduler.domain.appointment import Appointment
from scheduler.domain.protocol import After, Channel, Step
from scheduler.domain.spans import parse_span
from scheduler.domain.timing import visit_of
from scheduler.errors import TemplateError
from tests.content.given import CLINIC, email_text, sms_text, values

CATALOGUE = Catalogue(
    {
        "hands_off": AdviceTag({"en": "Hands off", "fr": "Ne touchez pas"}),
        "no_makeup": AdviceTag({"en": "No make-up", "fr": "Pas de maquillage"}),
        "no_sun": AdviceTag({"en": "No <b>sun</b> * [x](y) {{ z }}", "fr": "Pas de soleil"}),
    },
    {"en": "until {day}", "fr": "jusqu'au {day}"},
    {"en": "until {day}, {time}", "fr": "jusqu'au {day} à {time}"},
)
MADRID, TORONTO = ZoneInfo("Europe/Madrid"), ZoneInfo("America/Toronto")
LINES = Lines(["No make-up until Tuesday", "Hands off"])
STEP = Step(
    id="care",
    timing=After(parse_span("2h")),
    channels=(Channel.EMAIL,),
    first_of=False,
    template="care",
    advice=(Advice("no_makeup", parse_span("24h")), Advice("no_sun", parse_span("7d")), Advice("hands_off")),
)


@pytest.mark.parametrize(
    ("zone", "language", "line"),
    [
        (TORONTO, "en", "No make-up until Tuesday, March 3, 2026, 11:00\N{NO-BREAK SPACE}a.m."),
        (MADRID, "en", "No make-up until Tuesday, March 3, 2026, 5:00\N{NO-BREAK SPACE}p.m."),
        (TORONTO, "fr", "Pas de maquillage jusqu'au mardi 3 mars 2026 à 11\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}00"),
    ],
)
def test_an_end_is_said_in_the_patients_language_and_zone(zone: ZoneInfo, language: str, line: str) -> None:
    starts = datetime(2026, 3, 2, 15, tzinfo=UTC)
    visit = visit_of(Appointment(starts), parse_span("1h"), TORONTO, zone)
    lines = advice_of(STEP, visit, CATALOGUE, CLINIC, language)
    assert [" ".join(it.split()) for it in lines][1] == " ".join(line.split())


def test_lines_stand_in_the_order_of_the_catalogue_and_days_count_from_the_day_at_the_clinic() -> None:
    late = datetime(2026, 3, 3, 4, tzinfo=UTC)  # 23:00 of the 2nd in Toronto
    visit = visit_of(Appointment(late), parse_span("30m"), TORONTO, MADRID)
    first, _, last = advice_of(STEP, visit, CATALOGUE, CLINIC, "fr")
    assert first == "Ne touchez pas"
    assert last == "Pas de soleil jusqu'au lundi 9 mars 2026"


def test_a_tag_that_was_taken_out_of_the_catalogue_is_said_to_whoever_can_put_it_back() -> None:
    with pytest.raises(TemplateError, match=r"advice\.yaml has no tag gone"):
        advice_lines([Held("gone", None)], CATALOGUE, CLINIC, "en", TORONTO)
    with pytest.raises(TemplateError, match=r"advice\.yaml has nothing in es for no_sun"):
        advice_lines([Held("no_sun", None)], CATALOGUE, CLINIC, "es", TORONTO)


@pytest.mark.parametrize("body", ["Before.\n\n{{ advice }}\n\nAfter.", "Before. {{ advice }} After."])
def test_an_email_shows_a_list_in_both_of_its_parts(tmp_path: Path, body: str) -> None:
    email = render_email(email_text(tmp_path, body), "step", "en", values().with_advice(LINES))
    assert "Before.\n\n- No make-up until Tuesday\n- Hands off\n\nAfter." in email.text
    assert email.html.count("<li") == 2


def test_what_looks_like_markup_in_a_line_is_shown_as_it_is(tmp_path: Path) -> None:
    lines = Lines(["No <b>sun</b> * [x](https://evil.example) {{ z }}"])
    email = render_email(email_text(tmp_path, "{{ advice }}"), "step", "en", values().with_advice(lines))
    assert f"- {lines[0]}\n" in email.text
    assert "&lt;b&gt;sun&lt;/b&gt;" in email.html
    assert 'href="https://evil.example' not in email.html


def test_the_patients_page_shows_the_same_list(tmp_path: Path) -> None:
    texts = email_text(tmp_path, "# Hello\n\n## Care\n\n{{ advice }}")
    html = render_article(texts, "step", "en", values().with_advice(LINES)).html
    assert html.count("<li>") == 2


@pytest.mark.parametrize("body", ["{{ advice }}", "{{ advice | upper }}", "{% if advice %}{{ advice }}{% endif %}"])
def test_a_text_message_can_not_have_it(tmp_path: Path, body: str) -> None:
    with pytest.raises(TemplateError, match="only the body of an email can have it"):
        render_sms(sms_text(tmp_path, body), "step", "en", values().with_advice(LINES))


def test_a_subject_can_not_have_it(tmp_path: Path) -> None:
    texts = email_text(tmp_path, "Hello", subject="{{ advice }}")
    with pytest.raises(TemplateError, match="only the body of an email can have it"):
        render_email(texts, "step", "en", values().with_advice(LINES))


def test_without_tags_it_is_missing(tmp_path: Path) -> None:
    texts = email_text(tmp_path, "Hello {% if advice %}{{ advice }}{% else %}you{% endif %}")
    assert "Hello you" in render_email(texts, "step", "en", values().with_advice(Lines())).text
    bare = email_text(tmp_path, "{{ advice }}", step="bare")
    with pytest.raises(TemplateError, match="advice has no value here"):
        render_email(bare, "bare", "en", values())


def test_a_step_of_no_advice_has_no_lines() -> None:
    visit = visit_of(Appointment(datetime(2026, 3, 2, 15, tzinfo=UTC)), parse_span("1h"), TORONTO, None)
    assert advice_of(replace(STEP, advice=()), visit, CATALOGUE, CLINIC, "en") == ()
