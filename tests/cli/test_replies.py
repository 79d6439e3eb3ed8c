"""What patients wrote, on the command line."""

import pytest
from structlog.testing import capture_logs

from scheduler.cli.wiring import open_product
from scheduler.services.reply_case import Incoming
from tests.cli.command import Command

NORTH, ZOE, STRANGER = "+14165550109", "+14165550123", "+14165550188"


def write(body: str, *, sender: str = ZOE) -> None:
    """Take a text in, as the web server of this installation does."""
    with capture_logs(), open_product() as product, product.store.write() as tx:
        now = product.clock.now()
        incoming = Incoming(f"SM{hash(body)}", "sms", sender, NORTH, "", body, now)
        assert product.replies.desk.take_in(tx, incoming, now=now)


@pytest.fixture
def words(aftercare: Command) -> Command:
    """The command with the shipped words for reading replies."""
    aftercare.register()
    return aftercare


def test_nothing_written_is_said_so(aftercare: Command) -> None:
    aftercare.register()
    assert aftercare.done("replies").strip() == "Nobody has written yet."
    assert aftercare.done("replies", "list", "--open").strip() == "No reply is open."
    assert aftercare.json("replies") == {"replies": []}


def test_a_reply_is_listed_with_who_wrote_what_it_means_and_what_it_was_answered(words: Command) -> None:
    write("What time do you\nopen?")
    write("I have a fever and pus", sender=STRANGER)
    stranger, zoe = words.json("replies")["replies"]
    assert (zoe["triage"], zoe["body"], zoe["clinic"], zoe["patient"]) == (
        "question",
        "What time do you\nopen?",
        "north",
        1,
    )
    assert zoe["candidates"] == [{"patient": 1, "name": "Zoë Lachance"}]
    assert (zoe["answer"]["template"], zoe["answer"]["status"]) == ("answer_question", "scheduled")
    assert zoe["alerts"] == [{"alert": 1, "kind": "reply", "open": True}]
    assert (stranger["triage"], stranger["patient"], stranger["candidates"]) == ("urgent", None, [])
    assert "fever" in stranger["because"]
    said = words.done("replies")
    assert "Zoë Lachance (patient 1), +14165550123" in said
    assert "What time do you open?" in said
    assert "nobody known, +14165550188" in said


def test_a_reply_that_is_dealt_with_is_no_longer_open_and_neither_is_its_alert(words: Command) -> None:
    write("What time do you open?")
    assert "Reply 1 is dealt with." in words.done("replies", "handled", "1", "--by", "Ada")
    assert words.json("replies", "handled", "1", "--by", "Bob") == {"reply": 1, "handled": False}
    assert words.json("replies", "list", "--open") == {"replies": []}
    assert words.json("alerts") == {"alerts": []}
    assert words.json("replies")["replies"][0]["handled_by"] == "Ada"


def test_a_number_that_is_no_replys_and_a_clinic_that_is_none_are_refused(words: Command) -> None:
    assert "there is no reply 7" in words.refused("replies", "handled", "7")
    assert "nort" in words.refused("replies", "list", "--clinic", "nort")
