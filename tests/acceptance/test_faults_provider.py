"""Providers that fail in every way: what they took is not sent again, what they did not take is."""

import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.grounds import Ground, address_of, ground
from tests.chaos.site import mailbox
from tests.servers.behaviours import (
    ACCEPT,
    CLOSE_AFTER_TAKING,
    FAIL_AFTER_TAKING,
    GARBAGE,
    HALF_A_RESPONSE,
    MOODS,
    SLOW,
    refuse,
)
from tests.servers.certificates import make_certificate
from tests.servers.mail import At, Fault
from tests.servers.signing import by_token, encoded
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import AUTH_TOKEN, TwilioServer

__all__ = ["ground"]

TAKES_AND_FAILS = (FAIL_AFTER_TAKING, GARBAGE, HALF_A_RESPONSE, CLOSE_AFTER_TAKING)
PUBLIC = "https://care.example"
PATH = "/webhooks/twilio/status"


def test_what_was_taken_without_a_good_answer_is_found_in_the_providers_list_and_sent_once(ground: Ground) -> None:
    ground.prepare(len(TAKES_AND_FAILS))
    ground.twilio.script.extend(TAKES_AND_FAILS)
    with ground.serving():
        ground.fall_due()
        ground.settle()
    ground.check()
    assert ground.twilio.questions >= len(TAKES_AND_FAILS)


def test_what_was_taken_without_a_good_answer_is_settled_by_its_callback(ground: Ground) -> None:
    ground.site.environ["AFTERCARE_PUBLIC_URL"] = PUBLIC
    ground.prepare(len(TAKES_AND_FAILS))
    ground.twilio.script.extend(TAKES_AND_FAILS)
    with ground.serving() as service:
        ground.fall_due()
        ground.until(lambda: sum(row.number for row in ground.rows() if row.status == "unknown") == ground.patients)
        for taken in ground.twilio.taken:
            form = {"MessageSid": taken.sid, "MessageStatus": "sent", "To": taken.to}
            query = taken.params["StatusCallback"].removeprefix(PUBLIC + PATH)
            headers = by_token(taken.params["StatusCallback"], form, AUTH_TOKEN)
            there = f"{address_of(ground.site.said(service))}{PATH}{query}"
            with urllib.request.urlopen(urllib.request.Request(there, encoded(form), headers), timeout=10) as answer:
                assert answer.status == 204
        ground.settle()
    ground.check()
    assert ground.twilio.questions == 0


@pytest.mark.long
def test_on_a_bad_day_of_the_provider_every_text_still_goes_out_once(ground: Ground) -> None:
    ground.prepare(3 * len(MOODS))
    ground.twilio.script.extend(MOODS * 3)
    with ground.serving():
        ground.fall_due()
        ground.settle()
    ground.check()


def test_a_mail_server_that_hangs_up_after_the_content_gets_the_same_message_id_again(ground: Ground) -> None:
    ground.prepare(4)
    ground.smtp.replies = {(At.CONTENT, mailbox(n)): [Fault.HANG_UP] for n in range(3)}
    with ground.serving():
        ground.fall_due()
        ground.settle()
    ground.check()
    assert len(ground.smtp.delivered) == 4 + 3


@pytest.mark.long
def test_providers_that_take_and_never_answer_are_waited_for_no_longer_than_their_time(ground: Ground) -> None:
    ground.prepare(3)
    ground.twilio.script.append(SLOW)
    ground.smtp.replies = {(At.CONTENT, mailbox(0)): [Fault.SILENCE]}
    with ground.serving():
        ground.fall_due()
        ground.settle()
    ground.check()


@pytest.mark.long
def test_wrong_credentials_cost_no_message_and_sending_resumes_by_itself(ground: Ground) -> None:
    ground.prepare(3)
    ground.twilio.default = refuse(401, 20003)
    with ground.serving() as service:
        ground.fall_due()
        ground.until(lambda: "20003" in ground.site.said(service))
        ground.twilio.default = ACCEPT
        ground.settle()
    ground.check()


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[TwilioServer, SmtpServer]]:
    """Providers whose certificate nobody vouches for."""
    certificate = make_certificate(tmp_path)
    with (
        TwilioServer(certificate=certificate) as twilio,
        SmtpServer(certificate=certificate, tls_from_the_start=True) as smtp,
    ):
        yield twilio, smtp


@pytest.mark.long
def test_a_certificate_that_nobody_vouches_for_gets_nothing_and_all_goes_out_when_that_is_mended(
    ground: Ground, secured: tuple[TwilioServer, SmtpServer]
) -> None:
    right = dict(ground.site.environ)
    ground.prepare(3)
    ground.site.environ |= {"AFTERCARE_TWILIO_API_URL": secured[0].url, "AFTERCARE_SMTP_URL": secured[1].url}
    refused_until_mended(ground, right)
    assert (secured[0].taken, secured[1].delivered) == ([], [])


@pytest.mark.long
def test_a_line_that_is_not_encrypted_where_it_must_be_gets_nothing(ground: Ground) -> None:
    right = dict(ground.site.environ)
    ground.prepare(3)
    ground.site.environ |= {
        "AFTERCARE_TWILIO_API_URL": ground.twilio.url.replace("http:", "https:"),
        "AFTERCARE_SMTP_URL": ground.smtp.url.replace("smtp:", "smtps:"),
    }
    refused_until_mended(ground, right)


def refused_until_mended(ground: Ground, right: dict[str, str]) -> None:
    """Serve with settings that reach nobody, then with the right ones."""
    with ground.serving() as service:
        ground.fall_due()
        ground.until(lambda: len(re.findall("message.not_taken", ground.site.said(service))) >= 2)
    assert ground.handed_over() == 0
    ground.site.environ = right
    with ground.serving():
        ground.settle()
    ground.check()
