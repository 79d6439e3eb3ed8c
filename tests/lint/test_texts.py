"""The rules over texts: what they find, what they leave alone, in each language."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from scheduler.content.lint.grade import grade_of, sentences_of
from scheduler.content.lint.links import host_of
from scheduler.content.lint.syllables import COUNTERS
from scheduler.content.lint.vocabulary import finder, fold
from tests.lint.cases import found_in, laid_out

CLINIC = "config/clinics/rose.yaml"
HEAD = "{{ clinic.name }}: one week on, how is your skin? Reply 1 better, 2 same, 3 worse. "
TAIL = " Call {{ clinic.phone }}. Emergency: {{ clinic.emergency_number }}"

# Counted by hand.
SYLLABLES: Mapping[str, Mapping[str, int]] = {
    "en": {
        "redness": 2, "usual": 3, "moisturizer": 4, "fragrance": 2, "gentle": 2, "emergency": 4, "same": 1,
        "better": 2, "yesterday": 3, "area": 3, "leaves": 1, "called": 1, "needed": 2, "settled": 2, "washes": 2,
        "science": 2,
        "hypoallergenic": 6, "being": 2, "reaction": 3, "session": 2, "several": 2, "different": 2, "little": 2,
    },
    "es": {
        "piel": 1, "enrojecimiento": 6, "día": 2, "quédese": 3, "urticaria": 4, "ayer": 2, "aún": 2, "ciudad": 2,
        "siguiente": 3, "vergüenza": 3, "peor": 2, "agua": 2, "que": 1, "hoy": 1, "continúa": 4, "yodo": 2,
    },
    "fr": {
        "peau": 1, "rougeur": 2, "appelez": 3, "gonflement": 3, "fièvre": 1, "cloques": 1, "langue": 1, "souvent": 2,
        "équipe": 2, "réponse": 2, "toute": 1, "nettoyant": 3, "écoulement": 4, "théâtre": 2, "le": 1, "oublier": 3,
    },
}  # fmt: skip


def codes(folder: Path, text: str, *, clinic: str = "") -> list[str]:
    laid_out(folder)
    (folder / "templates/en/week_check/sms.txt").write_text(HEAD + text + TAIL + "\n", encoding="utf-8")
    (folder / CLINIC).write_text((folder / CLINIC).read_text(encoding="utf-8") + clinic, encoding="utf-8")
    return [problem.code for problem in found_in(folder)]


@pytest.mark.parametrize(
    "text", ["Now $49.", "Only 49 €!", "10 % less.", "A special offer.", "Ask about our prices.", "Use a voucher."]
)
def test_words_of_promotion_are_refused_beside_care(tmp_path: Path, text: str) -> None:
    assert codes(tmp_path, text) == ["promotion"]


@pytest.mark.parametrize(
    "text", ["Sunscreen SPF 30.", "A fragrance-free cream.", "Feel free to call.", "We can offer a time."]
)
def test_words_that_only_look_like_promotion_are_left_alone(tmp_path: Path, text: str) -> None:
    assert codes(tmp_path, text) == []


def test_a_marketing_step_may_promote(tmp_path: Path) -> None:
    laid_out(tmp_path)
    file = tmp_path / "config/protocols/microneedling.yaml"
    text = file.read_text(encoding="utf-8").replace("    ask: healing\n", "    purpose: marketing\n")
    file.write_text(text, encoding="utf-8")
    (tmp_path / "templates/en/week_check/sms.txt").write_text("{{ clinic.name }}: 20% off.", encoding="utf-8")
    assert [problem.code for problem in found_in(tmp_path)] == []


@pytest.mark.parametrize(
    ("text", "clinic", "found"),
    [
        ("https://rose.example/week", "", []),
        ("https://www.rose.example/week", "", []),
        ("https://notrose.example/week", "", ["unknown-link"]),
        ("https://rose.example.evil.example/", "", ["unknown-link"]),
        ("https://rose.example@evil.example/", "", ["unknown-link"]),
        ("www.evil.example", "", ["unknown-link"]),
        ("bit.ly/3xyz", "", ["unknown-link"]),
        ("bit.ly/3xyz", "link_domains: [bit.ly]\n", []),
        ("https://help.clinic.example/a", "link_domains: [clinic.example]\n", []),
        ("{% if page_url %}{{ page_url }}{% endif %}", "", []),
        ("Open 24/7.", "", []),
    ],
)
def test_a_link_leads_to_a_domain_that_the_clinic_named(
    tmp_path: Path, text: str, clinic: str, found: list[str]
) -> None:
    assert codes(tmp_path, text, clinic=clinic) == found


def test_what_is_no_web_address_has_no_host() -> None:
    assert host_of("https://[") == ""


def test_a_clinic_that_may_name_its_treatments_may_name_illnesses(tmp_path: Path) -> None:
    assert codes(tmp_path / "discreet", "How is the acne?") == ["health-detail"]
    assert codes(tmp_path / "open", "How is the acne?", clinic="sms_may_name_treatment: true\n") == []


def test_a_check_may_name_the_signs_that_it_asks_about(tmp_path: Path) -> None:
    assert codes(tmp_path, "Call us with fever, pus, blisters or more redness.") == []


@pytest.mark.parametrize("language", ["en", "fr", "es"])
@pytest.mark.parametrize("topic", ["promotion", "health"])
def test_every_language_has_words_for_every_topic(language: str, topic: str) -> None:
    assert finder(language, topic)
    assert finder(f"{language}-CA", topic)
    assert finder("xx", topic) is None


def test_words_are_found_whatever_their_case_and_accents() -> None:
    promotion, health = finder("fr", "promotion"), finder("es", "health")
    assert promotion
    assert health
    assert promotion.search(fold("20 euros de RÉDUCTION"))
    assert promotion.search(fold("nos  prix"))
    assert not promotion.search(fold("évitez à tout prix la réduction du repos"))
    assert health.search(fold("ALERGIA"))


@pytest.mark.parametrize(
    ("language", "word", "count"),
    [(it, word, count) for it, words in SYLLABLES.items() for word, count in words.items()],
)
def test_syllables_are_counted_as_people_count_them(language: str, word: str, count: int) -> None:
    assert COUNTERS[language](word) == count


def test_the_grade_is_that_of_the_published_formula() -> None:
    assert grade_of(sentences_of("The cat sat on the mat."), "en") == 0
    hard = sentences_of("Hypoallergenic emergency.")
    assert grade_of(hard, "en") == pytest.approx(0.39 * 2 + 11.8 * 5 - 15.59)
    # 206.84 - 1.02 * 4 - 60 * 1.5 = 112.8 and 207 - 1.015 * 2 - 73.6 * 2 = 57.8, by the table.
    assert grade_of(sentences_of("La piel es suave."), "es") == 4
    assert grade_of(sentences_of("Réponse souvent."), "fr") == pytest.approx(8 + (60 - 57.77) / 10 * 2)
    assert grade_of(hard, "de") is None
    assert grade_of([], "en") is None


@pytest.mark.parametrize(
    ("language", "easy", "hard"),
    [
        ("en", "Call us today. We can help.", "Consultation with our organisation is imperative immediately."),
        (
            "fr",
            "Restez à l'ombre. Appelez-nous.",
            "Une consultation immédiate de notre établissement est impérative.",
        ),
        ("es", "Llame hoy. Le ayudamos.", "Es imprescindible contactar inmediatamente con nuestro establecimiento."),
    ],
)
def test_a_hard_sentence_needs_a_higher_grade_than_an_easy_one(language: str, easy: str, hard: str) -> None:
    grades = [grade_of(sentences_of(text), language) for text in (easy, hard)]
    assert grades[0] is not None
    assert grades[1] is not None
    assert grades[0] <= 8 < grades[1]


def test_an_email_is_graded_without_its_footer_and_at_its_hardest_sentence(tmp_path: Path) -> None:
    laid_out(tmp_path)
    file = tmp_path / "templates/en/next_session/email.md"
    lines = file.read_text(encoding="utf-8").splitlines()
    hard = (
        "Notwithstanding individual dermatological characteristics, subsequent appointments necessitate evaluation."
    )
    file.write_text("\n".join([*lines, "", *[f"{hard}\n"] * 30]), encoding="utf-8")
    (problem,) = found_in(tmp_path)
    assert (problem.code, problem.line, problem.column) == ("hard-to-read", len(lines) + 2, 1)
    assert "“Notwithstanding individual dermatological characteristics subsequent”" in problem.message
