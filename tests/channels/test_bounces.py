"""What is read out of a mail that came back, and who it is about."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.channels.smtp.bounce import MOST_READ, Bounce, Verdict, read_bounce
from scheduler.channels.smtp.verp import attempt_of, return_path
from tests.servers.bounces import AWAY, QMAIL, Report
from tests.servers.mail import Delivered

MAILBOX = "bounces@clinic.example"
TOKEN = "aB3-_xyzAB3-_xyzAB3-_q"
SENDER = return_path(MAILBOX, TOKEN)
CONTENT = (
    b"From: care@north.example\r\nMessage-ID: <7.0123456789abcdef0123456789abcdef@north.example>\r\n\r\nHello\r\n"
)
MAIL = Delivered(SENDER, ("zoe@patients.example",), CONTENT, (), encrypted=False, user=None)
DEAD, UNDELIVERED, DELAYED, NOTHING = Verdict


def read(report: Report) -> Bounce:
    return read_bounce(report.to())


def test_the_envelope_sender_of_a_hand_over_leads_back_to_it() -> None:
    assert SENDER.startswith("bounces+")
    assert len(SENDER.partition("@")[0]) <= 64
    for written in (SENDER, SENDER.upper(), f" {SENDER} "):
        assert attempt_of(written) == TOKEN


@pytest.mark.parametrize(
    "address", ["", "bounces@clinic.example", "bounces+@clinic.example", "bounces+ab1@x", "zoe+news@patients.example"]
)
def test_no_other_address_leads_anywhere(address: str) -> None:
    assert attempt_of(address) is None


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=22, max_size=22))
def test_every_token_comes_back(token: str) -> None:
    assert attempt_of(return_path(MAILBOX, token)) == token


def test_a_report_of_a_mailbox_that_is_not_there() -> None:
    bounce = read(Report(MAIL))
    assert (bounce.attempt, bounce.verdict, bounce.code) == (TOKEN, DEAD, "5.1.1")
    assert bounce.message_id == "<7.0123456789abcdef0123456789abcdef@north.example>"
    assert bounce.meaning
    assert bounce.meaning.words == "the mailbox does not exist"


@pytest.mark.parametrize("headers_only", [False, True])
def test_the_mail_is_known_by_its_message_id_where_the_report_came_elsewhere(headers_only: bool) -> None:
    mail = Delivered("care@north.example", ("zoe@patients.example",), CONTENT, (), encrypted=False, user=None)
    bounce = read_bounce(Report(mail, headers_only=headers_only).to("care@north.example"))
    assert bounce.attempt is None
    assert bounce.message_id == "<7.0123456789abcdef0123456789abcdef@north.example>"


CASES = [
    ("failed", "5.1.1", "smtp; 550 5.1.1 unknown", DEAD, "5.1.1"),
    ("failed", "5.0.0", "smtp; 550 5.1.1 unknown", DEAD, "5.1.1"),
    ("Failed", "5.1.10", "", DEAD, "5.1.10"),
    ("failed", "5.2.1", "", DEAD, "5.2.1"),
    ("failed", "5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied", DEAD, "5.4.1"),
    ("failed", "5.4.4", "", DEAD, "5.4.4"),
    ("failed", "5.0.0", "", DEAD, "5.0.0"),
    ("failed", "", "smtp; 550 no such user", DEAD, "550"),
    # It was not delivered, and that is not the mailbox's fault.
    ("failed", "5.2.2", "smtp; 552 5.2.2 mailbox full", UNDELIVERED, "5.2.2"),
    ("failed", "5.7.1", "smtp; 550 5.7.1 spam", UNDELIVERED, "5.7.1"),
    ("failed", "5.7.26", "smtp; 550 5.7.26 unauthenticated", UNDELIVERED, "5.7.26"),
    ("failed", "5.3.4", "", UNDELIVERED, "5.3.4"),
    ("failed", "5.3.0", "", UNDELIVERED, "5.3.0"),
    ("failed", "5.4.7", "", UNDELIVERED, "5.4.7"),
    ("failed", "5.6.1", "", UNDELIVERED, "5.6.1"),
    ("failed", "4.4.7", "", UNDELIVERED, "4.4.7"),
    ("failed", "", "", UNDELIVERED, ""),
    # It may still arrive, or has.
    ("delayed", "4.4.1", "", DELAYED, "4.4.1"),
    ("delayed", "5.1.1", "", DELAYED, "5.1.1"),
    ("delivered", "2.0.0", "", NOTHING, "2.0.0"),
    ("relayed", "2.0.0", "", NOTHING, "2.0.0"),
    ("expanded", "2.0.0", "", NOTHING, "2.0.0"),
]


@pytest.mark.parametrize(("action", "status", "diagnostic", "verdict", "code"), CASES)
def test_only_what_says_so_of_the_mailbox_is_a_dead_address(
    action: str, status: str, diagnostic: str, verdict: Verdict, code: str
) -> None:
    bounce = read(Report(MAIL, action=action, status=status, diagnostic=diagnostic))
    assert (bounce.verdict, bounce.code) == (verdict, code)


@pytest.mark.parametrize(
    ("said", "verdict", "code"),
    [
        ("550 5.1.1 no mailbox here by that name", DEAD, "5.1.1"),
        ("550 sorry, no mailbox here", DEAD, "550"),
        ("552 5.2.2 over quota", UNDELIVERED, "5.2.2"),
        ("451 4.3.0 try later", DELAYED, "4.3.0"),
        ("nothing that anybody understands", NOTHING, ""),
    ],
)
def test_a_server_that_writes_words_only_is_understood_by_its_code(said: str, verdict: Verdict, code: str) -> None:
    raw = QMAIL.format(to=SENDER, recipient="zoe@patients.example", said=said).encode()
    bounce = read_bounce(raw)
    assert (bounce.attempt, bounce.verdict, bounce.code) == (TOKEN, verdict, code)


def test_an_out_of_office_answer_is_no_bounce_whatever_figures_it_has() -> None:
    assert read_bounce(AWAY.format(to=SENDER).encode()).verdict is NOTHING


def test_a_patients_own_reply_to_the_address_is_no_bounce() -> None:
    raw = f"From: zoe@patients.example\nTo: {SENDER}\nSubject: Re\n\n550 5.1.1 is what I see\n".encode()
    assert read_bounce(raw).verdict is NOTHING


NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(60))
FROM_SERVER = b"From: mailer-daemon@x\n\n"
HOSTILE = {
    "no space": FROM_SERVER + b"a" * MOST_READ,
    "a plus everywhere": FROM_SERVER + b"+a" * MOST_READ,
    "mails in mails": b"Content-Type: message/rfc822\n\n" * 2000,
    "parts in parts": NESTED + NESTED,
    "lines in parts in parts": NESTED + b"\n" * MOST_READ,
    "comments in comments": b"To: " + b"(" * MOST_READ + b"\n\n",
    "parameters": b'Content-Type: multipart/mixed; "' + b';"' * MOST_READ + b"\n\n",
    "blocks of a report": b"Content-Type: message/delivery-status\n\n" + b"Action: failed\n\n" * (MOST_READ // 16),
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_a_mail_that_is_made_to_keep_its_reader_busy_is_read_in_a_moment(raw: bytes) -> None:
    began = time.process_time()
    read_bounce(raw)
    assert time.process_time() - began < 4


def test_the_token_is_found_behind_whatever_stands_before_it() -> None:
    raw = QMAIL.format(to="", recipient="zoe@patients.example", said="550 5.1.1 unknown") + "a" * 5000 + SENDER
    assert read_bounce(raw.encode()).attempt == TOKEN


@given(st.binary(max_size=2000))
def test_whatever_comes_is_read_without_a_crash(raw: bytes) -> None:
    read_bounce(raw)


@given(st.data())
def test_a_report_that_is_cut_or_changed_anywhere_is_read_without_a_crash(data: st.DataObject) -> None:
    raw = bytearray(Report(MAIL).to())
    for _ in range(data.draw(st.integers(0, 20))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    read_bounce(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
