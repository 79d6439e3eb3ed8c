"""Pictures: what may come from outside is text in them, and a part of a page brings no style of its own."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from scheduler.content.picture import Head, Mark, Row, as_file, as_part

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))


@given(TEXT, TEXT, st.sampled_from(Mark))
def test_whatever_the_words_are_it_is_well_formed(what: str, small: str, mark: Mark) -> None:
    rows = [Row(mark, what, small, what, small, link=f"/x?{what}"), Row(Mark.VISIT, "", "", "visit")]
    for drawn in (as_part(Head(what, small), rows), as_file(Head(what, small, (what, small)), rows)):
        ET.fromstring(drawn)


def test_markup_in_words_is_text() -> None:
    drawn = as_part(Head('"><script>', ""), [Row(Mark.SENT, "<b>", "&", "<script>alert(1)</script>", link='"x')])
    assert "<script>" not in drawn
    assert "<b>" not in drawn


def test_a_part_of_a_page_has_no_style_of_its_own_and_a_file_needs_no_other() -> None:
    rows = [Row(Mark.REPLY, "2 days after", "10:00", "Check", "SMS", gap=20)]
    assert "style" not in as_part(Head("Peel", ""), rows)
    assert "<style>" in as_file(Head("Peel", "told"), rows)
