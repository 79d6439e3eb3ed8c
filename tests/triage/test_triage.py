"""How replies are classed: sentence by sentence, and what must hold for any text."""

import csv
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.domain.lexicon import Lexicon
from scheduler.domain.phrases import phrase
from scheduler.domain.triage import Triage, Verdict, triage
from scheduler.paths import shipped
from scheduler.protocols.lexicons import load_lexicons

SENTENCES = Path(__file__).with_name("sentences.tsv")


@cache
def lexicons() -> tuple[Lexicon, ...]:
    return load_lexicons(shipped("config"))


def classed(text: str) -> Verdict:
    return triage(text, lexicons())


def sentences() -> list[tuple[str, str]]:
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        return [(row["label"], row["text"]) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


@pytest.mark.parametrize(("label", "text"), sentences())
def test_a_reply_is_classed_as_a_nurse_would(label: str, text: str) -> None:
    assert classed(text).triage == label


@pytest.mark.parametrize("text", ["1 but I have a fever", "Mieux mais j'ai de la fièvre", "Mejor pero tengo fiebre"])
def test_a_grave_sign_wins_over_any_good_answer(text: str) -> None:
    assert classed(text).triage is Triage.URGENT


def test_the_words_that_decided_are_the_patients_own() -> None:
    assert classed("Bettr, but my lips are SWOLLEN").because == ("lips are SWOLLEN",)


@pytest.mark.parametrize("text", ["STOP it's worse", "Arrêtez les messages, c'est pire", "BAJA, estoy peor"])
def test_a_reply_that_reports_and_stops_does_both(text: str) -> None:
    verdict = classed(text)
    assert verdict.triage is Triage.URGENT
    assert verdict.stops


@pytest.mark.parametrize("text", ["Can I stop using the ointment?", "how do I cancel my appointment"])
def test_a_question_about_stopping_something_else_stops_nothing(text: str) -> None:
    verdict = classed(text)
    assert verdict.triage is Triage.QUESTION
    assert not verdict.stops


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("37.2", Triage.UNKNOWN),
        ("37.6 °C", Triage.CONCERN),
        ("38.0", Triage.URGENT),
        ("38,5", Triage.URGENT),
        ("99.9 F", Triage.CONCERN),
        ("100.4F", Triage.URGENT),
        ("I am 38 years old", Triage.UNKNOWN),
        ("see you in 40 days", Triage.UNKNOWN),
    ],
)
def test_a_temperature_counts_in_either_scale(text: str, expected: Triage) -> None:
    assert classed(text).triage is expected


@settings(max_examples=300)
@given(st.text(max_size=300))
def test_any_text_has_a_class(text: str) -> None:
    assert classed(text).triage in Triage


@settings(max_examples=200)
@given(
    good=st.sampled_from(["1", "better", "all good", "mieux", "tout va bien", "mejor", "muy bien", "👍"]),
    grave=st.sampled_from(
        ["pus", "fever", "worse", "bleeding", "fièvre", "pire", "du pus", "fiebre", "peor", "sangrado"]
    ),
    between=st.sampled_from([". ", ", ", " but ", " mais ", " pero ", " and ", "\n", "... "]),
    first=st.booleans(),
)
def test_good_news_beside_a_grave_sign_is_never_fine(*, good: str, grave: str, between: str, first: bool) -> None:
    text = f"{good}{between}{grave}" if first else f"{grave}{between}{good}"
    assert classed(text).triage is Triage.URGENT


THEN = {
    "en": ["yesterday", "before", "earlier", "last night", "at first", "initially", "until today", "in the past"],
    "fr": ["hier", "avant", "auparavant", "au début", "la semaine dernière", "la veille", "jusqu'à ce soir"],
    "es": ["ayer", "antes", "anoche", "al principio", "la semana pasada", "el primer día", "hasta hoy"],
}
SIGNS = {
    "en": ["fever", "pus", "swelling", "redness", "pain", "blisters", "bleeding", "rash", "itching", "bruising"],
    "fr": ["fièvre", "pus", "gonflement", "rougeur", "douleur", "cloques", "saignement", "chaleur", "boutons"],
    "es": ["fiebre", "pus", "hinchazón", "rojez", "dolor", "ampollas", "sangrado", "ardor", "granos"],
}
DENIED = {
    "en": ("no {sign} {then}", "I had no {sign} {then}", "{then} no {sign}"),
    "fr": ("pas de {sign} {then}", "je n'avais pas de {sign} {then}", "{then} pas de {sign}"),
    "es": ("sin {sign} {then}", "no tenía {sign} {then}", "{then} sin {sign}"),
}
SINCE = {
    "en": (", now yes", ". Today yes!", " now yes", ", a lot now", ""),
    "fr": (", maintenant oui", ". Aujourd'hui oui !", " maintenant si", ", ce matin oui", ""),
    "es": (", ahora sí", ". ¡Hoy sí!", " ahora sí", ", pero hoy sí", ""),
}


@pytest.mark.parametrize(
    ("language", "then", "sign"),
    [(language, then, sign) for language in THEN for then in THEN[language] for sign in SIGNS[language]],
)
def test_what_was_not_there_at_another_time_is_urgent(language: str, then: str, sign: str) -> None:
    texts = [denied.format(sign=sign, then=then) + since for denied in DENIED[language] for since in SINCE[language]]
    assert {text: classed(text).triage for text in texts} == dict.fromkeys(texts, Triage.URGENT)


@pytest.mark.parametrize("good", ["better", "all good", "mieux", "tout va bien", "mejor", "todo bien"])
@pytest.mark.parametrize("then", [then for those in THEN.values() for then in those])
def test_what_was_good_at_another_time_is_not_fine(good: str, then: str) -> None:
    assert classed(f"{good} {then}").triage is not Triage.FINE
    assert classed(f"{then} {good}").triage is not Triage.FINE


@pytest.mark.parametrize("sign", SIGNS["fr"])
def test_more_of_a_sign_in_french_is_never_taken_for_no_more(sign: str) -> None:
    for more in ("plus de", "j'ai plus de", "toujours plus de", "plus de ... qu'hier"):
        assert classed(more.replace("...", sign) if "..." in more else f"{more} {sign}").triage is not Triage.FINE
    for more in ("beaucoup plus de {}", "un peu plus de {}", "il y a plus de {}", "plus de {} qu'avant"):
        assert classed(more.format(sign)).triage is Triage.URGENT
    assert classed(f"je n'ai plus de {sign}").triage is Triage.FINE


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("1¹①\uff11\u0661१➀❶", Triage.FINE),
        ("2²②\uff12٢२➁❷", Triage.CONCERN),
        ("3³③\uff13٣३➂❸", Triage.URGENT),
    ],
)
def test_a_digit_of_any_script_is_an_answer(digits: str, expected: Triage) -> None:
    assert {classed(digit).triage for digit in digits} == {expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no sign of any fever, better", Triage.FINE),
        ("not very red", Triage.CONCERN),
        ("it won't stop oozing", Triage.URGENT),
        ("can't sleep from the pain", Triage.URGENT),
        ("no redness and swelling up", Triage.URGENT),
        ("never had this much pain", Triage.URGENT),
    ],
)
def test_a_not_takes_back_only_what_it_stands_before(text: str, expected: Triage) -> None:
    assert classed(text).triage is expected


@pytest.mark.parametrize("text", ["better, somewhat glorp", "mieux et zut", "mejor, recórcholis"])
def test_good_news_with_a_word_that_is_not_known_to_be_harmless_is_for_a_person(text: str) -> None:
    assert classed(text).triage is Triage.UNKNOWN


def test_what_no_rule_explains_of_the_body_is_urgent() -> None:
    verdict = classed("my smile went wonky")
    assert verdict.triage is Triage.URGENT
    assert "wonky" in verdict.because


@pytest.mark.parametrize(
    "text",
    [
        "a pain I would not wish on a crocodile",
        "douleur à grimper aux rideaux",
        "un dolor que no se lo deseo a nadie",
    ],
)
def test_a_pain_in_words_that_no_rule_knows_is_urgent(text: str) -> None:
    assert classed(text).triage is Triage.URGENT


@pytest.mark.parametrize(
    "text", ["a bit of pain by the zipper", "un peu mal près du zipper", "un poco de dolor cerca del zipper"]
)
def test_a_pain_called_small_is_a_concern_whatever_else_is_said(text: str) -> None:
    assert classed(text).triage is Triage.CONCERN


@pytest.mark.parametrize(
    "text", ["what gel for the pain?", "quel gel contre la douleur ?", "¿qué gel para el dolor?"]
)
def test_a_question_about_pain_is_no_alarm(text: str) -> None:
    assert classed(text).triage is not Triage.URGENT


@pytest.mark.parametrize("text", ["when will the bumps go away", "will the redness go away by Sunday"])
def test_what_shall_go_away_is_no_stop(text: str) -> None:
    assert not classed(text).stops


@pytest.mark.parametrize(
    "text", ["please don't stop texting me", "n'arrêtez pas les messages", "no dejen de escribirme"]
)
def test_a_wish_for_more_is_no_stop(text: str) -> None:
    assert not classed(text).stops


@pytest.mark.parametrize("text", ["I am not Susan", "no soy Carmen", "je ne suis pas Julie"])
def test_a_name_that_is_not_theirs_is_a_wrong_number(text: str) -> None:
    assert classed(text).triage is Triage.WRONG_NUMBER


@pytest.mark.parametrize("written", ["", "...", "word ...", "a?", "(a|b", "(a)*", "a ) b"])
def test_what_is_no_phrase_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is no phrase"):
        phrase(written)
