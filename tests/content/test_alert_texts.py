"""What tells the people on call: which clinic, since when, where to take it, and nothing of a patient."""

import re
from dataclasses import replace

import pytest
from _pytest.mark.structures import ParameterSet

from scheduler.content.render import render_email, render_sms
from scheduler.content.samples import SAMPLE_ALERT, sample_alert
from scheduler.content.templates import Texts
from scheduler.content.variables import Absent
from scheduler.domain.alert import AlertKind, template_of
from scheduler.domain.clinic import Clinic
from scheduler.domain.segments import Encoding
from scheduler.paths import shipped
from scheduler.protocols.loader import load

CONFIGURATION = load(shipped("config"))
TEXTS = Texts(shipped("templates"))
PLAIN_NAME = "Clinic Lumen"


def _alerts() -> list[ParameterSet]:
    return [
        pytest.param(clinic, language, kind, id=f"{clinic.id}-{language}-{kind}")
        for clinic in CONFIGURATION.clinics.values()
        for language in clinic.languages
        for kind in AlertKind
    ]


@pytest.mark.parametrize(("clinic", "language", "kind"), _alerts())
def test_an_alert_says_which_clinic_since_when_and_where_to_take_it(
    clinic: Clinic, language: str, kind: AlertKind
) -> None:
    variables = sample_alert(clinic, language, kind)
    sms = render_sms(TEXTS, template_of(kind), language, variables).body
    email = render_email(TEXTS, template_of(kind), language, variables)
    assert sms.startswith(clinic.name)
    assert sms.endswith(f" {SAMPLE_ALERT}")  # nothing after it: a phone would take a full stop into the link
    assert clinic.name in email.text
    for text in (sms, email.text):
        assert SAMPLE_ALERT in text
        assert str(variables.values["alert.since"]) in text


@pytest.mark.parametrize(("clinic", "language", "kind"), _alerts())
def test_an_alert_costs_two_segments_unless_the_clinics_own_name_makes_it_dear(
    clinic: Clinic, language: str, kind: AlertKind
) -> None:
    variables = sample_alert(replace(clinic, name=PLAIN_NAME), language, kind)
    sms = render_sms(TEXTS, template_of(kind), language, variables)
    assert (sms.encoding, sms.segments <= 2) == (Encoding.GSM7, True)


@pytest.mark.parametrize(("clinic", "language", "kind"), _alerts())
def test_an_alert_goes_out_even_if_it_is_not_known_since_when(clinic: Clinic, language: str, kind: AlertKind) -> None:
    known = sample_alert(clinic, language, kind)
    bare = replace(known, values={**known.values, "alert.since": Absent("alert.since")})
    assert SAMPLE_ALERT in render_sms(TEXTS, template_of(kind), language, bare).body
    assert SAMPLE_ALERT in render_email(TEXTS, template_of(kind), language, bare).text


@pytest.mark.parametrize("language", ["en", "fr", "es"])
def test_every_kind_of_alert_says_something_else(language: str) -> None:
    clinic = next(one for one in CONFIGURATION.clinics.values() if language in one.languages)
    said = {
        render_sms(TEXTS, template_of(kind), language, sample_alert(clinic, language, kind)).body
        for kind in AlertKind
    }
    assert len(said) == len(AlertKind)


def test_staff_are_not_told_that_they_had_a_visit() -> None:
    lumiere = CONFIGURATION.clinics["lumiere"]
    for language in lumiere.languages:
        mail = render_email(TEXTS, "alert_urgent", language, sample_alert(lumiere, language, AlertKind.URGENT)).text
        assert not re.search("visit|rendez-vous|Unsubscribe|Désabonnez", mail.partition("\n-- \n")[2])
