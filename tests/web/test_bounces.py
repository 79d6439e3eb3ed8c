"""Where an inbound mail service posts what came back: only who knows the token is heard."""

import asyncio
from base64 import b64encode

import httpx
import pytest
from structlog.testing import capture_logs

from scheduler.domain.states import Status
from scheduler.services.bounces import MOST_BYTES, Bounces
from scheduler.web.app import create_app
from scheduler.web.bounces import PATH, bounce_hook
from tests.servers.bounces import Report
from tests.servers.smtp import SmtpServer
from tests.services.house import EMAIL, MAIL, PREPARE, House

TOKEN = "0123456789abcdef01234567"


def basic(password: str) -> str:
    return f"Basic {b64encode(f'mail:{password}'.encode()).decode()}"


def post(house: House, raw: bytes, authorization: str, token: str | None = TOKEN) -> httpx.Response:
    bounces = Bounces(house.store, house.configuration, house.clock, "test")
    app = create_app(well=lambda: True, pages=[bounce_hook(bounces, token)])

    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://aftercare") as client:
            headers = {"Authorization": authorization, "Content-Type": "message/rfc822"}
            return await client.post(PATH, content=raw, headers=headers)

    return asyncio.run(call())


@pytest.fixture
def report(live: House, smtp: SmtpServer) -> bytes:
    """That Zoë's mailbox is not there, about an email that went out."""
    live.register()
    live.dispatch(PREPARE)
    return Report(smtp.delivered_to(MAIL)[0]).to()


def standing(house: House) -> Status:
    return house.message(1, "prepare", EMAIL).status


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer {TOKEN}", basic(TOKEN)])
def test_a_bounce_from_who_knows_the_token_counts(live: House, report: bytes, authorization: str) -> None:
    answer = post(live, report, authorization)
    assert (answer.status_code, answer.json()) == (200, {"result": "dead"})
    assert standing(live) is Status.UNDELIVERED
    assert post(live, report, authorization).json() == {"result": "known"}


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer x", TOKEN, f"Digest {TOKEN}", basic("x"), "Basic !!!", "Basic /w==", f"Bearer {TOKEN}x"],
)
def test_from_anybody_else_it_is_refused_and_changes_nothing(live: House, report: bytes, authorization: str) -> None:
    with capture_logs() as lines:
        assert post(live, report, authorization).status_code == 401
    assert standing(live) is Status.ACCEPTED
    assert [line["event"] for line in lines] == ["webhook.refused"]
    assert TOKEN not in str(lines)


def test_what_is_no_bounce_of_ours_is_answered_so_that_it_does_not_come_again(live: House) -> None:
    answer = post(live, b"Subject: Hello\r\n\r\nHello", f"Bearer {TOKEN}")
    assert (answer.status_code, answer.json()) == (200, {"result": "no_bounce"})


def test_a_mail_that_is_too_long_is_refused(live: House) -> None:
    assert post(live, b"a" * (MOST_BYTES + 1), f"Bearer {TOKEN}").status_code == 413


def test_without_the_setting_it_says_what_is_missing(live: House) -> None:
    answer = post(live, b"", f"Bearer {TOKEN}", token=None)
    assert answer.status_code == 503
    assert "AFTERCARE_INBOUND_TOKEN" in answer.text
