"""Any text at all: nothing crashes, nothing takes long, and a grave sign is never lost in it."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scheduler.domain.triage import Triage, Verdict, triage
from scheduler.domain.wording import LONGEST
from scheduler.paths import shipped
from scheduler.protocols.lexicons import load_lexicons

LEXICONS = load_lexicons(shipped("config"))
GOOD = ["1", "better", "all good", "mieux", "tout va bien", "mejor", "todo bien gracias", "👍"]
GRAVE = ["but I have a fever", "mais j'ai de la fièvre", "pero tengo fiebre", "there is pus", "du pus", "sale pus"]

anything = st.text(st.characters(), max_size=400)
hostile = st.text(
    st.sampled_from(" \t\n\x00\x07\x1b\u200b\u200d\u202e\u2066\u0301\u0338\ufeff\ud800\udfff.,!?'-no12🙂😭م")
)


def classed(text: str) -> Verdict:
    return triage(text, LEXICONS)


@settings(max_examples=300, deadline=None)
@given(anything | hostile)
@example("\ud83d")
@example("\u202e1\u202c")
@example("Z̷̛͎͠a̸̢͑l̴̰̈́g̷̢̈́o̶͕͐ " * 20)
def test_any_text_has_a_class_and_gives_its_own_words(text: str) -> None:
    verdict = classed(text)
    assert verdict.triage in Triage
    assert all(isinstance(words, str) for words in verdict.because)


@settings(max_examples=300, deadline=None)
@given(text=anything | hostile, grave=st.sampled_from(GRAVE))
@example(text="no", grave=GRAVE[0])
@example(text="1 " * 5000, grave=GRAVE[0])
def test_a_grave_sign_after_any_text_is_urgent(*, text: str, grave: str) -> None:
    assert classed(f"{text}. {grave}").triage is Triage.URGENT


@settings(max_examples=200, deadline=None)
@given(good=st.sampled_from(GOOD), word=st.from_regex(r"[bcdfgh][jklmn][pqrst][vwxz]{3,9}", fullmatch=True))
def test_good_news_with_a_word_that_nobody_knows_is_not_fine(*, good: str, word: str) -> None:
    assert classed(f"{good} {word}").triage is not Triage.FINE


@pytest.mark.parametrize("good", GOOD)
def test_good_news_that_goes_on_after_what_is_read_is_not_fine(good: str) -> None:
    assert classed(good).triage is Triage.FINE
    assert classed(good + " " * LONGEST + good).triage is not Triage.FINE


@pytest.mark.parametrize(
    "piece",
    [
        "no fever ",
        "no redness, swelling or pain, ",
        "very red ",
        "stop the the my your all ",
        "a",
        "😢👍",
        "n ",
        "2 3 1 ",
    ],
)
def test_ten_thousand_characters_are_read_at_once(piece: str) -> None:
    text = (piece * 10_000)[:10_000]
    classed(text[:200])
    began = time.process_time()
    classed(text)
    assert time.process_time() - began < 0.5, "thirty milliseconds are usual"
