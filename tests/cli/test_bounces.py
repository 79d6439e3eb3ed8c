"""`aftercare bounces`: mail that came back, out of a maildir, an mbox file and a pipe."""

import io
import json
import mailbox
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.servers.bounces import QMAIL, Report
from tests.servers.mail import Delivered
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import ACCOUNT_SID, AUTH_TOKEN, TwilioServer

ZOE = "zoe@patients.example"
PREPARE = "2030-03-18T14:00:00Z"


@pytest.fixture
def sent(aftercare: Command, smtp: SmtpServer, twilio: TwilioServer) -> Delivered:
    """An email that went out live, with a mailbox for what comes back."""
    aftercare.set(
        AFTERCARE_DELIVERY="live",
        AFTERCARE_SMTP_URL=smtp.url,
        AFTERCARE_BOUNCE_ADDRESS="bounces@north.example",
        AFTERCARE_TWILIO_API_URL=twilio.url,
        TWILIO_ACCOUNT_SID=ACCOUNT_SID,
        TWILIO_AUTH_TOKEN=AUTH_TOKEN,
    )
    aftercare.approve()
    aftercare.register()
    aftercare.done("dispatch", "--now", PREPARE)
    (mail,) = smtp.delivered_to(ZOE)
    return mail


def mails(sent: Delivered) -> list[bytes]:
    stranger = Delivered("bounces+x@north.example", (ZOE,), b"Message-ID: <1@x>\r\n\r\nx", (), False, None)
    return [
        Report(sent, action="delayed", status="4.4.1").to(),
        Report(sent).to(),
        Report(sent).to(),
        Report(stranger).to(),
        b"From: ann@patients.example\nTo: bounces@north.example\nSubject: Hello\n\nHello\n",
    ]


COUNTS = {"dead": 1, "undelivered": 0, "delayed": 1, "known": 1, "foreign": 1, "no_bounce": 1}


def email_allowed(aftercare: Command) -> bool:
    shown = aftercare.json("consent", "show", "1")["now"]
    return any(it["allowed"] for it in shown if it["channel"] == "email")


def test_a_maildir_is_taken_in_and_cleared_of_what_was_ours(aftercare: Command, sent: Delivered) -> None:
    folder = aftercare.folder / "Maildir"
    box = mailbox.Maildir(folder)
    for raw in mails(sent):
        box.add(raw)
    found = aftercare.json("bounces", "--maildir", str(folder), "--remove")
    assert sum(found.values()) == 5
    assert (found["dead"] + found["known"], found["foreign"], found["no_bounce"]) == (2, 1, 1)
    assert len(mailbox.Maildir(folder)) == 2
    assert not email_allowed(aftercare)


def test_an_mbox_file_is_taken_in_again_without_effect(aftercare: Command, sent: Delivered) -> None:
    file = aftercare.folder / "bounces.mbox"
    box = mailbox.mbox(file)
    for raw in mails(sent):
        box.add(raw)
    box.close()
    assert aftercare.json("bounces", "--mbox", str(file)) == COUNTS
    again = aftercare.done("bounces", "--mbox", str(file))
    assert again.strip() == "3 known already, 1 about no mail of ours, 1 no bounce."
    assert file.read_bytes().count(b"\nFrom MAILER-DAEMON") == 4


def test_a_mail_server_pipes_one_in(aftercare: Command, sent: Delivered, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = QMAIL.format(to=sent.sender, recipient=ZOE, said="550 5.1.1 nobody here").encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    assert aftercare.done("bounces") == "1 of an address that does not exist.\n"
    assert not email_allowed(aftercare)


def test_what_names_no_mailbox_is_refused(aftercare: Command) -> None:
    aftercare.register()
    assert "there is no mailbox" in aftercare.refused("bounces", "--maildir", "nowhere")
    assert "there is no mailbox" in aftercare.refused("bounces", "--mbox", "nowhere.mbox")
    assert "name one" in aftercare.refused("bounces", "--mbox", "a", "--maildir", "b", code=2)
    assert "pipe one" in aftercare.refused("bounces", "--remove", code=2)


@pytest.mark.parametrize("address", ["bounces", "a+b@x.example", f"{'a' * 28}@x.example", "é@x.example", "a@b@c"])
def test_a_mailbox_that_can_carry_no_token_is_refused(aftercare: Command, address: str) -> None:
    aftercare.set(AFTERCARE_BOUNCE_ADDRESS=address)
    assert "AFTERCARE_BOUNCE_ADDRESS" in aftercare.refused("consent", "export")


def test_a_token_that_could_be_guessed_is_refused(aftercare: Command) -> None:
    aftercare.set(AFTERCARE_INBOUND_TOKEN="secret")
    said = aftercare.refused("consent", "export")
    assert "AFTERCARE_INBOUND_TOKEN" in said
    assert "secret" not in said.replace("AFTERCARE", "")


def test_the_help_names_what_is_read(aftercare: Command) -> None:
    assert str(Path("--maildir")) in aftercare.done("bounces", "--help")


def test_a_mail_that_can_not_be_worked_on_keeps_no_other_from_its_turn(aftercare: Command, sent: Delivered) -> None:
    folder = aftercare.folder / "Maildir"
    box = mailbox.Maildir(folder)
    box.add(Report(sent).to())
    box.add(b"From: ann@patients.example\nTo: bounces@north.example\nSubject: Hello\n\nHello\n")
    with closing(sqlite3.connect(aftercare.folder / "var" / "aftercare.db")) as database:
        database.execute("UPDATE attempts SET address_sealed = x'00'")
        database.commit()
    ended = aftercare.run("bounces", "--maildir", str(folder), "--json")
    assert ended.code == 1
    assert json.loads(ended.out)["no_bounce"] == 1
    assert "1 of the mails could not be worked on and stay there" in ended.err
    assert len(mailbox.Maildir(folder)) == 2
