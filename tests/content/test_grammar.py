import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.content.engine import CompiledText
from scheduler.content.faults import TemplateFaultError
from scheduler.content.render import render_sms
from scheduler.domain.protocol import Channel
from scheduler.errors import TemplateError
from tests.content.given import CLINIC, sms_text, values, without_booking

FILE = Path("templates/en/x/sms.txt")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% for x in 'abc' %}a{% endfor %}", "loops are not part of message templates: write the lines out"),
        ("{{ patient.name.upper() }}", "calls are not part of message templates"),
        ("{{ range(9999999999) }}", "calls are not part of message templates"),
        ("{{ 9 ** 9 ** 9 ** 9 }}", "arithmetic and data structures are not part of message templates"),
        ("{{ 'a' * 999999999 }}", "arithmetic and data structures are not part of message templates"),
        ("{{ '%099999999d' % 1 }}", "arithmetic and data structures are not part of message templates"),
        ("{{ [1, 2] }}", "arithmetic and data structures are not part of message templates"),
        ("{{ patient['name'] }}", "square brackets are not part of message templates: write a value as in"),
        ("{{ patient.name ~ 'x' }}", "joins with ~ are not part of message templates"),
        ("{{ 'a' if treatment else 'b' }}", "one-line ifs are not part of message templates"),
        ("{% if treatment is defined %}x{% endif %}", "tests with `is` are not part of message templates"),
        ("{% if 'a' in treatment %}x{% endif %}", "this comparison is not part of message templates: use == or !="),
        ("{% if treatment < 3 %}x{% endif %}", "this comparison is not part of message templates: use == or !="),
        ("{% macro m() %}{% endmacro %}", "macros are not part of message templates"),
        ("{% include '/etc/passwd' %}", "includes are not part of message templates"),
        ("{% import 'x' as x %}", "imports are not part of message templates"),
        ("{% extends 'x' %}", "layouts are not part of message templates"),
        ("{% set x = 1 %}", "assignments are not part of message templates"),
        ("{% filter upper %}x{% endfilter %}", "filter blocks are not part of message templates"),
        ("{{ patient.frist_name }}", "there is no patient.frist_name: did you mean patient.first_name?"),
        ("{{ clinic.__class__ }}", "there is no clinic.__class__"),
        ("{{ patient.name.__class__.__mro__ }}", "this dot is not part of message templates"),
        ("{{ self }}", "there is no self"),
        ("{{ ''.__class__ }}", "this dot is not part of message templates"),
        ("{{ patient }}", "patient is a group of values: write patient.first_name or patient.name"),
        ("{{ nmae }}", "there is no nmae"),
        ("{{ patient.name | uper }}", "there is no filter uper: did you mean upper?"),
        ("{{ patient.name | pprint }}", "there is no filter pprint: there are capitalize, default"),
        ("{{ patient.name | default }}", 'the filter default is used in another way: write | default("a text")'),
        ("{{ patient.name | upper(1) }}", "the filter upper is used in another way: write | upper"),
        ("{% if treatment %}x", "close every {{ … }}, and every {% if … %} with {% endif %}"),
        ("{{ patient.name", "close every {{ … }}"),
        ("{% do x %}", "Encountered unknown tag 'do'"),
        ("{{ " + "(" * 5000 + " }}", "can't be read as a template"),
        ("{{ " + "9" * 6000 + " }}", "can't be read as a template"),
        ("{% if treatment %}" * 40 + "{% endif %}" * 40, "nested too deep"),
        ("{{ treatment" + "|upper" * 2000 + " }}", "nested too deep"),
        ("x" * 20_001, "the file is too long: keep to 20000 characters"),
    ],
)  # fmt: skip
def test_what_a_template_may_not_use_is_refused_with_file_line_and_a_way_out(text: str, said: str) -> None:
    started = time.monotonic()
    with pytest.raises(TemplateFaultError) as caught:
        CompiledText(f"\n\n{text}" if len(text) <= 20_000 else text, FILE)
    assert time.monotonic() - started < 2
    message = str(caught.value)
    assert message.startswith("templates/en/x/sms.txt:")
    assert said in message
    assert "\n" not in message


def test_a_fault_names_its_own_line() -> None:
    with pytest.raises(TemplateFaultError, match=r"^templates/en/x/sms.txt:3: loops are not part"):
        CompiledText("one\ntwo\n{% for x in y %}{% endfor %}", FILE)


def test_the_lines_of_a_part_are_those_of_its_file() -> None:
    with pytest.raises(TemplateFaultError, match=r"sms.txt:7: there is no nothing"):
        CompiledText("one\n{{ nothing }}", FILE, line=6, markdown=True)


def test_all_faults_of_a_text_are_found_at_once() -> None:
    with pytest.raises(TemplateFaultError, match=r"\(and 2 more: run `aftercare check`\)") as caught:
        CompiledText("{{ nobody }}\n{{ 1 + 1 }}\n{{ clinic.nmae }}", FILE)
    assert [fault.line for fault in caught.value.faults] == [1, 2, 3]


def test_ifs_comparisons_and_filters_do_what_they_say(tmp_path: Path) -> None:
    text = (
        "{% if language == 'fr' %}non{% elif clinic.booking_url and not (language != 'en') %}"
        "{{ clinic.name | upper }} {{ patient.first_name | lower }}{% else %}no{% endif %}"
        "{# not sent #} {{ '  a ' | trim }} {{ 'mcDonald' | capitalize }}"
    )
    assert render_sms(sms_text(tmp_path, text), "step", "en", values()).body == ("CLINIQUE LUMIÈRE sophie a McDonald")


def test_a_missing_value_is_false_and_has_a_default(tmp_path: Path) -> None:
    text = "x{% if clinic.booking_url %} book{% endif %} {{ clinic.booking_url | upper | default('call us') }}"
    sms = render_sms(sms_text(tmp_path, text), "step", "en", values(clinic=without_booking()))
    assert sms.body == "x call us"


def test_a_missing_value_that_is_written_out_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(
        TemplateError, match=r"sms.txt: clinic.booking_url has no value here: write {% if clinic"
    ) as e:
        render_sms(
            sms_text(tmp_path, "{{ clinic.booking_url | upper }}"), "step", "en", values(clinic=without_booking())
        )
    assert "Absent" not in str(e.value)


def test_the_treatment_is_missing_in_an_sms_unless_the_clinic_allows_it() -> None:
    given = values()
    assert not given.given_to(Channel.SMS)["treatment"]
    assert given.given_to(Channel.EMAIL)["treatment"] == "Microneedling"
    assert CLINIC.sms_may_name_treatment is False


PIECES = st.lists(
    st.sampled_from(
        ["{{", "}}", "{%", "%}", "{#", "#}", "if", "endif", "else", "for", "in", "raw", "endraw", "set", "=", "==",
         "(", ")", "[", "]", ".", "|", "patient", "name", "clinic", "upper", "treatment", "'a'", "9", "**", "~",
         "and", "not", "__class__", "_", "-", "\n", " ", "loop", "{", "}", "filter", "block", "with", "\x00", "é"]
    ),
    max_size=25,
)  # fmt: skip


@given(PIECES)
def test_any_text_is_taken_or_refused_in_one_line(pieces: list[str]) -> None:
    try:
        text = CompiledText(" ".join(pieces), FILE)
        text.render(values().given_to(Channel.SMS))
    except TemplateError as error:
        assert "\n" not in str(error)  # noqa: PT017  (most texts are fine)
