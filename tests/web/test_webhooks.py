"""Twilio calls: what is signed is stored, answered and worked on; what is not changes nothing."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from scheduler.channels.twilio.webhook import Secrets
from scheduler.domain.states import Status
from scheduler.services.callbacks import STATUS_PATH, TwilioCallbacks
from scheduler.store.database import open_store
from scheduler.store.refused_calls import refused_since_taken
from scheduler.store.tables import provider_events
from scheduler.web.app import create_app
from scheduler.web.webhooks import MOST_BYTES
from tests.servers.signing import SETTINGS, SIGNATURE, by_key, by_token, encoded, signature
from tests.servers.twilio import AUTH_TOKEN
from tests.services.house import PHONE, VISIT, House, after
from tests.services.reports import PUBLIC, Report, callbacks

DUE = after(VISIT, days=1)
KEYS = {"webhooks_key_1": "first-secret", "webhooks_key_2": "second-secret"}


def post(twilio: TwilioCallbacks | None, query: str, headers: Mapping[str, str], body: bytes) -> httpx.Response:
    """Call as Twilio does, through a proxy that makes another address of it."""

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(well=lambda: True, twilio=twilio))
        async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7:8000") as client:
            sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
            return await client.post(f"{STATUS_PATH}?{query}" if query else STATUS_PATH, content=body, headers=sent)

    return asyncio.run(call())


def tell(house: House, report: Report, headers: Mapping[str, str] | None = None) -> int:
    """Post a report, signed unless other headers are given; return the status of the answer."""
    signed = report.headers() if headers is None else headers
    twilio = replace(callbacks(house), secrets=Secrets(AUTH_TOKEN, KEYS))
    return post(twilio, report.query, signed, encoded(report.form)).status_code


def kept(house: House) -> int:
    with house.store.read() as tx:
        return tx.connection.scalar(sa.select(sa.func.count()).select_from(provider_events)) or 0


@pytest.fixture
def report(live: House) -> Report:
    """That Zoë's text was delivered."""
    appointment = live.register(treatment="laser")
    live.dispatch(DUE)
    message = live.message(appointment, "first_day")
    return Report(message.provider_id or "", "delivered", attempt=message.attempt)


def standing(house: House) -> Status:
    return house.message(1, "first_day").status


def test_a_signed_report_is_answered_with_nothing_stored_and_worked_on(live: House, report: Report) -> None:
    answer = post(callbacks(live), report.query, report.headers(), encoded(report.form))
    assert (answer.status_code, answer.content) == (204, b"")
    assert (kept(live), standing(live)) == (1, Status.DELIVERED)
    assert tell(live, report) == 204
    assert kept(live) == 1


def test_a_report_that_is_signed_with_a_shared_key_counts(live: House, report: Report) -> None:
    url = f"{PUBLIC}{STATUS_PATH}?{report.query}"
    assert tell(live, report, by_key(url, report.form, "webhooks_key_2", "second-secret")) == 204
    assert standing(live) is Status.DELIVERED


URL = f"{PUBLIC}{STATUS_PATH}"
FORGERIES: dict[str, Callable[[str, dict[str, str]], dict[str, str]]] = {
    "no signature": lambda _url, _form: {},
    "an empty one": lambda _url, _form: {SIGNATURE: ""},
    "nonsense": lambda _url, _form: {SIGNATURE: "!"},
    "another token": lambda url, form: by_token(url, form, "guessed"),
    "another host": lambda url, form: by_token(url.replace("care.", "evil."), form, AUTH_TOKEN),
    "http for https": lambda url, form: by_token(url.replace("https:", "http:"), form, AUTH_TOKEN),
    "the proxy's address": lambda url, form: by_token(url.replace(PUBLIC, "http://10.0.0.7:8000"), form, AUTH_TOKEN),
    "a slash more": lambda url, form: by_token(url.replace("status?", "status/?"), form, AUTH_TOKEN),
    "another query": lambda url, form: by_token(url + "&more=1", form, AUTH_TOKEN),
    "no query": lambda url, form: by_token(url.partition("?")[0], form, AUTH_TOKEN),
    "another body": lambda url, form: by_token(url, {**form, "MessageStatus": "sent"}, AUTH_TOKEN),
    "a field less": lambda url, form: by_token(url, {k: v for k, v in form.items() if k != "RawDlrDoneDate"}, "x"),
    "an unknown key": lambda url, form: by_key(url, form, "webhooks_key_9", "first-secret"),
    "another key's secret": lambda url, form: by_key(url, form, "webhooks_key_1", "second-secret"),
    "no key named": lambda url, form: {**by_key(url, form, "", ""), SETTINGS: "algorithm=HMAC_SHA256"},
    "a shared key for the token": lambda url, form: {
        SIGNATURE: signature(url, form, "first-secret"),
        SETTINGS: "key=webhooks_key_1",
    },
    "a shared key with the old hash": lambda url, form: {
        SIGNATURE: signature(url, form, "first-secret"),
        SETTINGS: "key=webhooks_key_1,algorithm=HMAC_SHA1",
    },
    "the old hash by another spelling": lambda url, form: {
        SIGNATURE: signature(url, form, "first-secret"),
        SETTINGS: "key=webhooks_key_1,algorithm=hmac_sha1",
    },
    "the token with the new hash": lambda url, form: {
        SIGNATURE: signature(url, form, AUTH_TOKEN, digest="sha256"),
        SETTINGS: "key=,algorithm=HMAC_SHA256",
    },
    "a hash that is none": lambda url, form: {
        SIGNATURE: signature(url, form, AUTH_TOKEN),
        SETTINGS: "key=webhooks_key_1,algorithm=NONE",
    },
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_twilio_did_not_sign_is_refused_and_leaves_nothing(live: House, report: Report, forgery: str) -> None:
    headers = FORGERIES[forgery](f"{URL}?{report.query}", report.form)
    with capture_logs() as lines:
        assert tell(live, report, headers) == 403
    assert (kept(live), standing(live)) == (0, Status.ACCEPTED)
    (line,) = lines
    assert (line["event"], line["expected"]) == ("webhook.refused", f"{URL}?{report.query}")
    assert PHONE not in str(lines)


def test_a_wrong_signature_is_kept_for_the_doctor_once_a_minute_and_what_has_none_is_not(
    live: House, report: Report
) -> None:
    twilio = callbacks(live)

    def refused_at() -> datetime | None:
        with live.store.read() as tx:
            found = refused_since_taken(tx, "twilio")
        assert found is None or found.expected == URL
        return found.at if found else None

    post(twilio, report.query, {}, encoded(report.form))
    assert refused_at() is None
    wrong = by_token(f"https://wrong.example{STATUS_PATH}", report.form, AUTH_TOKEN)
    began = live.clock.now()
    for minutes, kept_minutes in ((0, 0), (0.5, 0), (1, 1)):
        live.clock.move_to(after(began, minutes=minutes))
        post(twilio, report.query, wrong, encoded(report.form))
        assert refused_at() == after(began, minutes=kept_minutes)


def test_a_report_is_checked_against_the_public_address_with_its_port_and_path(live: House, report: Report) -> None:
    for public in ("http://care.example.com:8080", "https://example.com/aftercare", "https://care.example.com:443"):
        twilio = replace(callbacks(live), public_url=public)
        answer = post(twilio, report.query, report.headers(base=public), encoded(report.form))
        assert answer.status_code == 204, public


def test_the_query_is_signed_as_it_was_sent(live: House, report: Report) -> None:
    for query in (f"{report.query}&a=%2B1+2&empty=", "b=2&a=1", "attempt=%41"):
        headers = by_token(f"{URL}?{query}", report.form, AUTH_TOKEN)
        assert post(callbacks(live), query, headers, encoded(report.form)).status_code == 204, query


@pytest.mark.parametrize(
    "body", [b"\xff\xfe\x00", b"no fields", b"MessageSid=%FF&MessageStatus=sent", b"&".join([b"a=1"] * 300)]
)
def test_what_is_no_form_is_refused(live: House, body: bytes) -> None:
    assert post(callbacks(live), "", {SIGNATURE: "x"}, body).status_code == 400
    assert kept(live) == 0


def test_a_body_that_is_too_long_is_refused(live: House) -> None:
    assert post(callbacks(live), "", {SIGNATURE: "x"}, b"a" * (MOST_BYTES + 1)).status_code == 413
    assert kept(live) == 0


def test_without_a_token_nobody_can_tell_who_calls(report: Report) -> None:
    answer = post(None, report.query, report.headers(), encoded(report.form))
    assert answer.status_code == 503
    assert "token" in answer.text


def test_while_the_database_is_away_twilio_is_told_so_and_nothing_is_lost_by_a_204(
    live: House, report: Report
) -> None:
    database = live.settings.data_dir / "aftercare.db"
    with (
        open_store(live.settings, patience=timedelta(milliseconds=20)) as impatient,
        closing(sqlite3.connect(database, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        assert tell(live.on(impatient), report) == 503
        other.execute("ROLLBACK")
        assert tell(live.on(impatient), report) == 204
    assert standing(live) is Status.DELIVERED


def test_only_a_post_is_taken(live: House) -> None:
    async def get() -> int:
        transport = httpx.ASGITransport(create_app(well=lambda: True, twilio=callbacks(live)))
        async with httpx.AsyncClient(transport=transport, base_url="http://aftercare") as client:
            return (await client.get(STATUS_PATH)).status_code

    assert asyncio.run(get()) == 405
