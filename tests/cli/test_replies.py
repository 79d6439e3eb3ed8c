"""What patients wrote, on the command line."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from scheduler.cli.wiring import open_product
from scheduler.services.reply_case import Incoming
from scheduler.store.desk_messages import desk_messages_of_replies
from scheduler.store.tables import replies
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


def break_reply(number: int) -> None:
    with open_product() as product, product.store.write() as tx:
        tx.connection.execute(sa.update(replies).where(replies.c.id == number).values(body_sealed=b"broken"))


def test_a_reply_that_cannot_be_opened_hides_no_other(words: Command) -> None:
    write("What time do you open?")
    write("I have a fever and pus", sender=STRANGER)
    break_reply(1)
    assert [it["body"] for it in words.json("replies")["replies"]] == ["I have a fever and pus", None]
    said = words.done("replies")
    assert "can't be opened with the keys at hand" in said
    assert "fever" in said


def test_a_reply_is_answered_with_a_text_from_a_file(words: Command, tmp_path: Path) -> None:
    write("What time do you open?")
    file = tmp_path / "answer.txt"
    file.write_text("At nine.\n", encoding="utf-8")
    done = words.json("replies", "answer", "1", "--text-file", str(file), "--now", "--by", "Ada")
    assert (done["reply"], done["channel"], done["by"]) == (1, "sms", "Ada")
    with open_product() as product, product.store.read() as tx:
        (written,) = desk_messages_of_replies(tx, [1])
    assert written.text is not None
    assert written.text.words == "At nine."


def test_an_answer_without_words_is_wrong_usage_and_one_to_nobody_is_refused(words: Command, tmp_path: Path) -> None:
    write("What time do you open?")
    empty = tmp_path / "empty.txt"
    empty.write_text(" \n", encoding="utf-8")
    words.refused("replies", "answer", "1", "--text-file", str(empty), code=2)
    words.refused("replies", "answer", "1", "--text-file", str(tmp_path / "none.txt"), code=2)
    empty.write_text("Nine.", encoding="utf-8")
    assert "there is no reply 7" in words.refused("replies", "answer", "7", "--text-file", str(empty))


def test_an_alert_to_which_more_was_written_is_closed_by_who_has_read_that(words: Command) -> None:
    write("What time do you open?")
    write("And do you open on Sunday?")
    assert "close with --seen 2" in words.refused("alerts", "close", "1")
    assert len(words.json("alerts")["alerts"]) == 1
    words.done("alerts", "close", "1", "--seen", "2")
    assert words.json("alerts") == {"alerts": []}
