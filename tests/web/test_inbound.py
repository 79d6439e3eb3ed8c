"""Twilio tells of a text: what is signed is stored, answered with nothing to send, and worked on."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import quote

import httpx
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from scheduler.channels.twilio.webhook import Secrets
from scheduler.services.callbacks import INBOUND_PATH, TwilioCallbacks
from scheduler.store.tables import provider_events
from scheduler.web.app import create_app
from scheduler.web.webhooks import MOST_BYTES
from tests.servers.signing import SETTINGS, SIGNATURE, by_key, by_token, encoded, signature
from tests.servers.twilio import AUTH_TOKEN
from tests.services.house import PHONE, House
from tests.services.reports import PUBLIC, callbacks
from tests.services.test_replies import asked
from tests.services.texting import Text, answered, replies

KEYS = {"webhooks_key_1": "first-secret", "webhooks_key_2": "second-secret"}
URL = f"{PUBLIC}{INBOUND_PATH}"


def post(twilio: TwilioCallbacks | None, headers: Mapping[str, str], body: bytes, query: str = "") -> httpx.Response:
    """Call as Twilio does, through a proxy that makes another address of it."""

    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(well=lambda: True, twilio=twilio))
        async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7:8000") as client:
            sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
            return await client.post(f"{INBOUND_PATH}{query}", content=body, headers=sent)

    return asyncio.run(call())


def tell(house: House, text: Text, headers: Mapping[str, str] | None = None) -> int:
    twilio = replace(callbacks(house), secrets=Secrets(AUTH_TOKEN, KEYS))
    return post(twilio, text.headers() if headers is None else headers, encoded(text.form)).status_code


def kept(house: House) -> int:
    with house.store.read() as tx:
        return tx.connection.scalar(sa.select(sa.func.count()).select_from(provider_events)) or 0


def test_a_signed_text_is_answered_with_nothing_to_send_and_worked_on(live: House) -> None:
    asked(live)
    text, woken = Text("1"), []
    twilio = replace(callbacks(live), wake=lambda: woken.append(1))
    answer = post(twilio, text.headers(), encoded(text.form))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text.endswith("<Response></Response>")
    assert (kept(live), answered(live), woken) == (1, ["answer_fine"], [1])
    assert tell(live, text) == 200
    assert (kept(live), len(replies(live)), answered(live)) == (1, 1, ["answer_fine"])


def test_a_text_that_is_signed_with_a_shared_key_counts(live: House) -> None:
    text = Text("1")
    assert tell(live, text, by_key(URL, text.form, "webhooks_key_2", "second-secret")) == 200
    assert len(replies(live)) == 1


FORGERIES: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "no signature": lambda _form: {},
    "nonsense": lambda _form: {SIGNATURE: "!"},
    "another token": lambda form: by_token(URL, form, "guessed"),
    "another host": lambda form: by_token(URL.replace("care.", "evil."), form, AUTH_TOKEN),
    "http for https": lambda form: by_token(URL.replace("https:", "http:"), form, AUTH_TOKEN),
    "the proxy's address": lambda form: by_token(URL.replace(PUBLIC, "http://10.0.0.7:8000"), form, AUTH_TOKEN),
    "a slash more": lambda form: by_token(URL + "/", form, AUTH_TOKEN),
    "the status address": lambda form: by_token(URL.replace("inbound", "status"), form, AUTH_TOKEN),
    "another body": lambda form: by_token(URL, {**form, "Body": "3"}, AUTH_TOKEN),
    "another sender": lambda form: by_token(URL, {**form, "From": "+14165550199"}, AUTH_TOKEN),
    "another key's secret": lambda form: by_key(URL, form, "webhooks_key_1", "second-secret"),
    "a shared key for the token": lambda form: {SIGNATURE: signature(URL, form, "first-secret")},
    "the token with the new hash": lambda form: {
        SIGNATURE: signature(URL, form, AUTH_TOKEN, digest="sha256"),
        SETTINGS: "key=,algorithm=HMAC_SHA256",
    },
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_twilio_did_not_sign_is_refused_with_its_reason_in_the_log_and_leaves_nothing(
    live: House, forgery: str
) -> None:
    text = Text("1, says Zoë")
    with capture_logs() as lines:
        assert tell(live, text, FORGERIES[forgery](text.form)) == 403
    assert (kept(live), replies(live)) == (0, ())
    (line,) = lines
    assert (line["event"], line["expected"]) == ("webhook.refused", URL)
    assert line["why"]
    assert PHONE not in str(lines)
    assert "Zoë" not in str(lines)


@pytest.mark.parametrize("body", ["a\x00b", "\ufeff1", "é👍\u202e", "\r\n\r\n", " ", "x" * 9000, "%00%ff+&=;"])
def test_any_text_that_can_be_sent_is_kept_as_it_is(any_live: House, body: str) -> None:
    assert tell(any_live, Text(body)) == 200
    assert replies(any_live)[0].body == body


@pytest.mark.parametrize("sid", ["", "SM\x00", "S" * 200, "é"])
def test_a_text_without_a_name_that_can_be_kept_is_still_one_reply(any_live: House, sid: str) -> None:
    text = Text("1", sid=sid)
    assert (tell(any_live, text), tell(any_live, text)) == (200, 200)
    assert len(replies(any_live)) == 1


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"Body=%FF&From=1", b"Body=%ED%A0%80", b"&".join([b"a=1"] * 300)])
def test_what_is_no_form_in_utf_8_is_refused_and_the_log_says_so(live: House, raw: bytes) -> None:
    with capture_logs() as lines:
        assert post(callbacks(live), {SIGNATURE: "x"}, raw).status_code == 400
    assert (kept(live), lines[0]["event"]) == (0, "webhook.refused")


def test_what_is_too_long_is_refused(live: House) -> None:
    assert post(callbacks(live), {SIGNATURE: "x"}, b"Body=" + b"a" * MOST_BYTES).status_code == 413
    assert kept(live) == 0


def test_texts_count_in_whatever_order_they_come_and_however_often(live: House) -> None:
    asked(live)
    texts = [Text("1"), Text("What time do you open?"), Text("STOP")]
    for text in (*reversed(texts), *texts, *texts):
        assert tell(live, text) == 200
    assert {it.body for it in replies(live)} == {text.body for text in texts}
    assert len(replies(live)) == 3


def test_the_query_of_the_address_is_signed_as_it_was_sent(live: House) -> None:
    text, query = Text("1"), f"?from={quote('a b')}"
    headers = by_token(f"{URL}{query}", text.form, AUTH_TOKEN)
    assert post(callbacks(live), headers, encoded(text.form), query).status_code == 200


def test_without_a_token_nobody_can_tell_who_calls() -> None:
    text = Text("1")
    assert post(None, text.headers(), encoded(text.form)).status_code == 503
