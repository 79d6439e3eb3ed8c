"""The check-in on a patient's page: read like a text message, but what is ticked counts whatever is written."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from scheduler.domain.notice import MessageKind
from scheduler.domain.triage import Triage
from scheduler.store.consents import is_stopped
from scheduler.store.replies import Reply, latest_replies
from scheduler.store.tables import alerts, messages
from scheduler.web.checkin import CONCERN, MOST, URGENT, CheckIn
from scheduler.web.pages import LANGUAGES, words
from tests.services.house import CHECK, EMAIL, MAIL, PHONE, SMS, House, after, configuration
from tests.web.patients import Visitor, form_id, heading_of, text_of


def asked(house: House, **more: str) -> str:
    """Register somebody whose check has gone out; return the path of the page."""
    appointment = house.register(**more)
    house.dispatch(CHECK)
    return Visitor(house).link(appointment)


def replies(house: House) -> tuple[Reply, ...]:
    with house.store.read() as tx:
        return latest_replies(tx)


def raised(house: House) -> list[str]:
    with house.store.read() as tx:
        return list(tx.connection.execute(sa.select(alerts.c.kind).order_by(alerts.c.id)).scalars())


def sent(house: House, kind: MessageKind) -> int:
    with house.store.read() as tx:
        counted = sa.select(sa.func.count()).select_from(messages).where(messages.c.kind == kind)
        return tx.connection.scalar(counted) or 0


def test_the_form_is_there_while_a_question_is_open(house: House) -> None:
    appointment = house.register()
    visitor = Visitor(house)
    link = visitor.link(appointment)
    assert "How is your skin now?" not in text_of(visitor.get(link))
    house.dispatch(CHECK)
    assert "How is your skin now?" in text_of(visitor.get(link))
    house.clock.move_to(after(CHECK, days=8))
    assert "How is your skin now?" not in text_of(visitor.get(link))


@pytest.mark.parametrize(
    ("form", "triage", "heading", "alert"),
    [
        ({"direction": "better"}, Triage.FINE, "Thank you for telling us", []),
        ({"direction": "same"}, Triage.CONCERN, "Thank you for telling us", ["reply"]),
        ({"direction": "worse"}, Triage.URGENT, "Please call us now", ["urgent"]),
        ({"sign": ["redness", "pain"]}, Triage.CONCERN, "Thank you for telling us", ["reply"]),
        ({"direction": "better", "sign": "fever"}, Triage.URGENT, "Please call us now", ["urgent"]),
        ({"words": "When can I swim?"}, Triage.QUESTION, "Thank you, we have your message", ["reply"]),
        ({"words": "Hmm"}, Triage.UNKNOWN, "Thank you, we have your message", ["reply"]),
    ],
)
def test_each_answer_is_read_kept_and_told_what_happens_now(
    any_house: House, form: dict[str, str], triage: Triage, heading: str, alert: list[str]
) -> None:
    visitor = Visitor(any_house)
    answer = visitor.answer(asked(any_house), **form)
    assert (answer.status_code, heading_of(answer)) == (200, heading)
    (reply,) = replies(any_house)
    assert (reply.triage, reply.source, reply.patient_id, reply.question) == (
        triage,
        "page",
        any_house.patient(1).id,
        any_house.message(1, "check").id,
    )
    assert (raised(any_house), len(visitor.wakes)) == (alert, 1)
    for number in ("+1 416-555-0100", "911"):
        assert number in text_of(answer)


def test_the_page_is_the_answer_and_no_text_is_sent_beside_it(house: House) -> None:
    house.configuration = configuration()
    Visitor(house).answer(asked(house), direction="worse")
    assert sent(house, MessageKind.ANSWER) == 0
    assert sent(house, MessageKind.ALERT) > 0


def test_what_sounds_bad_is_answered_with_the_numbers_first(house: House) -> None:
    said = text_of(Visitor(house).answer(asked(house), sign="pus"))
    assert said.startswith("Please call us now Call us: +1 416-555-0100")
    assert said.index("call 911 first") < said.index("We are telling our team")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_urgent_tick_is_urgent_and_a_mild_one_no_less_than_a_concern(language: str) -> None:
    said = words(language)
    signs = {*said["symptoms"], "worse", "same", "better"}
    assert signs == URGENT | CONCERN | {"better"}
    for sign in signs - {"better"}:
        is_direction = sign in ("worse", "same")
        form = CheckIn("", direction=sign) if is_direction else CheckIn("", direction="better", signs=(sign,))
        ticked = form.ticked(said)
        assert ticked
        assert ticked.triage is (Triage.URGENT if sign in URGENT else Triage.CONCERN), sign
        assert ticked.because[0] in form.text(said), sign
    assert CheckIn("", direction="better", words="pus").ticked(said) is None


@pytest.mark.parametrize("soothing", ["All is well, no fever!", "1", "Thanks, it is much better", "stop"])
def test_no_words_take_an_urgent_tick_back(house: House, soothing: str) -> None:
    answer = Visitor(house).answer(asked(house), direction="better", sign="patches", words=soothing)
    assert heading_of(answer) == "Please call us now"
    assert replies(house)[0].triage is Triage.URGENT


def test_words_that_sound_bad_count_whatever_is_ticked(house: House) -> None:
    answer = Visitor(house).answer(asked(house), direction="better", words="there is pus and I have a fever")
    assert heading_of(answer) == "Please call us now"


def test_the_clinics_team_reads_what_was_chosen_in_words(house: House) -> None:
    link = asked(house, language="fr")
    Visitor(house).answer(link, direction="same", sign=["pain", "redness"], words="Depuis ce matin.\r\nUn peu.")
    assert replies(house)[0].body == "Pareil.\nRougeur.\nDouleur.\nDepuis ce matin.\nUn peu."


def test_a_form_that_is_sent_twice_is_one_reply_and_shows_the_same_page(any_house: House) -> None:
    visitor, link = Visitor(any_house), asked(any_house)
    form = form_id(visitor.get(link).text)
    answers = [visitor.post(f"{link}/answer", form=form, direction="worse", sign="pus") for _ in range(3)]
    assert {heading_of(it) for it in answers} == {"Please call us now"}
    assert (len(replies(any_house)), raised(any_house)) == (1, ["urgent"])


@pytest.mark.parametrize("worse", [{"direction": "worse"}, {"sign": "pus"}, {"words": "I have a fever"}])
def test_a_form_that_is_filled_in_anew_and_sent_again_is_another_reply(
    any_house: House, worse: dict[str, str]
) -> None:
    visitor, link = Visitor(any_house), asked(any_house)
    form = form_id(visitor.get(link).text)
    answers = [visitor.post(f"{link}/answer", form=form, **it) for it in ({"direction": "better"}, worse)]
    assert [heading_of(it) for it in answers] == ["Thank you for telling us", "Please call us now"]
    assert [it.triage for it in replies(any_house)] == [Triage.URGENT, Triage.FINE]
    assert raised(any_house) == ["urgent"]


def test_what_is_written_is_not_what_is_ticked_though_the_words_are_the_same(house: House) -> None:
    visitor, link = Visitor(house), asked(house)
    form = form_id(visitor.get(link).text)
    visitor.post(f"{link}/answer", form=form, words="The same.")
    visitor.post(f"{link}/answer", form=form, direction="same")
    assert len(replies(house)) == 2


def test_a_form_that_is_sent_by_many_fingers_at_once_is_one_reply(any_house: House) -> None:
    visitor, link = Visitor(any_house), asked(any_house)
    form = form_id(visitor.get(link).text)
    with ThreadPoolExecutor(8) as fingers:
        answers = list(fingers.map(lambda _: visitor.post(f"{link}/answer", form=form, direction="worse"), range(8)))
    assert {it.status_code for it in answers} == {200}
    assert (len(replies(any_house)), raised(any_house)) == (1, ["urgent"])


def test_a_patient_can_answer_again_when_something_has_changed(house: House) -> None:
    visitor, link = Visitor(house), asked(house)
    for way in ("better", "worse"):
        visitor.answer(link, direction=way)
    assert [it.triage for it in replies(house)] == [Triage.URGENT, Triage.FINE]


def test_the_form_of_one_patient_is_nothing_to_another(house: House) -> None:
    zoe = asked(house)
    ana = Visitor(house).link(house.register(name="Ana Ruiz", phone="+14165550124", email="ana@patients.example"))
    house.dispatch(after(CHECK, minutes=5))
    visitor = Visitor(house)
    form = form_id(visitor.get(zoe).text)
    assert heading_of(visitor.post(f"{zoe}/answer", form=form, direction="worse")) == "Please call us now"
    assert heading_of(visitor.post(f"{ana}/answer", form=form, direction="better")) == "Thank you for telling us"
    assert len({it.patient_id for it in replies(house)}) == 2


def test_an_empty_form_is_given_back_with_what_to_do_and_the_focus_on_it(house: House) -> None:
    answer = Visitor(house).answer(asked(house), words="  ")
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert 'tabindex="-1" autofocus' in answer.text
    assert '<a href="#better">Choose one, tick what you notice, or write a few words</a>' in answer.text
    assert replies(house) == ()


def test_what_was_filled_in_is_still_there_when_it_was_too_long(house: House) -> None:
    written = "<script>alert(1)</script>" + "é" * MOST
    answer = Visitor(house).answer(asked(house), words=written)
    assert answer.status_code == 422
    assert "&lt;script&gt;alert(1)&lt;/script&gt;ééé" in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert replies(house) == ()


def test_what_was_ticked_is_taken_however_long_the_words_beside_it_are(house: House) -> None:
    answer = Visitor(house).answer(asked(house), direction="worse", sign="fever", words="é" * (MOST + 1))
    assert answer.status_code == 200
    (reply,) = replies(house)
    assert reply.triage is Triage.URGENT


@pytest.mark.parametrize(
    "form",
    [
        {"direction": "worse"},
        {"form": "short", "direction": "worse"},
        {"form": "A" * 22, "direction": "best"},
        {"form": "A" * 22, "sign": "rainbow"},
        {"form": "A" * 22, "sign": [str(number) for number in range(200)]},
    ],
)
def test_what_our_form_can_not_have_sent_is_not_taken(house: House, form: dict[str, str]) -> None:
    assert Visitor(house).post(f"{asked(house)}/answer", **form).status_code == 422
    assert replies(house) == ()


def test_what_is_no_form_or_too_long_is_not_taken(house: House) -> None:
    visitor, link = Visitor(house), asked(house)
    for body, kind in ((b"{}", "application/json"), (b"words=\xff", "application/x-www-form-urlencoded")):
        answer = visitor.ask("POST", f"{link}/answer", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 422
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert visitor.ask("POST", f"{link}/answer", content=b"words=" + b"a" * 70_000, headers=form).status_code == 422
    assert replies(house) == ()


@pytest.mark.parametrize(
    "words", ["a\x00b", "😀🔥", "\u202eabc", "'; DROP TABLE replies; --", "{{ 7 * 7 }}", "é" * MOST]
)
def test_any_words_are_kept_as_they_are(any_house: House, words: str) -> None:
    assert Visitor(any_house).answer(asked(any_house), words=words).status_code == 200
    assert replies(any_house)[0].body == words


@pytest.mark.parametrize(
    ("way", "heading", "alert"),
    [("worse", "Please call us now", "urgent"), ("better", "Thank you for telling us", "reply")],
)
def test_an_answer_to_a_question_that_closed_meanwhile_is_taken_and_reaches_a_person(
    any_house: House, way: str, heading: str, alert: str
) -> None:
    visitor, link = Visitor(any_house), asked(any_house)
    form = form_id(visitor.get(link).text)
    any_house.clock.move_to(after(CHECK, days=8))
    answer = visitor.post(f"{link}/answer", form=form, direction=way)
    assert (answer.status_code, heading_of(answer)) == (200, heading)
    (reply,) = replies(any_house)
    assert (reply.patient_id, reply.question, raised(any_house)) == (any_house.patient(1).id, None, [alert])


@pytest.mark.parametrize("lacks", ["", "phone", "email"])
def test_who_writes_stop_on_the_page_gets_no_more_messages_at_all_and_is_told_so(
    any_house: House, lacks: str
) -> None:
    link = asked(any_house, **({lacks: ""} if lacks else {}))
    answer = Visitor(any_house).answer(link, words="please stop sending me messages")
    assert "sends you no more messages" in text_of(answer)
    has = {SMS: PHONE, EMAIL: MAIL}
    with any_house.store.read() as tx:
        stopped = {channel for channel, address in has.items() if is_stopped(tx, "north", channel, address)}
    assert stopped == {channel for channel in has if channel.value != {"phone": "sms"}.get(lacks, lacks)}
    said = any_house.ledger(1)
    assert len(said) == 6
    assert {lines[-1] for lines in said.values()} == {"revoked"}


def test_who_has_no_phone_answers_on_the_page_like_anybody(house: House) -> None:
    link = asked(house, phone="")
    answer = Visitor(house).answer(link, direction="worse", words="stop")
    assert heading_of(answer) == "Please call us now"
    assert "sends you no more messages" in text_of(answer)
    assert raised(house) == ["urgent"]


def test_who_has_no_phone_and_wants_messages_again_reaches_a_person(house: House) -> None:
    Visitor(house).answer(asked(house, phone=""), words="start")
    assert raised(house) == ["reply"]
