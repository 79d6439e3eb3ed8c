"""What answers and alerts say, and never say: docs/explanation/texts.md has the rules and their sources."""

import re
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import pytest
from _pytest.mark.structures import ParameterSet

from scheduler.content.gallery_notices import NOTICES
from scheduler.content.lint.ease import grade_in
from scheduler.content.notices import ALERTS, ANSWERS, CHANNELS
from scheduler.content.render import RenderedSms, render_first_contact, render_sms
from scheduler.content.samples import sample_alert, sample_answer
from scheduler.content.templates import Texts
from scheduler.domain.alert import AlertKind, template_of
from scheduler.domain.clinic import Clinic, SmsSender
from scheduler.domain.consequences import Heard, Keyword, Who, consequences
from scheduler.domain.lexicon import Lexicon
from scheduler.domain.protocol import Channel
from scheduler.domain.segments import Encoding
from scheduler.domain.triage import Triage, triage
from scheduler.paths import shipped
from scheduler.protocols.lexicons import load_lexicons
from scheduler.protocols.loader import load
from tests.content.test_shipped_texts import NEVER

CONFIGURATION = load(shipped("config"))
TEXTS = Texts(shipped("templates"))
PLAIN_NAME = "Clinic Lumen"
MEDICAL = ["answer_urgent", "answer_concern", "answer_fine", "answer_question", "answer_unknown", "answer_help"]


@dataclass(frozen=True)
class Answer:
    """An answer as a clinic gives it in a language."""

    clinic: Clinic
    name: str
    language: str

    @property
    def body(self) -> str:
        return self.as_of(self.clinic).body

    def as_of(self, clinic: Clinic) -> RenderedSms:
        return render_sms(TEXTS, self.name, self.language, sample_answer(clinic, self.language))


def _answers(names: tuple[str, ...] | list[str] = ANSWERS) -> list[ParameterSet]:
    return [
        pytest.param(Answer(clinic, name, language), id=f"{clinic.id}-{language}-{name}")
        for clinic in CONFIGURATION.clinics.values()
        for language in clinic.languages
        for name in names
    ]


def _one_way(clinic: Clinic) -> Clinic:
    return replace(clinic, sms=SmsSender(name="Lumiere"))


def _phone(clinic: Clinic) -> str:
    return str(sample_answer(clinic, clinic.languages[0]).values["clinic.phone"])


@cache
def _lexicons() -> tuple[Lexicon, ...]:
    return load_lexicons(shipped("config"))


def test_whatever_a_patient_writes_the_answer_that_follows_is_written() -> None:
    heard = [
        Heard(what, who, stops=stops, keyword=keyword, media=media, asked=asked)
        for what, who, stops, keyword, media, asked in product(
            Triage, Who, (False, True), (None, *Keyword), (False, True), (False, True)
        )
        if stops or what is not Triage.STOP
    ]
    given = {consequences(one).answer for one in heard}
    assert given - {None} == set(ANSWERS)


def test_every_kind_of_alert_has_a_text_and_every_text_is_in_the_reference() -> None:
    assert {template_of(kind) for kind in AlertKind} == set(ALERTS)
    assert list(NOTICES) == list(CHANNELS)


@pytest.mark.parametrize("answer", _answers())
def test_an_answer_begins_with_the_clinic_and_carries_its_phone(answer: Answer) -> None:
    assert answer.body.startswith(answer.clinic.name)
    assert _phone(answer.clinic) in answer.body


@pytest.mark.parametrize("answer", _answers())
def test_an_answer_is_plain_and_short_unless_the_clinics_own_name_makes_it_dear(answer: Answer) -> None:
    plain = answer.as_of(replace(answer.clinic, name=PLAIN_NAME))
    assert plain.encoding is Encoding.GSM7
    assert plain.segments <= (1 if answer.name in ("answer_stopped", "answer_started") else 2)


@pytest.mark.parametrize("answer", _answers(MEDICAL))
def test_what_answers_a_worry_carries_the_emergency_number(answer: Answer) -> None:
    assert re.search(rf"\b{answer.clinic.emergency_number}\b", answer.body)


@pytest.mark.parametrize("answer", _answers(["answer_urgent"]))
def test_the_urgent_answer_says_to_call_now_and_when_to_call_the_emergency_number_first(answer: Answer) -> None:
    signs = {
        "en": ["call us now", "first", "breathe", "faint", "lips", "tongue", "throat", "eyes", "very ill",
               "sight changes", "white or blue"],
        "fr": ["appelez-nous maintenant", "abord", "respirez", "connaissance", "lèvres", "langue", "gorge", "yeux",
               "très mal", "voyez mal", "blanchit ou bleuit"],
        "es": ["llame ahora", "primero", "respirar", "desmaya", "labios", "lengua", "garganta", "ojos", "muy mal",
               "ve mal", "blanca o azul"],
    }  # fmt: skip
    assert [sign for sign in signs[answer.language] if sign not in answer.body] == []
    assert answer.body.index(_phone(answer.clinic)) < answer.body.index(f"{answer.clinic.emergency_number} ")


@pytest.mark.parametrize("answer", _answers(["answer_fine", "answer_concern"]))
def test_who_is_fine_or_not_sure_is_told_when_to_call(answer: Answer) -> None:
    signs = {
        "en": ["pain", "pus", "fever", "blisters", "at once"],
        "fr": ["douleur", "pus", "fièvre", "cloques", "tout de suite"],
        "es": ["dolor", "pus", "fiebre", "ampollas", "enseguida"],
    }
    assert [sign for sign in signs[answer.language] if sign not in answer.body] == []


@pytest.mark.parametrize("answer", _answers(["answer_concern"]))
def test_a_concern_is_told_to_call_the_same_day_and_that_another_question_may_come(answer: Answer) -> None:
    said = {"en": "call us today.*We may ask", "fr": "aujourd.hui.*pourrions", "es": "llame hoy.*Puede que"}
    assert re.search(said[answer.language], answer.body)


@pytest.mark.parametrize("answer", _answers(["answer_question", "answer_unknown"]))
def test_who_has_to_wait_for_a_person_is_told_so_with_the_hours(answer: Answer) -> None:
    said = {"en": "A person .*in our opening hours", "fr": "Une personne .*aux heures d'ouverture",
            "es": "Una persona .*en nuestro horario"}  # fmt: skip
    assert re.search(said[answer.language], answer.body)


@pytest.mark.parametrize("answer", _answers())
@pytest.mark.parametrize("what", [what for what in NEVER if what != "a word that carriers take"])
def test_no_answer_has(answer: Answer, what: str) -> None:
    assert not re.search(NEVER[what], answer.body, re.IGNORECASE)


@pytest.mark.parametrize("answer", _answers())
def test_no_answer_claims_that_anyone_has_read_it_or_names_a_treatment_or_a_page(answer: Answer) -> None:
    read = r"(has|have|was|been) (read|seen)|\b(a|ont) (lu|vu)\b|été (lu|vu)|(ha|han|sido) (leído|visto)"
    assert not re.search(f"{read}|needling|peel|laser|filler|https?:", answer.body, re.IGNORECASE)


@pytest.mark.parametrize("answer", _answers(["answer_stopped", "answer_started", "answer_help"]))
def test_a_word_to_reply_with_is_named_only_where_a_reply_arrives_and_is_understood(answer: Answer) -> None:
    word = "START" if answer.name == "answer_stopped" else "STOP"
    assert re.search(rf"\b{word}\b", answer.body)
    assert triage(word, _lexicons()).triage is (Triage.START if word == "START" else Triage.STOP)
    assert word not in answer.as_of(_one_way(answer.clinic)).body


@pytest.mark.parametrize(("language", "stops", "helps"), [
    ("en", ["STOP"], ["HELP"]), ("fr", ["STOP", "ARRET"], ["AIDE"]), ("es", ["STOP", "PARAR"], ["AYUDA"]),
])  # fmt: skip
def test_the_first_contact_names_words_that_work(language: str, stops: list[str], helps: list[str]) -> None:
    clinic = next(one for one in CONFIGURATION.clinics.values() if language in one.languages)
    line = render_first_contact(TEXTS, language, sample_answer(clinic, language))
    assert set(re.findall(r"\b[A-Z]{4,}\b", line)) == {*stops, *helps}
    assert {triage(word, _lexicons()).triage for word in stops} == {Triage.STOP}
    assert {triage(word, _lexicons()).triage for word in helps} == {Triage.HELP}


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_the_first_contact_of_a_sender_that_nobody_can_answer_says_whom_to_call(language: str) -> None:
    clinic = next(one for one in CONFIGURATION.clinics.values() if language in one.languages)
    line = render_first_contact(TEXTS, language, sample_answer(_one_way(clinic), language))
    assert _phone(clinic) in line
    assert "STOP" not in line


@pytest.mark.parametrize("answer", [case for case in _answers() if "-en-" in str(case.id)])
def test_an_english_answer_reads_at_grade_six_or_below(answer: Answer) -> None:
    numbers = rf"{re.escape(_phone(answer.clinic))}|{answer.clinic.emergency_number}|{answer.clinic.name}"
    found = grade_in(re.sub(numbers, "", answer.body), "en", answer.clinic.name)
    assert found is not None
    assert found <= 6


def test_answers_and_alerts_know_nothing_of_a_patient_or_a_treatment() -> None:
    lumiere = CONFIGURATION.clinics["lumiere"]
    for variables in (sample_answer(lumiere, "fr"), sample_alert(lumiere, "fr", AlertKind.URGENT)):
        known = {name for name, value in variables.values.items() if value}
        assert not [name for name in known if name.startswith(("patient", "treatment", "appointment", "window"))]


def test_answers_are_written_for_sms_and_alerts_for_both() -> None:
    assert {CHANNELS[name] for name in ANSWERS} == {(Channel.SMS,)}
    assert {CHANNELS[name] for name in ALERTS} == {(Channel.SMS, Channel.EMAIL)}
