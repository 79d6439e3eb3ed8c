"""What a variable brings in is text: shown, never obeyed."""

import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.content.faults import TemplateFaultError
from scheduler.content.formats import clean
from scheduler.content.render import RenderedEmail, render_email, render_sms
from scheduler.content.templates import Texts
from scheduler.errors import TemplateError
from tests.content.given import email_text, sms_text, values

BODY = "# Hi\n\nHello {{ patient.name }},\n\n- **{{ patient.name }}**\n\n> [Call]({{ clinic.phone_link }})\n"
HOSTILE = [
    "{{ 7*7 }}",
    "{% for x in y %}",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><a href="http://evil.example">',
    "[x](http://evil.example)",
    "![x](http://evil.example/a.png)",
    "<http://evil.example>",
    "http://evil.example",
    "www.evil.example",
    "**bold** _em_ `code`",
    "# heading",
    "- list",
    "> quote",
    "1. one",
    "---",
    "&amp; &#60;b&#62;",
    "back\\slash \\",
    "qzv0tvzq qzv1lvzq",
    "a\u202egnp.exe\u2066",
    "Zoë 李 😀",
]


class _Page(HTMLParser):
    """Counts tags, collects links and the visible text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Texts:
    folder = tmp_path_factory.mktemp("texts")
    sms_text(folder, "{{ clinic.name }}: hello {{ patient.name }}")
    return email_text(folder, BODY, subject="Hello {{ patient.name }}", preheader="{{ patient.first_name }}")


def _email(texts: Texts, name: str) -> RenderedEmail:
    return render_email(texts, "step", "en", values(name))


@pytest.mark.parametrize("name", HOSTILE)
def test_markup_in_a_name_is_shown_as_it_was_typed(texts: Texts, name: str) -> None:
    plain, rendered = _Page(_email(texts, "Ann").html), _email(texts, name)
    page = _Page(rendered.html)
    assert page.tags == plain.tags
    assert page.links == plain.links == ["tel:+14165550100"]
    assert f"Hello {clean(name)}," in page.text
    assert f"Hello {clean(name)},\n\n- {clean(name)}\n" in rendered.text
    assert rendered.subject == f"Hello {clean(name)}"


@given(st.text(max_size=60))
@settings(deadline=None)
def test_no_name_changes_the_shape_of_an_email(texts: Texts, name: str) -> None:
    plain, page = _Page(_email(texts, "Ann").html), _Page(_email(texts, name).html)
    assert (page.tags, page.links) == (plain.tags, plain.links)


@pytest.mark.parametrize("name", ["Ann\r\nBcc: x@evil.example", "Ann\nBcc: x", "Ann\x00\x0bX", "Ann\u2028X"])
def test_line_breaks_in_a_name_never_reach_a_subject_or_an_sms(texts: Texts, name: str) -> None:
    for line in (_email(texts, name).subject, render_sms(texts, "step", "en", values(name)).body):
        assert line.isprintable()


def test_an_sms_shows_braces_and_tags_as_they_were_typed(texts: Texts) -> None:
    sms = render_sms(texts, "step", "en", values("{{ 7*7 }} <script> **x** \\*"))
    assert sms.body == "Clinique Lumière: hello {{ 7*7 }} <script> **x** \\*"


def test_bidirectional_overrides_and_lone_surrogates_are_taken_out() -> None:
    assert clean("A\u202eB\u2066C\u200f\ud800D\ufeff") == "ABCD"


def test_a_name_of_ten_thousand_characters_is_rendered_at_once_or_refused_in_words(texts: Texts) -> None:
    for name in ("a" * 10_000, "*" * 10_000, "[" * 10_000, "<" * 10_000, "a " * 5_000, "é" * 10_000):
        started = time.monotonic()
        assert clean(name) in _email(texts, name).text
        with pytest.raises(TemplateError, match=r"comes out at .* characters: 1600 is the most"):
            render_sms(texts, "step", "en", values(name))
        assert time.monotonic() - started < 1


def test_errors_and_reprs_never_show_a_name(texts: Texts) -> None:
    secret = values("Secret Person")
    shown = repr((secret, _email(texts, "Secret Person"), render_sms(texts, "step", "en", secret)))
    assert "Secret" not in shown


@pytest.mark.parametrize(
    "address", ["{{ patient.name }}", "https://x.example/{{ patient.name }}", "{{ clinic.phone }}"]
)
def test_a_value_that_is_no_address_is_refused_in_a_link(tmp_path: Path, address: str) -> None:
    texts = email_text(tmp_path, f"[x]({address})")
    with pytest.raises(TemplateError, match="a link leads to a value that is no address"):
        render_email(texts, "step", "en", values("javascript:alert(1)"))


@pytest.mark.parametrize("body", ["[x](javascript:alert(1))", "<b onclick=x>y</b>", "![x](https://x.example/a.png)"])
def test_a_template_itself_makes_no_scripts_tags_or_images(tmp_path: Path, body: str) -> None:
    page = _Page(render_email(email_text(tmp_path, body), "step", "en", values()).html)
    assert not {"b", "img", "script"} & set(page.tags)
    assert not [link for link in page.links if link and "javascript" in link]


@pytest.mark.parametrize("template", ["../../etc", "a/b", "", "A", "x\n"])
def test_a_step_can_not_lead_out_of_the_templates_folder(tmp_path: Path, template: str) -> None:
    with pytest.raises(TemplateFaultError, match="there is no such text"):
        render_sms(Texts(tmp_path), template, "en", values())


def test_a_mark_of_our_own_in_a_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateFaultError, match="this holds a mark of our own"):
        render_email(email_text(tmp_path, "qzv9tvzq"), "step", "en", values())
