"""dispatch: the summary, the moved clock, and when it is refused."""

import json
import os
import signal

import pytest

from tests.cli.command import SECRETS, Command
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer

COUNTS = {"sent", "retried", "failed", "expired", "suppressed", "held", "unknown"}
LIVE = {
    "AFTERCARE_DELIVERY": "live",
    "TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef",
    "TWILIO_AUTH_TOKEN": "token",
    "AFTERCARE_SMTP_URL": "smtp://127.0.0.1:1",
}


def test_it_sends_what_is_due_and_prints_the_counts(aftercare: Command) -> None:
    appointment = aftercare.register()
    told = aftercare.json("dispatch", "--now", "2030-03-20T13:00:00-04:00")
    assert told["now"] == "2030-03-20T17:00:00Z"
    assert set(told) >= COUNTS | {"now"}
    assert (told["sent"], told["expired"]) == (1, 1)
    sent = [
        it["step"] for it in aftercare.json("timeline", str(appointment))["messages"] if it["status"] == "accepted"
    ]
    assert sent == ["first_hours"]


def test_people_are_told_in_words_and_where_the_rehearsed_texts_are(aftercare: Command) -> None:
    aftercare.register()
    assert aftercare.done("dispatch", "--now", "2030-03-18T10:00Z") == "Nothing was due.\n"
    printed = aftercare.done("dispatch", "--now", "2030-03-20T17:00Z")
    assert "1 sent, 1 expired." in printed
    assert "nothing left this machine; see var/outbox/" in printed
    (text,) = (aftercare.folder / "var" / "outbox").iterdir()
    assert text.stat().st_mode & 0o077 == 0


def test_neither_the_summary_nor_the_log_holds_patient_data(aftercare: Command) -> None:
    aftercare.register()
    ended = aftercare.run("--verbose", "dispatch", "--now", "2030-03-20T17:00Z", "--json")
    assert json.loads(ended.out)["sent"] == 1
    assert not any(secret in ended.out + ended.err for secret in SECRETS)


@pytest.mark.parametrize(
    "now", ["2030-03-20T10:00", "tomorrow", "2030-03-20", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"]
)
def test_a_moved_clock_without_an_offset_or_outside_our_time_is_a_wrong_usage(aftercare: Command, now: str) -> None:
    assert "--now" in aftercare.refused("dispatch", "--now", now, code=2)


@pytest.mark.parametrize(
    "url", [None, "https://api.twilio.com/", "https://API.twilio.com:443", "https://api.dublin.ie1.twilio.com"]
)
def test_a_moved_clock_is_refused_where_messages_reach_real_patients(aftercare: Command, url: str | None) -> None:
    aftercare.register()
    aftercare.set(**LIVE, **({"AFTERCARE_TWILIO_API_URL": url} if url else {}))
    assert aftercare.refused("dispatch", "--now", "2030-03-22T14:00Z").startswith("--now is for rehearsals and tests")
    statuses = {it["status"] for it in aftercare.json("timeline", "1")["messages"]}
    assert statuses == {"scheduled"}


def test_live_delivery_names_all_that_is_missing(aftercare: Command) -> None:
    aftercare.set(AFTERCARE_DELIVERY="live")
    line = aftercare.refused("dispatch")
    assert line.startswith(
        "AFTERCARE_DELIVERY=live needs TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, AFTERCARE_SMTP_URL: set what is missing"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_after_the_batch_at_hand_with_every_outcome_on_record(
    aftercare: Command, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr("scheduler.services.dispatch.BATCH", 1)
    monkeypatch.setattr("scheduler.services.dispatch.LANES", 1)  # one signal: a second would end it at once
    aftercare.approve()
    appointments = [aftercare.register("--name", name, "--phone", "") for name in ("Ann Roy", "Bob Roy", "Cy Roy")]
    with TwilioServer() as twilio, SmtpServer() as smtp:
        aftercare.set(**{**LIVE, "AFTERCARE_TWILIO_API_URL": twilio.url, "AFTERCARE_SMTP_URL": smtp.url})
        smtp.on_data = lambda: os.kill(os.getpid(), number)
        ended = aftercare.run("dispatch", "--now", "2030-03-18T14:00Z", "--json")
        assert len(smtp.delivered) == 1
    assert (ended.code, json.loads(ended.out)["sent"]) == (130, 1)
    statuses = [aftercare.json("timeline", str(it))["messages"][0]["status"] for it in appointments]
    assert sorted(statuses) == ["accepted", "scheduled", "scheduled"]
