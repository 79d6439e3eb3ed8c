from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.content.article import Article, render_article
from scheduler.content.templates import Texts
from scheduler.content.variables import variables_for
from scheduler.errors import TemplateError
from scheduler.paths import shipped
from scheduler.protocols.loader import load

CONFIGURATION = load(shipped("config"))
VISIT = datetime(2026, 3, 18, 14, 0, tzinfo=UTC)


def article(folder: Path, body: str, *, name: str = "Zoë Lachance") -> Article:
    texts = folder / "en" / "tip"
    texts.mkdir(parents=True)
    (texts / "email.md").write_text(f"---\nsubject: A tip\npreheader: x\n---\n{body}\n", encoding="utf-8")
    (folder / "en" / "footer.md").write_text("Bye.\n", encoding="utf-8")
    clinic, protocol = CONFIGURATION.clinic("lumiere"), CONFIGURATION.protocols["microneedling"]
    variables = variables_for(clinic, protocol, patient_name=name, language="en", starts_at=VISIT)
    return render_article(Texts(folder), "tip", "en", variables)


def test_it_begins_with_the_first_section_and_its_headings_fit_below_the_pages_own(tmp_path: Path) -> None:
    made = article(tmp_path, "# Hi\n\nHello {{ patient.first_name }},\n\n## Shade\n\nA hat.\n\n### How\n\nSo.")
    assert made.title == "A tip"
    assert made.html == "<h4>Shade</h4>\n<p>A hat.</p>\n<h5>How</h5>\n<p>So.</p>\n"


@pytest.mark.parametrize("body", ["# Hi\n\nA hat.", "A hat."])
def test_a_text_without_sections_is_there_whole(tmp_path: Path, body: str) -> None:
    assert article(tmp_path, body).html == "<p>A hat.</p>\n"


def test_a_value_is_text_wherever_it_comes_from(tmp_path: Path) -> None:
    made = article(tmp_path, "## For {{ patient.name }}", name="<img src=x> [a](javascript:b) **c**")
    assert made.html == "<h4>For &lt;img src=x&gt; [a](javascript:b) **c**</h4>\n"


def test_links_to_the_clinic_stay_and_one_that_stands_alone_is_a_button(tmp_path: Path) -> None:
    made = article(tmp_path, "[Call us: {{ clinic.phone }}]({{ clinic.phone_link }})")
    assert made.html == '<p class="action"><a href="tel:+14165550100">Call us: +1 416-555-0100</a></p>\n'


def test_a_link_to_what_is_no_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"email\.md: a link leads to a value that is no address"):
        article(tmp_path, "[x]({{ patient.name }})")
