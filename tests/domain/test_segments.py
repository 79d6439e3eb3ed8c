# ruff: noqa: RUF001 - ambiguous characters are what is tested

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.segments import (
    Dearest,
    Encoding,
    Segments,
    count_segments,
    find_dearest,
    split_segments,
    to_plain,
)

ORACLE = json.loads(Path(__file__).with_name("segments_oracle.json").read_text(encoding="utf-8"))["cases"]
GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "units"),
    [
        ("", GSM7, 1, 0),
        ("a" * 160, GSM7, 1, 160),
        ("a" * 161, GSM7, 2, 161),
        ("a" * 306, GSM7, 2, 306),
        ("a" * 307, GSM7, 3, 307),
        ("a" * 158 + "€", GSM7, 1, 160),
        ("a" * 159 + "€", GSM7, 2, 161),
        ("a" * 152 + "€" + "a" * 151, GSM7, 2, 305),
        ("a" * 152 + "€" + "a" * 152, GSM7, 3, 306),
        ("é è à ù É Ç ñ ü ¿ ¡ ò ì ä ö Ä Ö Ü Ñ Å å Ø ø Æ æ ß", GSM7, 1, 49),
        ("ê" * 70, UCS2, 1, 70),
        ("a" * 70 + "ç", UCS2, 2, 71),
        ("ê" * 134, UCS2, 2, 134),
        ("ê" * 135, UCS2, 3, 135),
        ("😀" * 35, UCS2, 1, 70),
        ("a" + "😀" * 35, UCS2, 2, 71),
        ("a" * 66 + "😀" + "a" * 66, UCS2, 3, 134),
        ("a" * 65 + "😀" + "a" * 67, UCS2, 2, 134),
    ],
)
def test_segments_are_counted_as_carriers_cut_them(text: str, encoding: Encoding, segments: int, units: int) -> None:
    assert count_segments(text) == Segments(encoding, segments, units)


@pytest.mark.parametrize(("text", "encoding", "segments"), ORACLE)
def test_segments_agree_with_the_providers_own_calculator(text: str, encoding: str, segments: int) -> None:
    counted = count_segments(text)
    assert (counted.encoding, counted.segments) == (encoding, segments)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("It’s “fine” – really…", 'It\'s "fine" - really...'),
        ("«\u00a0Bonjour\u202f!»", '" Bonjour !"'),
        ("• one\r\n• two\tthree", "- one\n- two three"),
        ("½ hour\u200b", "1/2 hour"),
        ("cafe\u0301", "café"),
        ("œuf, ça va, à bientôt", "œuf, ça va, à bientôt"),
        ("👩\u200d⚕️", "👩\u200d⚕️"),
    ],
)
def test_typographic_characters_become_plain_and_accents_stay(typed: str, plain: str) -> None:
    assert to_plain(typed) == plain


@given(st.text())
def test_a_plain_text_stays_as_it_is(text: str) -> None:
    plain = to_plain(text)
    assert to_plain(plain) == plain


@given(st.text(max_size=700), st.text(max_size=50))
def test_a_longer_text_never_takes_fewer_segments(text: str, more: str) -> None:
    assert count_segments(text + more).segments >= count_segments(text).segments


def test_the_dearest_characters_are_the_ones_outside_gsm7() -> None:
    assert find_dearest("À bientôt, à bientôt. " * 5) == Dearest("Àô", 0, 1)


def test_in_a_gsm7_text_the_dearest_characters_are_those_that_count_double() -> None:
    assert find_dearest("a" * 159 + "€") == Dearest("€", 159, 1)


def test_nothing_is_dear_when_it_saves_nothing() -> None:
    assert find_dearest("bientôt") is None
    assert find_dearest("a" * 200) is None


@given(st.text(alphabet=st.sampled_from("aé€^ΩПривет👩\n "), max_size=900))
def test_a_text_is_cut_where_carriers_cut_it(text: str) -> None:
    parts = split_segments(text)
    assert "".join(parts) == text
    assert len(parts) == count_segments(text).segments


def test_what_counts_double_is_not_cut_in_two() -> None:
    assert [len(part) for part in split_segments("a" * 152 + "€" * 5)] == [152, 5]
    assert [len(part) for part in split_segments("П" * 66 + "👩" * 5)] == [66, 5]
