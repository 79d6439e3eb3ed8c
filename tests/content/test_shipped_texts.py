"""The rules that every shipped text keeps, from docs/reference/texts.md; the facts are in sources.md beside it."""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from scheduler.content.check import check_templates
from scheduler.content.gallery import pages
from scheduler.content.lint.ease import grade_in
from scheduler.content.notices import CHANNELS
from scheduler.content.render import render_email, render_sms
from scheduler.content.samples import SAMPLE_PAGE, SAMPLE_UNSUBSCRIBE, sample_advice, sample_variables
from scheduler.content.templates import FILES, Texts
from scheduler.content.variables import Variables
from scheduler.domain.clinic import Clinic
from scheduler.domain.protocol import Channel
from scheduler.paths import shipped
from scheduler.protocols.loader import load

TEMPLATES = shipped("templates")
CONFIGURATION = load(shipped("config"))
TEXTS = Texts(TEMPLATES)
DOCS = Path(__file__).parents[2] / "docs" / "reference"
LANGUAGES = ("en", "es", "fr")
USED = {
    step.template: (treatment, step.id)
    for treatment, protocol in CONFIGURATION.protocols.items()
    for step in protocol.steps
}
"""Each template with the last step that uses it."""
STEPS = sorted(USED)
CHECKS = [step for step in STEPS if step.endswith("check")]
CARE = [step for step in STEPS if not step.startswith(("next_session", "prepare"))]
RECALL = [step for step in STEPS if step.startswith("next_session")]
FILLER = [step for step in STEPS if step.startswith("filler")]
FILLER_BY_SMS = [step for step in FILLER if step != "filler_aftercare"]


@dataclass(frozen=True)
class Shown:
    """A step as a clinic sends it in a language."""

    clinic: Clinic
    step: str
    language: str

    @property
    def sms(self) -> str:
        return render_sms(TEXTS, self.step, self.language, self._values()).body

    @property
    def segments(self) -> int:
        return render_sms(TEXTS, self.step, self.language, self._values()).segments

    @property
    def email(self) -> str:
        made = render_email(TEXTS, self.step, self.language, self._values())
        return f"{made.subject}\n{made.text}"

    @property
    def email_without_page(self) -> str:
        return render_email(TEXTS, self.step, self.language, self._values(links=False)).text

    def _values(self, *, links: bool = True) -> Variables:
        treatment, step_id = USED[self.step]
        protocol = CONFIGURATION.protocol_for(self.clinic.id, treatment)
        step = protocol.step(step_id)
        assert step
        advice = sample_advice(self.clinic, protocol, step, CONFIGURATION.advice, self.language)
        return sample_variables(self.clinic, protocol, self.language, links=links).with_advice(advice)


def _shown(steps: list[str] = STEPS) -> list[ParameterSet]:
    return [
        pytest.param(Shown(clinic, step, language), id=f"{clinic.id}-{language}-{step}")
        for clinic in CONFIGURATION.clinics.values()
        for language in clinic.languages
        for step in steps
    ]


def test_the_shipped_texts_pass_the_check() -> None:
    assert check_templates(TEMPLATES, CONFIGURATION) == ()


def test_every_template_is_used_by_a_protocol_and_has_its_texts_in_every_language() -> None:
    found = {str(file.relative_to(TEMPLATES)) for file in TEMPLATES.rglob("*") if file.is_file()}
    files = {f"{step}/{name}" for step in STEPS for name in ("sms.txt", "email.md")}
    files |= {f"{name}/{FILES[channel]}" for name, channels in CHANNELS.items() for channel in channels}
    wanted = {f"{language}/{name}" for language in LANGUAGES for name in files | {"footer.md", "first_contact.txt"}}
    assert found - {"README.md"} == wanted


@pytest.mark.parametrize("shown", _shown())
def test_an_sms_begins_with_the_clinic_and_has_at_most_two_segments(shown: Shown) -> None:
    assert shown.sms.startswith(shown.clinic.name)
    assert shown.segments <= 2


@pytest.mark.parametrize("shown", _shown())
def test_an_sms_costs_one_segment_unless_the_clinics_own_name_makes_it_dear(shown: Shown) -> None:
    body = shown.sms.replace(shown.clinic.name, "Clinic Lumen")
    assert all(character not in body for character in "êâîôûëïçœÀáíóú")


@pytest.mark.parametrize("shown", _shown())
def test_no_sms_or_subject_names_a_treatment_or_a_patient(shown: Shown) -> None:
    subject = shown.email.partition("\n")[0]
    for word in ("needling", "peel", "laser", "filler", "radio", "Sample", "Muestra", "Exemple"):
        assert word.casefold() not in f"{shown.sms} {subject}".casefold()


@pytest.mark.parametrize("shown", _shown(CHECKS))
def test_every_check_carries_both_numbers_and_asks_for_1_2_or_3(shown: Shown) -> None:
    for text in (shown.sms, shown.email):
        assert "+1 416-555-0100" in text or "+34 910 00 00 00" in text
        assert re.search(rf"\b{shown.clinic.emergency_number}\b", text)
        assert all(re.search(rf"\b{digit}\b", text) for digit in "123")


HOURS = {"en": "in our opening hours", "fr": "aux heures d\u2019ouverture", "es": "en nuestro horario"}


@pytest.mark.parametrize("shown", _shown(CHECKS))
def test_a_check_by_email_is_answered_on_the_page_and_says_when_a_reply_by_email_is_read(shown: Shown) -> None:
    page = shown.email.index(SAMPLE_PAGE)
    assert page < shown.email.index("-----", shown.email.index("3."))  # above everything that is not the question
    assert HOURS[shown.language] in shown.email
    assert "https://" not in shown.email_without_page
    assert HOURS[shown.language] in shown.email_without_page


@pytest.mark.parametrize("shown", _shown())
def test_every_email_leads_to_the_page_and_out_of_the_emails_where_there_are_such_links(shown: Shown) -> None:
    footer = shown.email.partition("\n-- \n")[2]
    assert SAMPLE_PAGE in footer
    assert SAMPLE_UNSUBSCRIBE in footer
    assert "aftercare.example" not in shown.email_without_page


@pytest.mark.parametrize("shown", _shown(CARE))
def test_every_care_email_says_when_to_call_and_what_an_emergency_is(shown: Shown) -> None:
    signs = {
        "en": ["swelling", "pain", "pus", "bleeding", "fever", "blisters", "hives", "throat", "breathe", "faint"],
        "fr": ["gonflement", "douleur", "pus", "saignement", "fièvre", "cloques", "urticaire", "gorge", "respirez",
               "connaissance"],
        "es": ["hinchazón", "dolor", "pus", "sangrado", "fiebre", "ampollas", "urticaria", "garganta", "respirar",
               "desmaya"],
    }  # fmt: skip
    assert [sign for sign in signs[shown.language] if sign not in shown.email] == []


@pytest.mark.parametrize("shown", _shown(CARE))
def test_every_care_email_has_the_urgent_signs_of_all_treatments_since_messages_may_become_one(shown: Shown) -> None:
    signs = {
        "en": ["burns", "blisters", "numb", "change in the shape"],
        "fr": ["brûlures", "cloques", "engourdie", "changement de forme"],
        "es": ["quemaduras", "ampollas", "dormida", "cambio de forma"],
    }
    assert [sign for sign in signs[shown.language] if sign not in shown.email] == []


@pytest.mark.parametrize("shown", _shown(FILLER))
def test_every_filler_email_opens_with_the_signs_of_an_emergency_and_the_number_to_call_first(shown: Shown) -> None:
    signs = {
        "en": ["white", "blotchy", "blue", "pain is far stronger", "sight changes", "breathe"],
        "fr": ["blanche", "marbrée", "bleue", "douleur est bien plus forte", "vue change", "respirez mal"],
        "es": ["blanca", "manchas", "azul", "dolor es mucho más fuerte", "vista", "respirar"],
    }
    notice = " ".join(line.removeprefix("| ") for line in shown.email.splitlines() if line.startswith("|"))
    assert [sign for sign in signs[shown.language] if sign not in notice] == []
    assert notice.index(shown.clinic.emergency_number) < notice.index("+")
    assert shown.email.index(notice[:40]) < shown.email.index("-----", shown.email.index("-----") + 100)


@pytest.mark.parametrize("shown", _shown(FILLER_BY_SMS))
def test_the_first_filler_sms_and_its_checks_name_the_signs_with_the_emergency_number_first(shown: Shown) -> None:
    signs = {
        "en": ["white", "blue", "pain", "sight", "breath"],
        "fr": ["blanche", "bleue", "marbrée", "douleur", "vue", "respirer"],
        "es": ["blanca", "azul", "dolor", "ve", "respira mal"],  # two segments hold no more
    }
    assert [sign for sign in signs[shown.language] if sign not in shown.sms.casefold()] == []
    assert shown.sms.index(shown.clinic.emergency_number) < shown.sms.index("+")


def test_no_message_after_a_filler_or_a_laser_can_become_one_with_that_of_another_treatment() -> None:
    kinds = {
        treatment: {step.merges_as for step in protocol.steps}
        for treatment, protocol in CONFIGURATION.protocols.items()
    }
    for alone in ("dermal_filler", "ablative_laser"):
        assert not kinds[alone] & set[str]().union(*(kinds[other] for other in kinds.keys() - {alone}))


def test_messages_of_different_texts_that_become_one_have_a_text_for_that() -> None:
    texts = defaultdict[str, set[str]](set)
    for protocol in CONFIGURATION.protocols.values():
        for step in protocol.steps:
            texts[step.merges_as].add(step.template)
    shared = {kind for kind, templates in texts.items() if len(templates) > 1}
    assert shared == {"redness_check", "recheck", "week_check"}
    assert shared <= USED.keys()


NEVER = {
    "a painkiller": r"ibuprof|paracetamol|acetaminophen|acétaminophène|naprox|aspirin|tylenol|advil|analg|antidolor",
    "a word that carriers take": r"\b(YES|STOP|END|CANCEL|QUIT|ARRET|ARRÊT|ALTO|BAJA)\b",
    "a word that calms": r"\b(normal\w*|harmless|anodin\w*|inofensiv\w*)\b",
    "reassurance": r"don.t worry|no need to worry|nothing to worry|all is well|perfectly normal|rest assured"
    r"|ne vous inquiétez|rassur|pas d.inquiétude|tout va bien|no se preocupe|tranquil|todo va bien|no pasa nada",
    "a diagnosis": r"you have an? (infection|allergy|reaction)|vous avez une (infection|allergie)"
    r"|usted tiene una? (infección|alergia)",
    "promotion": r"[$€£%]|\b(offer|discount|deal|price|(?<!-)free|offre|promo\w*|rabais|remise|prix|gratuit|oferta"
    r"|descuento|precio|gratis)\b",
}  # fmt: skip


@pytest.mark.parametrize("shown", _shown())
@pytest.mark.parametrize("what", NEVER)
def test_no_text_has(shown: Shown, what: str) -> None:
    flags = 0 if what == "a word that carriers take" else re.IGNORECASE
    assert not re.search(NEVER[what], f"{shown.sms}\n{shown.email}", flags)


@pytest.mark.parametrize("shown", _shown([step for step in STEPS if step.endswith(("prepare", "avoid_actives"))]))
def test_who_was_prescribed_a_product_is_told_neither_to_stop_nor_to_go_on_but_to_call(shown: Shown) -> None:
    said = {
        "en": r"prescribed.*Do not stop it because of this message.*Call us",
        "fr": r"prescrit.*Ne l.arrêtez pas à cause de ce message.*Appelez-nous",
        "es": r"recetado.*No lo deje por este mensaje.*Llámenos",
    }
    go_on = r"keep using|keep it(,| and)|siga con|continuez|gardez-le"
    assert re.search(said[shown.language], " ".join(shown.email.split()))
    assert not re.search(go_on, f"{shown.sms}\n{shown.email}", re.IGNORECASE)


@pytest.mark.parametrize("shown", [case for case in _shown() if "-en-" in str(case.id)])
def test_english_reads_at_grade_seven_or_below(shown: Shown) -> None:
    for body in (shown.sms, shown.email):
        found = grade_in(body, "en", shown.clinic.name)
        assert found is not None
        assert found <= 7


@pytest.mark.parametrize("name", ["texts.md", *(f"texts-{language}.md" for language in LANGUAGES)])
def test_the_docs_show_the_texts_as_they_are(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    assert page == pages(TEMPLATES, CONFIGURATION)[name], "run: python -m scheduler.content.gallery"


KINDS = sorted(
    {
        (step.merges_as, step.template)
        for protocol in CONFIGURATION.protocols.values()
        for step in protocol.steps
        if step.merges_as != step.template
    }
)
CALLS = {"en": "Call us", "fr": "Appelez-nous", "es": "Llámenos"}


def signs(template: str, language: str) -> list[frozenset[str]]:
    """Return the words of each sign to call for, by the sections that are headed so."""
    text = TEXTS.file(template, language, Channel.EMAIL).read_text(encoding="utf-8")
    parts = [part for part in re.split(r"^## ", text, flags=re.MULTILINE) if part.startswith(CALLS[language])]
    lines = [line for part in parts for line in part.splitlines() if line.startswith("- ")]
    return [frozenset(re.findall(r"\w{4,}", line.lower())) for line in lines]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "template"), KINDS)
def test_the_text_of_a_kind_has_every_sign_of_those_that_it_stands_for(
    kind: str, template: str, language: str
) -> None:
    told = signs(kind, language)
    assert told
    assert [sign for sign in signs(template, language) if not any(sign <= it for it in told)] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "template"), KINDS)
def test_the_sms_of_a_kind_says_what_those_say_that_it_stands_for(kind: str, template: str, language: str) -> None:
    own, common = (TEXTS.file(it, language, Channel.SMS).read_text(encoding="utf-8") for it in (template, kind))
    assert own == common
