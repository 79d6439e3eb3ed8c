"""A number that patients of several clinics share, who use one sender: nobody guesses which of them wrote."""

from dataclasses import replace

import pytest

from scheduler.domain.clinic import OnCall
from scheduler.domain.reasons import sentence
from scheduler.domain.states import Status
from scheduler.domain.triage import Triage
from tests.servers.twilio import TwilioServer
from tests.services.house import CHECK, PHONE, SMS, House, after
from tests.services.on_call import with_on_call
from tests.services.test_replies import REPLIED, asked, stopped, texts_to
from tests.services.texting import Text, alerts, answered, answers, replies

DESKS = {"north": "+14165550111", "south": "+14165550133"}


def one_sender(house: House) -> None:
    """Let both clinics write from one number, with somebody on call at each."""
    known = with_on_call(OnCall("Desk", sms=DESKS["north"]))
    north, south = known.clinics["north"], known.clinics["south"]
    same = replace(
        north, id="south", name="South", on_call=(OnCall("Tomás", sms=DESKS["south"]),), languages=south.languages
    )
    house.configuration = replace(known, clinics={"north": north, "south": same})


def both_asked(house: House) -> tuple[int, int]:
    """Ask Zoë of the one clinic and Boris of the other, who have the same number."""
    one_sender(house)
    boris = house.register(treatment="needling", clinic="south", name="Boris Lachance")
    return asked(house), boris


def test_both_clinics_are_told_of_what_sounds_bad_each_by_its_own_alert(
    any_live: House, twilio: TwilioServer
) -> None:
    both_asked(any_live)
    reply = Text("3 fever").send(any_live)
    assert (reply.triage, reply.clinic, reply.patient_id, reply.question) == (Triage.URGENT, None, None, None)
    assert {(it.clinic, it.kind.value) for it in alerts(any_live)} == {("north", "urgent"), ("south", "urgent")}
    any_live.dispatch(REPLIED)
    assert [len(texts_to(twilio, desk)) for desk in DESKS.values()] == [1, 1]
    assert answered(any_live) == ["answer_urgent"]
    assert "911" in texts_to(twilio)[-1]


def test_what_comes_after_it_is_told_to_both_again(live: House, twilio: TwilioServer) -> None:
    both_asked(live)
    for body in ("2", "3 fever"):
        Text(body).send(live)
    live.dispatch(REPLIED)
    assert [(it.clinic, it.kind.value) for it in alerts(live)[2:]] in (
        [("north", "urgent"), ("south", "urgent")],
        [("south", "urgent"), ("north", "urgent")],
    )
    assert [len(texts_to(twilio, desk)) for desk in DESKS.values()] == [2, 2]


def test_the_alerts_name_all_who_may_have_written_it(live: House) -> None:
    zoe, boris = both_asked(live)
    Text("2").send(live)
    for alert in alerts(live):
        said = sentence(alert.reasons, live.configuration.clinic("north").timezone)
        assert all(str(live.patient(it).id) in said for it in (zoe, boris))


def test_nothing_is_changed_for_one_alone(live: House) -> None:
    visits = both_asked(live)
    Text("2").send(live)
    assert all(("recheck", SMS) not in live.messages(it) for it in visits)
    Text("please stop texting me").send(live)
    assert [stopped(live, clinic) for clinic in DESKS] == [True, True]


@pytest.mark.parametrize("body", ["1", "2", "What time do you open?"])
def test_it_gets_one_answer(live: House, body: str) -> None:
    both_asked(live)
    Text(body).send(live)
    assert len(answers(live)) == 1
    live.dispatch(REPLIED)
    assert answers(live)[0].status is Status.ACCEPTED


def test_where_only_one_clinic_wrote_lately_it_is_that_ones(live: House) -> None:
    one_sender(live)
    live.register(
        clinic="south", name="Boris Lachance", treatment="needling", starts_at=after(CHECK, days=9).isoformat()
    )
    visit = asked(live)
    assert Text("2").send(live).patient_id == live.patient(visit).id
    assert replies(live)[0].clinic == "north"


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ("I have a fever and pus", "en"),
        ("3, j'ai de la fièvre", "fr"),
        ("3", "fr"),
        ("please stop texting me", "en"),
        ("arrêtez de m'écrire", "fr"),
        ("Stop.", "fr"),
        ("tengo fiebre y pus", "fr"),
    ],
)
def test_who_wrote_is_answered_in_the_language_of_the_words_where_no_patients_is_known(
    live: House, body: str, language: str
) -> None:
    north = live.configuration.clinics["north"]
    clinics = {**live.configuration.clinics, "north": replace(north, languages=("fr", "en"))}
    live.configuration = replace(live.configuration, clinics=clinics)
    Text(body, sender="+14165550188").send(live)
    assert [it.language for it in answers(live)] == [language] * len(answers(live))
    asked(live, language="en")
    live.register(treatment="needling", name="Max Lachance", language="fr")
    Text(body).send(live)
    assert answers(live)[-1].language == language


def test_a_patients_own_language_counts_before_that_of_the_words(live: House) -> None:
    asked(live, language="fr")
    Text("I have a fever and pus").send(live)
    assert [it.language for it in answers(live)] == ["fr"]


def test_of_a_patient_without_a_language_that_of_the_words_counts(live: House) -> None:
    asked(live)
    Text("3, j'ai de la fièvre", sender=PHONE).send(live)
    assert [it.language for it in answers(live)] == ["fr"]
