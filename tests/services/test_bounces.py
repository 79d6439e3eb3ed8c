"""Mail that comes back ends its message, lets the other channel take over, and switches a dead address off."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from scheduler.channels.smtp.verp import attempt_of
from scheduler.domain.alert import AlertKind
from scheduler.domain.states import Status
from scheduler.protocols.loader import load
from scheduler.services.alert_page import AlertPages, AlertView
from scheduler.services.bounces import Bounces, Taken
from scheduler.store.alerts import open_alerts
from scheduler.store.consent_lines import stop_lines
from scheduler.store.consents import is_stopped
from scheduler.store.tables import patients, provider_events
from tests.servers.bounces import AWAY, QMAIL, Report
from tests.servers.mail import At, Delivered
from tests.servers.smtp import SmtpServer
from tests.services.house import APPROVED, CONFIG, EMAIL, MAIL, NEXT_DAY, PREPARE, SMS, VISIT, House, after

MAILBOX = "bounces@north.example"
NO_SUCH = f"550 5.1.1 <{MAIL}>: no such user"


def bounced(house: House, raw: bytes) -> Taken:
    return Bounces(house.store, house.configuration, house.clock, "test").take_in(raw)


def stopped(house: House, clinic: str = "north") -> bool:
    with house.store.read() as tx:
        return is_stopped(tx, clinic, EMAIL, MAIL)


def unreachable(house: House) -> list[str]:
    with house.store.read() as tx:
        return [it.subject for it in open_alerts(tx) if it.kind is AlertKind.UNREACHABLE]


@pytest.fixture
def post(any_live: House) -> House:
    """Live delivery with a mailbox for what comes back."""
    any_live.settings = replace(any_live.settings, bounce_address=MAILBOX)
    return any_live


def sent(house: House, smtp: SmtpServer, **more: str) -> tuple[int, Delivered]:
    """Send Zoë the email before the visit."""
    appointment = house.register(**more)
    house.dispatch(PREPARE)
    (mail,) = smtp.delivered_to(MAIL)
    return appointment, mail


def test_the_envelope_names_the_hand_over_and_the_letter_the_clinic(post: House, smtp: SmtpServer) -> None:
    appointment, mail = sent(post, smtp)
    assert mail.sender.endswith("@north.example")
    assert attempt_of(mail.sender) == post.message(appointment, "prepare", EMAIL).attempt
    assert b"From: North <care@north.example>" in mail.content


def test_a_hard_bounce_ends_the_message_and_switches_the_address_off(post: House, smtp: SmtpServer) -> None:
    appointment, mail = sent(post, smtp)
    before = post.ledger(appointment)

    assert bounced(post, Report(mail).to()) is Taken.DEAD

    assert post.message(appointment, "prepare", EMAIL).status is Status.UNDELIVERED
    assert "the mailbox does not exist" in post.why(appointment, "prepare", EMAIL)
    assert stopped(post)
    assert not stopped(post, "south")
    assert post.ledger(appointment) == before
    with post.store.read() as tx:
        (stop,) = stop_lines(tx)
    assert (stop.source, stop.wording) == ("bounce", "5.1.1")
    post.dispatch(after(NEXT_DAY, hours=1))
    assert post.message(appointment, "next_day", EMAIL).status is Status.SUPPRESSED
    assert len(smtp.delivered_to(MAIL)) == 1


def test_a_person_is_told_only_where_nothing_else_reaches_the_patient(post: House, smtp: SmtpServer) -> None:
    appointment, mail = sent(post, smtp)
    without_phone = post.register(name="Ann Roy", phone="")
    bounced(post, Report(mail).to())
    assert unreachable(post) == [f"patient/{post.patient(without_phone).id}"]
    assert post.patient(appointment).phone


def test_the_alerts_page_shows_whom_nothing_reaches(post: House, smtp: SmtpServer) -> None:
    appointment, mail = sent(post, smtp, phone="")
    bounced(post, Report(mail).to())
    pages = AlertPages(post.store, post.configuration, post.links, post.clock)
    with post.store.read() as tx:
        (alert,) = open_alerts(tx)
    token = post.links.alert(alert.id, 1, expires_at=after(PREPARE, days=1)).rpartition("/")[2]
    view = pages.look(token)
    assert isinstance(view, AlertView)
    assert [it.id for it in view.people] == [post.patient(appointment).id]


@pytest.mark.parametrize("more", [{"phone": ""}, {"consent_sms": "no"}])
def test_a_phone_that_may_not_be_used_is_no_other_way(post: House, smtp: SmtpServer, more: dict[str, str]) -> None:
    appointment, mail = sent(post, smtp, **more)
    bounced(post, Report(mail).to())
    assert unreachable(post) == [f"patient/{post.patient(appointment).id}"]


def test_the_same_bounce_twice_counts_once(post: House, smtp: SmtpServer) -> None:
    _, mail = sent(post, smtp, phone="")
    assert [bounced(post, Report(mail).to()) for _ in range(2)] == [Taken.DEAD, Taken.KNOWN]
    assert len(unreachable(post)) == 1
    with post.store.read() as tx:
        assert tx.connection.scalar(sa.select(sa.func.count()).select_from(provider_events)) == 1


def test_the_other_channel_takes_over_while_that_helps(post: House, smtp: SmtpServer, tmp_path: Path) -> None:
    config = Path(shutil.copytree(CONFIG, tmp_path / "config"))
    (config / "protocols" / "mailed.yaml").write_text(
        "protocol: mailed\ntitle: {en: Mailed, fr: Mailed, es: Mailed}\nsteps:\n"
        '  - {id: tips, after: 1d, at: "10:00", channels: {first_of: [email, sms]}, useful_for: 2d}\n'
    )
    post.configuration = replace(load(config), approvals=APPROVED)
    appointment = post.register(treatment="mailed")
    post.dispatch(after(VISIT, days=1))
    (mail,) = smtp.delivered_to(MAIL)
    bounced(post, Report(mail, status="5.2.2", diagnostic="smtp; 552 5.2.2 full").to())
    assert not stopped(post)
    post.dispatch(after(VISIT, days=1, minutes=1))
    assert post.message(appointment, "tips", SMS).status is Status.ACCEPTED


def test_a_soft_bounce_is_noted_and_changes_nothing(post: House, smtp: SmtpServer) -> None:
    appointment, mail = sent(post, smtp)
    assert bounced(post, Report(mail, action="delayed", status="4.4.1").to()) is Taken.DELAYED
    assert post.message(appointment, "prepare", EMAIL).status is Status.ACCEPTED
    assert bounced(post, Report(mail).to()) is Taken.DEAD


def test_words_of_a_server_and_the_message_id_alone_count_too(post: House, smtp: SmtpServer) -> None:
    _, mail = sent(post, smtp)
    raw = QMAIL.format(to=mail.sender, recipient=MAIL, said="550 5.1.1 no mailbox").encode()
    assert bounced(post, raw) is Taken.DEAD


def test_without_a_mailbox_of_its_own_the_returned_mail_says_which_it_was(any_live: House, smtp: SmtpServer) -> None:
    appointment, mail = sent(any_live, smtp)
    assert mail.sender == "care@north.example"
    assert bounced(any_live, Report(mail, headers_only=True).to()) is Taken.DEAD
    assert any_live.message(appointment, "prepare", EMAIL).status is Status.UNDELIVERED


def test_forged_and_foreign_bounces_change_nothing(post: House, smtp: SmtpServer) -> None:
    appointment, mail = sent(post, smtp)
    local, _, domain = mail.sender.partition("@")
    other = local[:-6] + ("aaaaaa" if not local.endswith("aaaaaa") else "bbbbbb")
    message = post.message(appointment, "prepare", EMAIL)
    forged_id = f"<{message.id}.{'0' * 32}@north.example>".encode()
    content = mail.content.replace((message.header_id or "").encode(), forged_id)
    forged = Delivered(f"{other}@{domain}", (MAIL,), content, (), encrypted=False, user=None)
    with capture_logs() as lines:
        assert bounced(post, Report(forged).to()) is Taken.FOREIGN
        assert bounced(post, Report(forged).to("desk@north.example")) is Taken.FOREIGN
        assert bounced(post, AWAY.format(to=mail.sender).encode()) is Taken.NO_BOUNCE
        assert bounced(post, b"") is Taken.NO_BOUNCE
    assert not stopped(post)
    assert post.message(appointment, "prepare", EMAIL).status is Status.ACCEPTED
    assert MAIL not in str(lines)


def test_a_rehearsed_email_never_comes_back(house: House) -> None:
    appointment = house.register()
    house.dispatch(PREPARE)
    message = house.message(appointment, "prepare", EMAIL)
    content = f"Message-ID: {message.header_id}\r\n\r\nx".encode()
    mail = Delivered("care@north.example", (MAIL,), content, (), encrypted=False, user=None)
    assert bounced(house, Report(mail).to()) is Taken.FOREIGN


def test_a_mailbox_that_the_server_does_not_know_at_the_hand_over_is_switched_off_too(
    post: House, smtp: SmtpServer
) -> None:
    smtp.always[At.RCPT, MAIL] = NO_SUCH
    appointment = post.register(phone="")
    post.dispatch(PREPARE)
    assert post.message(appointment, "prepare", EMAIL).status is Status.FAILED
    assert stopped(post)
    assert unreachable(post) == [f"patient/{post.patient(appointment).id}"]


def test_a_broken_row_at_a_dead_mailbox_is_told_of_and_costs_nobody_else_their_outcome(
    post: House, smtp: SmtpServer
) -> None:
    smtp.always[At.RCPT, MAIL] = NO_SUCH
    both = [post.register(name=name, phone="") for name in ("Zoë Roy", "Ann Roy")]
    patients_of = [post.patient(it).id for it in both]
    others = [post.register(name=f"Other {n}", phone="", email=f"o{n}@patients.example") for n in range(3)]
    with post.store.write() as tx:
        tx.connection.execute(sa.update(patients).where(patients.c.id == patients_of[1]).values(name_sealed=b"\0"))
    for minutes in (0, 1, 20):
        post.dispatch(after(PREPARE, minutes=minutes))
    assert {post.message(it, "prepare", EMAIL).status for it in others} == {Status.ACCEPTED}
    assert [len(smtp.delivered_to(f"o{n}@patients.example")) for n in range(3)] == [1, 1, 1]
    assert post.message(both[0], "prepare", EMAIL).status is Status.FAILED
    assert unreachable(post) == [f"patient/{it}" for it in patients_of]


@pytest.mark.parametrize("reply", ["550 not today", "550 5.7.1 policy", "552 5.2.2 full", "553 5.1.3 bad syntax"])
def test_what_is_no_proof_of_a_missing_mailbox_switches_nothing_off(
    post: House, smtp: SmtpServer, reply: str
) -> None:
    smtp.always[At.RCPT, MAIL] = reply
    post.register()
    post.dispatch(PREPARE)
    assert not stopped(post)
