"""What follows from a reply, as a table: class and circumstances -> answer, who is told, consent, planned after."""

from typing import Any

import pytest

from scheduler.domain.automatic import is_automatic, plain
from scheduler.domain.consequences import MOST_ALERTS, MOST_ANSWERS, Heard, Keyword, Who, consequences
from scheduler.domain.triage import Triage

T = Triage
KNOWN, SHARED, UNKNOWN, STAFF, OURS = Who
Expected = tuple[str | None, str | None, str | None]
TABLE: list[tuple[Triage, Who, dict[str, Any], Expected]] = [
    # class, who, more, (answer, alert, change)
    (T.URGENT, KNOWN, {}, ("answer_urgent", "urgent", None)),
    (T.URGENT, SHARED, {}, ("answer_urgent", "urgent", None)),
    (T.URGENT, UNKNOWN, {}, ("answer_urgent", "urgent", None)),
    (T.URGENT, UNKNOWN, {"clinic": False}, (None, "urgent", None)),
    (T.URGENT, KNOWN, {"answers": MOST_ANSWERS, "alerts": MOST_ALERTS}, ("answer_urgent", "urgent", None)),
    (T.URGENT, KNOWN, {"answers": MOST_ANSWERS, "told_urgent": True}, (None, "urgent", None)),
    (T.URGENT, KNOWN, {"same": True, "waits": True}, (None, "urgent", None)),
    (T.URGENT, KNOWN, {"automatic": True}, (None, "urgent", None)),
    (T.URGENT, OURS, {}, (None, "urgent", None)),
    (T.URGENT, OURS, {"automatic": True}, (None, None, None)),
    (T.URGENT, STAFF, {}, (None, None, None)),
    (T.URGENT, KNOWN, {"stops": True}, ("answer_urgent", "urgent", "stop")),
    (T.CONCERN, KNOWN, {"asked": True}, ("answer_concern", None, None)),
    (T.CONCERN, KNOWN, {}, ("answer_concern", "reply", None)),
    (T.CONCERN, KNOWN, {"asked": True, "asks": True}, ("answer_concern", "reply", None)),
    (T.CONCERN, SHARED, {}, ("answer_concern", "reply", None)),
    (T.CONCERN, KNOWN, {"asked": True, "stops": True}, ("answer_stopped", "reply", "stop")),
    (T.CONCERN, KNOWN, {"automatic": True}, (None, "reply", None)),
    (T.FINE, KNOWN, {"asked": True}, ("answer_fine", None, None)),
    (T.FINE, KNOWN, {"media": True}, ("answer_unknown", "reply", None)),
    (T.FINE, SHARED, {}, ("answer_fine", "reply", None)),
    (T.FINE, UNKNOWN, {}, (None, "reply", None)),
    (T.QUESTION, KNOWN, {}, ("answer_question", "reply", None)),
    (T.QUESTION, KNOWN, {"same": True, "waits": True}, (None, None, None)),
    (T.QUESTION, KNOWN, {"same": True}, (None, "reply", None)),
    (T.QUESTION, KNOWN, {"alerts": MOST_ALERTS, "waits": True}, ("answer_question", "reply", None)),
    (T.QUESTION, UNKNOWN, {"reachable": False}, (None, "reply", None)),
    (T.URGENT, UNKNOWN, {"reachable": False}, (None, "urgent", None)),
    (T.QUESTION, KNOWN, {"on_page": True}, (None, "reply", None)),
    (T.UNKNOWN, KNOWN, {}, ("answer_unknown", "reply", None)),
    (T.UNKNOWN, KNOWN, {"alerts": MOST_ALERTS}, ("answer_unknown", "reply", None)),
    (T.UNKNOWN, KNOWN, {"alerts": MOST_ALERTS, "waits": True}, ("answer_unknown", None, None)),
    (T.UNKNOWN, KNOWN, {"alerts": MOST_ALERTS, "waits": True, "media": True}, ("answer_unknown", "reply", None)),
    (T.UNKNOWN, KNOWN, {"automatic": True}, (None, None, None)),
    (T.UNKNOWN, STAFF, {}, (None, None, None)),
    (T.HELP, KNOWN, {"keyword": Keyword.HELP}, (None, None, None)),
    (T.HELP, KNOWN, {}, ("answer_help", "reply", None)),
    (T.STOP, KNOWN, {"stops": True, "keyword": Keyword.STOP}, (None, None, "stop")),
    (T.STOP, KNOWN, {"stops": True, "keyword": Keyword.STOP, "media": True}, (None, "reply", "stop")),
    (T.STOP, KNOWN, {"stops": True}, ("answer_stopped", None, "stop")),
    (T.STOP, UNKNOWN, {"stops": True}, ("answer_stopped", None, "stop")),
    (T.STOP, KNOWN, {"stops": True, "stopped": True}, (None, None, "stop")),
    (T.URGENT, KNOWN, {"stops": True, "stopped": True}, ("answer_urgent", "urgent", "stop")),
    (T.STOP, UNKNOWN, {"stops": True, "clinic": False}, (None, None, "stop")),
    (T.STOP, OURS, {"stops": True}, (None, None, None)),
    (T.STOP, STAFF, {"stops": True}, (None, None, "stop")),
    (T.UNKNOWN, KNOWN, {"keyword": Keyword.STOP}, (None, None, "stop")),
    (T.START, KNOWN, {"keyword": Keyword.START}, (None, None, "start")),
    (T.START, KNOWN, {}, ("answer_started", None, "start")),
    (T.START, UNKNOWN, {}, (None, None, "start")),
    (T.WRONG_NUMBER, KNOWN, {"stops": True}, ("answer_wrong_number", "wrong_number", "wrong_number")),
    (T.WRONG_NUMBER, KNOWN, {"told_wrong": True}, (None, "wrong_number", "wrong_number")),
    (T.WRONG_NUMBER, UNKNOWN, {}, ("answer_wrong_number", "reply", "wrong_number")),
]


@pytest.mark.parametrize(("triage", "who", "more", "expected"), TABLE)
def test_a_reply_has_these_consequences(triage: Triage, who: Who, more: dict[str, Any], expected: Expected) -> None:
    follows = consequences(Heard(triage=triage, who=who, **more))
    assert (follows.answer, follows.alert, follows.change) == expected
    answer, _, change = expected
    assert follows.confirms == (answer is not None and change in ("stop", "wrong_number"))


def test_whatever_a_known_patient_answers_to_an_open_question_is_followed() -> None:
    for triage in Triage:
        assert consequences(Heard(triage=triage, who=KNOWN, asked=True)).follows
        assert not consequences(Heard(triage=triage, who=SHARED, asked=True)).follows
        assert not consequences(Heard(triage=triage, who=KNOWN, asked=True, automatic=True)).follows
    assert not consequences(Heard(triage=T.FINE, who=KNOWN, asked=True, media=True)).follows


def test_texts_are_the_same_whatever_their_case_accents_and_signs() -> None:
    assert plain("  C'est  ENFLÉ !! ") == plain("cest enfle")
    assert plain("👍") == plain("👍") != plain("👎")
    assert plain("1") != plain("2")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "👍",
        "1",
        "it reached my eye",
        "the driver was nice",
        "I replied already",
        "I am driving to the ER, my face is swelling",
        "Sorry, my text was not sent before: my face is swelling fast",
        "I am driving to you now, weird goo on my chin",
        "Je conduis vers l'hôpital",
        "Estoy conduciendo al hospital",
    ],
)
def test_what_a_person_writes_is_not_taken_for_a_machines(text: str) -> None:
    assert not is_automatic(text, ["our text"])


@pytest.mark.parametrize(
    "text",
    [
        "I'm driving right now.",
        "I'm driving with Do Not Disturb turned on. I'll see your message when I get where I'm going.",
        "Out of office: back on Monday",
        "Je conduis en ce moment.",
        "Estoy conduciendo ahora.",
    ],
)
def test_what_a_machine_writes_is_told_unless_it_speaks_of_signs(text: str) -> None:
    assert is_automatic(text, [])
    assert not is_automatic(text, [], T.URGENT)
    assert not is_automatic(text, [], T.CONCERN)


def test_our_own_text_is_known_whatever_it_speaks_of() -> None:
    assert is_automatic("Call us if you have a fever.", ["call us if you have a fever"], T.URGENT)
