"""The timeline tells what came back: the reply, its answer, its alert, in order; the words only where asked for."""

import json
from contextlib import redirect_stdout
from io import StringIO

import pytest
import sqlalchemy as sa

from scheduler.cli.output import console
from scheduler.cli.timelines import print_timeline
from scheduler.services.alerts import close_alert, take_alert
from scheduler.services.timeline import Timeline, timeline
from scheduler.store.tables import replies
from tests.services.house import CHECK, House, after, configuration
from tests.services.replying import answer

REPLIED = after(CHECK, hours=1)


def told(house: House, appointment: int) -> Timeline:
    with house.store.read() as tx:
        return timeline(tx, house.configuration, appointment, now=house.clock.now())


def printed(story: Timeline, *, bodies: bool = False) -> str:
    with console.capture() as capture:
        print_timeline(story, as_json=False, bodies=bodies)
    return capture.get()


def as_json(story: Timeline, *, bodies: bool = False) -> dict[str, list[dict[str, object]]]:
    out = StringIO()
    with redirect_stdout(out):
        print_timeline(story, as_json=True, bodies=bodies)
    read: dict[str, list[dict[str, object]]] = json.loads(out.getvalue())
    return read


def urgent(house: House) -> int:
    """Send the check, get an answer that sounds bad, tell the desk, who takes it and sees to it."""
    house.configuration = configuration()
    appointment = house.register(treatment="needling")
    house.dispatch(CHECK)
    taken = answer(house, "It is worse and I have a fever [38.9]", REPLIED)
    assert taken.alert == "urgent"
    house.dispatch(after(REPLIED, seconds=1))
    with house.store.write() as tx:
        take_alert(tx, 1, by="Desk", now=after(REPLIED, minutes=2))
        close_alert(tx, 1, by="Desk", now=after(REPLIED, minutes=30))
    house.clock.move_to(after(REPLIED, hours=1))
    return appointment


def test_the_whole_story_is_told_in_order_of_time(any_house: House) -> None:
    text = printed(told(any_house, urgent(any_house)))
    heads = [line[22:] for line in text.splitlines() if line.startswith("Fri 2026-03-20")]
    assert heads == [
        "check  sms    accepted",
        "← reply 1 to check by sms: urgent",
        "→ answer_urgent  sms  accepted",
        "! alert 1 (urgent) raised",
        "! alert 1 (urgent) told",
        "! alert 1 (urgent) taken by Desk",
        "✓ reply 1 dealt with by Desk",
        "! alert 1 (urgent) closed by Desk",
    ]
    assert "Desk was rung (sms, email)" in text


def test_only_the_words_that_decided_are_shown_unless_all_is_asked_for(house: House) -> None:
    story = told(house, urgent(house))
    assert "fever" in printed(story)
    assert "38.9]" not in printed(story)
    assert "“It is worse and I have a fever [38.9]”" in printed(story, bodies=True)
    (reply,) = as_json(story)["replies"]
    assert "body" not in reply
    (reply,) = as_json(story, bodies=True)["replies"]
    assert reply["body"] == "It is worse and I have a fever [38.9]"


def test_machines_read_the_same_with_keys_of_their_own(any_house: House) -> None:
    data = as_json(told(any_house, urgent(any_house)))
    (reply,) = data["replies"]
    assert (reply["triage"], reply["step"], reply["received_at"]) == ("urgent", "check", "2026-03-20T15:00:00Z")
    assert isinstance(reply["answer"], dict)
    assert (reply["answer"]["template"], reply["answer"]["status"]) == ("answer_urgent", "accepted")
    (alert,) = data["alerts"]
    assert (alert["kind"], alert["reply"], alert["taken_by"]) == ("urgent", reply["id"], "Desk")
    assert isinstance(alert["events"], list)
    assert [event["cause"] for event in alert["events"]] == ["raised", "rung", "taken", "closed"]
    assert data["messages"]


def test_an_appointment_that_nobody_wrote_about_has_no_replies(house: House) -> None:
    data = as_json(told(house, house.register()))
    assert (data["replies"], data["alerts"]) == ([], [])


def test_why_nothing_was_answered_is_said(house: House) -> None:
    appointment = house.register(treatment="needling")
    house.dispatch(CHECK)
    answer(house, "2", REPLIED)
    answer(house, "2", after(REPLIED, minutes=5))
    assert "Not answered, since the same text came from that number in the day before." in " ".join(
        printed(told(house, appointment)).split()
    )


def test_what_a_steering_text_says_stays_on_its_line(house: House) -> None:
    appointment = house.register(treatment="needling")
    house.dispatch(CHECK)
    answer(house, "worse\n\x1b[2Jsecond [bold]line[/]", REPLIED)
    text = printed(told(house, appointment), bodies=True)
    assert "\x1b[2J" not in text
    assert "second [bold]line[/]" in " ".join(text.split())


@pytest.mark.parametrize("bodies", [True, False])
def test_a_reply_that_can_t_be_opened_hides_no_story(house: House, bodies: bool) -> None:
    appointment = urgent(house)
    with house.store.write() as tx:
        tx.connection.execute(sa.update(replies).values(body_sealed=b"spoiled"))
    text = printed(told(house, appointment), bodies=bodies)
    assert "What it says can't be opened with the keys at hand." in text
    assert "! alert 1 (urgent) taken by Desk" in text


def test_what_a_patient_wrote_is_in_no_repr(house: House) -> None:
    assert "fever" not in repr(told(house, urgent(house)))
