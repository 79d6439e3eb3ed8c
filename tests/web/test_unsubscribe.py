"""The unsubscribe link of an email: a POST stops that clinic's emails to that address, a GET only asks."""

import asyncio
import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from scheduler.domain.states import Status
from scheduler.services.links import Links
from scheduler.services.unsubscribing import ONE_CLICK, Unsubscriber
from scheduler.store.consent_lines import ledger_lines
from scheduler.store.consents import is_stopped
from scheduler.store.tables import attempts, messages, stops
from scheduler.web.app import create_app
from scheduler.web.pages import Pages
from scheduler.web.unsubscribe import unsubscribe
from tests.servers.smtp import SmtpServer
from tests.services.house import EMAIL, MAIL, NEXT_DAY, PREPARE, House, after

PUBLIC = "https://care.example.com"
FORM = "application/x-www-form-urlencoded"


def links(house: House) -> Links:
    return Links(PUBLIC, house.store.vault)


def call(
    house: House, method: str, path: str, *, body: bytes = b"", kind: str = FORM, accept: str = ""
) -> httpx.Response:
    unsubscriber = Unsubscriber(house.store, house.configuration, links(house), house.clock)
    app = create_app(well=lambda: True, pages=[unsubscribe(unsubscriber, Pages(PUBLIC))])

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC) as client:
            return await client.request(
                method, path, content=body, headers={"Content-Type": kind, "Accept-Language": accept}
            )

    return asyncio.run(ask())


@dataclass(frozen=True)
class Sent:
    """An email that Zoë got, and the path of its link."""

    appointment: int
    path: str


@pytest.fixture
def sent(house: House) -> Sent:
    appointment = house.register(consent_email="yes", language="fr")
    house.dispatch(PREPARE)
    message = house.message(appointment, "prepare", EMAIL)
    assert message.status is Status.ACCEPTED
    return Sent(appointment, urlsplit(links(house).unsubscribe(message.id)).path)


def stopped(house: House, clinic: str = "north", address: str = MAIL) -> bool:
    with house.store.read() as tx:
        return is_stopped(tx, clinic, EMAIL, address)


def click(house: House, sent: Sent, **more: str) -> httpx.Response:
    return call(house, "POST", sent.path, body=ONE_CLICK.encode(), **more)


def test_a_click_in_the_mail_program_stops_the_emails_and_what_was_planned_is_not_sent(
    house: House, sent: Sent
) -> None:
    assert click(house, sent).status_code == 200
    assert stopped(house)
    assert not stopped(house, clinic="south")
    house.dispatch(after(NEXT_DAY, hours=1))
    assert house.message(sent.appointment, "next_day", EMAIL).status is Status.SUPPRESSED
    assert house.message(sent.appointment, "next_day").status is Status.ACCEPTED


def test_it_is_on_record_for_every_purpose_with_the_words_and_the_version_of_the_email(
    house: House, sent: Sent
) -> None:
    click(house, sent)
    with house.store.read() as tx:
        lines = [it for it in ledger_lines(tx) if it.source == "unsubscribe"]
    assert [(it.channel, it.purpose, it.verdict) for it in lines] == [
        (EMAIL, purpose, "revoked") for purpose in ("care", "recall", "marketing")
    ]
    assert {(it.wording, it.by) for it in lines} == {(ONE_CLICK, "mailbox")}
    assert {it.version for it in lines} == {house.message(sent.appointment, "prepare", EMAIL).template_digest}


def test_the_same_click_again_is_well_and_adds_nothing(house: House, sent: Sent) -> None:
    click(house, sent)
    again = click(house, sent)
    assert again.status_code == 200
    with house.store.read() as tx:
        assert tx.connection.scalar(sa.select(sa.func.count()).select_from(stops)) == 1
        assert len([it for it in ledger_lines(tx) if it.source == "unsubscribe"]) == 3


def test_the_multipart_form_that_the_standard_allows_counts_too(house: House, sent: Sent) -> None:
    parts = b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    answer = call(house, "POST", sent.path, body=parts, kind="multipart/form-data; boundary=x")
    assert answer.status_code == 200
    assert stopped(house)


def test_looking_at_the_link_stops_nothing_and_offers_a_button_that_does(house: House, sent: Sent) -> None:
    page = call(house, "GET", sent.path)
    assert (page.status_code, stopped(house)) == (200, False)
    assert f'<form method="post" action="{sent.path}">' in page.text
    assert 'name="List-Unsubscribe" value="One-Click"' in page.text
    assert 'lang="fr"' in page.text
    assert "Arrêter les courriels" in page.text
    assert "North" in page.text
    assert re.search(r'href="tel:\+?1?4165550100"', page.text)
    assert MAIL not in page.text
    assert "Zoë" not in page.text


def test_after_the_button_the_page_says_that_it_is_done_and_says_so_ever_after(house: House, sent: Sent) -> None:
    for page in (click(house, sent), call(house, "GET", sent.path)):
        assert "Les courriels sont arrêtés" in page.text
        assert "<form" not in page.text


@pytest.mark.parametrize("body", [b"", b"List-Unsubscribe=Maybe", b"x=1", b"a" * 9000])
def test_a_post_that_does_not_say_one_click_stops_nothing(house: House, sent: Sent, body: bytes) -> None:
    assert call(house, "POST", sent.path, body=body).status_code == 400
    assert not stopped(house)


def test_nobody_can_keep_or_share_the_page_unknowingly(house: House, sent: Sent) -> None:
    headers = call(house, "GET", sent.path).headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "noindex" in headers["X-Robots-Tag"]


def test_a_forged_link_or_one_of_another_kind_finds_nothing_and_tells_nothing(house: House, sent: Sent) -> None:
    token = sent.path.rpartition("/")[2]
    page_token = links(house).page(1, 1, 0, expires_at=after(NEXT_DAY, days=9)).rpartition("/")[2]
    other = links(house).unsubscribe(999).rpartition("/")[2]
    text = links(house).unsubscribe(house.message(sent.appointment, "first_hours").id).rpartition("/")[2]
    for wrong in (token[:-1], token.swapcase(), page_token, other, text, "x", "%00", "é"):
        for method in ("GET", "POST"):
            answer = call(house, method, f"/u/{wrong}", body=ONE_CLICK.encode(), accept="es-ES,es;q=0.9")
            assert answer.status_code == 404, wrong
            assert "North" not in answer.text
            assert 'lang="es"' in answer.text
    assert not stopped(house)


def test_the_stop_is_for_the_address_that_the_email_went_to(house: House, sent: Sent) -> None:
    with house.store.write() as tx:
        token = house.message(sent.appointment, "prepare", EMAIL).attempt
        sealed = tx.vault.seal("old@patients.example", of="attempts.address")
        tx.connection.execute(sa.update(attempts).where(attempts.c.token == token).values(address_sealed=sealed))
    click(house, sent)
    assert stopped(house, address="old@patients.example")
    assert not stopped(house)


def test_every_email_to_a_patient_has_both_headers_whole_on_their_lines(live: House, smtp: SmtpServer) -> None:
    live.register(consent_email="yes", consent_marketing="yes")
    live.dispatch(PREPARE)
    live.dispatch(after(NEXT_DAY, hours=1))
    mails = smtp.delivered_to(MAIL)
    assert len(mails) == 2
    for mail in mails:
        parsed = BytesParser(policy=policy.default).parsebytes(mail.content)
        assert isinstance(parsed, EmailMessage)
        assert parsed["List-Unsubscribe-Post"] == ONE_CLICK
        address = str(parsed["List-Unsubscribe"])
        assert f"List-Unsubscribe: {address}\r\n".encode() in mail.content
        with live.store.read() as tx:
            number = links(live).read_unsubscribe(address.strip("<>").rpartition("/")[2])
            header = tx.connection.scalar(sa.select(messages.c.header_id).where(messages.c.id == number))
        assert header == parsed["Message-ID"]
