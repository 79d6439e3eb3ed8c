"""The inbox: answering, sending and being stopped by what came meanwhile."""

import pytest
from fastapi import FastAPI

from scheduler.store.alerts import open_alerts
from scheduler.store.replies import get_reply
from tests.servers.twilio import TwilioServer
from tests.services.house import House, after
from tests.services.test_replies import AT_NIGHT, REPLIED, texts_to
from tests.services.texting import Text, alerts
from tests.services.writing import answer_by_hand
from tests.web.console.inboxes import form_in, somebody, thread_of
from tests.web.desk import Visitor


def test_an_answer_is_looked_at_then_sent_once(ward: House, anna: Visitor, twilio: TwilioServer) -> None:
    path, _ = thread_of(ward, "May I swim?")
    fields = {
        **form_in(anna.get(path).text),
        "channel": "sms",
        "words": "Not today \N{EN DASH} in two days you may. 🙂",
    }
    looked = anna.post(f"{path}/answer", {**fields, "do": "preview"})
    assert looked.status_code == 200
    assert "UCS-2" in looked.text
    assert "Not today - in two days" in looked.text
    assert form_in(looked.text)["form"] == fields["form"]
    for _ in range(2):
        assert anna.post(f"{path}/answer", {**fields, "do": "send"}).status_code == 303
    ward.dispatch(after(REPLIED, minutes=1))
    assert texts_to(twilio).count("Not today - in two days you may. 🙂") == 1
    page = anna.get(path).text
    assert "anna wrote" in page
    (alert,) = alerts(ward)
    assert alert.taken_by == "user:anna"


def test_sending_and_closing_are_one_button(ward: House, anna: Visitor) -> None:
    path, reply = thread_of(ward, "May I swim?")
    fields = {**form_in(anna.get(path).text), "channel": "sms", "words": "Not today."}
    assert anna.post(f"{path}/answer", {**fields, "do": "send_close"}).headers["location"] == "/desk/inbox"
    with ward.store.read() as tx:
        assert open_alerts(tx) == ()
        assert get_reply(tx, reply).handled_by == "user:anna"


def test_of_two_who_answer_the_second_is_told_and_keeps_what_was_typed(
    ward: House, app: FastAPI, anna: Visitor, twilio: TwilioServer
) -> None:
    path, _ = thread_of(ward, "May I swim?")
    ben = somebody(ward, app, "ben")
    hers, his = form_in(anna.get(path).text), form_in(ben.get(path).text)
    anna.post(f"{path}/answer", {**hers, "channel": "sms", "words": "Yes.", "do": "send"})
    late = ben.post(f"{path}/answer", {**his, "channel": "sms", "words": "No, never.", "do": "send"})
    assert late.status_code == 409
    assert "anna has answered meanwhile" in late.text
    assert "No, never." in late.text
    again = {**form_in(late.text), "channel": "sms", "words": "As she says.", "do": "send"}
    assert ben.post(f"{path}/answer", again).status_code == 303
    ward.dispatch(after(REPLIED, minutes=1))
    assert "No, never." not in texts_to(twilio)


@pytest.mark.parametrize("do", ["send", "send_close"])
@pytest.mark.parametrize("looked", [False, True])
def test_an_answer_stops_once_for_what_the_patient_wrote_while_it_was_typed(
    ward: House, anna: Visitor, twilio: TwilioServer, do: str, looked: bool
) -> None:
    path, _ = thread_of(ward, "May I swim?")
    form = {**form_in(anna.get(path).text), "channel": "sms", "words": "Sure you may.", "do": do}
    ward.clock.move_to(after(REPLIED, minutes=2))
    Text("Actually it is bleeding a lot").send(ward)
    if looked:
        form |= form_in(anna.post(f"{path}/answer", {**form, "do": "preview"}).text)
    late = anna.post(f"{path}/answer", form)
    assert late.status_code == 409
    assert "The patient has written meanwhile" in late.text
    assert "This did not happen" in late.text
    assert "Please mend this first" not in late.text
    assert "Actually it is bleeding a lot" in late.text
    assert "Sure you may." in late.text
    ward.dispatch(after(REPLIED, minutes=3))
    assert "Sure you may." not in texts_to(twilio)
    assert anna.post(f"{path}/answer", {**form, **form_in(late.text)}).status_code == 303


def test_a_text_to_a_patient_stops_once_for_what_the_patient_and_a_colleague_wrote_meanwhile(
    ward: House, anna: Visitor
) -> None:
    _, reply = thread_of(ward, "May I swim?")
    with ward.store.read() as tx:
        path = f"/desk/patients/{get_reply(tx, reply).patient_id}/write"
    form = {**form_in(anna.get(path).text), "channel": "sms", "words": "We found your scarf.", "do": "send"}
    Text("Actually it is bleeding a lot").send(ward)
    answer_by_hand(ward, reply, "Call us.", by="user:ben")
    late = anna.post(path, form)
    assert late.status_code == 409
    for text in ("The patient has written meanwhile", "bleeding a lot", "ben has answered meanwhile", "your scarf"):
        assert text in late.text
    assert anna.post(path, {**form, **form_in(late.text)}).status_code == 303


def test_a_text_without_words_or_too_long_for_an_sms_keeps_what_was_typed(ward: House, anna: Visitor) -> None:
    path, _ = thread_of(ward, "May I swim?")
    fields = {**form_in(anna.get(path).text), "channel": "sms", "do": "send"}
    empty = anna.post(f"{path}/answer", {**fields, "words": "   "})
    long = anna.post(f"{path}/answer", {**fields, "words": "x" * 1700})
    assert (empty.status_code, long.status_code) == (422, 422)
    assert 'href="#words"' in empty.text
    assert "x" * 1700 in long.text


def test_in_quiet_hours_the_form_asks_when(ward: House, anna: Visitor, twilio: TwilioServer) -> None:
    path, _ = thread_of(ward, "May I swim?")
    assert 'name="when"' not in anna.get(path).text
    ward.clock.move_to(AT_NIGHT)
    page = anna.get(path).text
    assert 'name="when"' in page
    fields = {**form_in(page), "channel": "sms", "words": "Now.", "do": "send"}
    anna.post(f"{path}/answer", {**fields, "when": "now"})
    ward.dispatch(AT_NIGHT)
    assert "Now." in texts_to(twilio)
