import pytest

from scheduler.channels.meaning import Meaning
from scheduler.channels.twilio.errors import CODES, meaning_of, refusal
from scheduler.errors import ErrorKind
from tests.channels.messages import NOW

EXPECTED = {
    ErrorKind.CONFIGURATION: [
        10001, 20003, 20404, 21212, 21606, 21608, 21609, 21659, 21660, 21703, 21705, 30002, 30024, 30032, 30034,
        35114, 35118, 35125, 90007,
    ],
    ErrorKind.TRANSIENT: [20429, 21611, 30001, 30003, 30008, 30022, 30023, 30036, 30410, 63038],
    ErrorKind.PERMANENT: [21211, 21408, 21612, 21614, 21635, 30004, 30005, 30006],
    ErrorKind.CONTENT: [21617, 30007],
    ErrorKind.OPT_OUT: [21610],
    ErrorKind.UNKNOWN: [20500],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind, codes in EXPECTED.items() for code in codes])
def test_each_code_has_its_kind(kind: ErrorKind, code: int) -> None:
    assert meaning_of(code, 400).kind is kind


def test_the_table_has_no_code_that_is_not_expected_here() -> None:
    assert set(CODES) == {code for codes in EXPECTED.values() for code in codes}


@pytest.mark.parametrize("meaning", CODES.values(), ids=map(str, CODES))
def test_the_words_are_one_short_line(meaning: Meaning) -> None:
    assert 0 < len(meaning.words) < 90
    assert "\n" not in meaning.words


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, None, ErrorKind.CONFIGURATION),
        (403, 29999, ErrorKind.CONFIGURATION),
        (404, None, ErrorKind.CONFIGURATION),
        (400, None, ErrorKind.CONFIGURATION),
        (302, None, ErrorKind.CONFIGURATION),
        (407, None, ErrorKind.CONFIGURATION),
        (400, 29999, ErrorKind.CONTENT),
        (409, 29999, ErrorKind.CONTENT),
        (429, None, ErrorKind.TRANSIENT),
        (429, 21610, ErrorKind.TRANSIENT),
        (500, None, ErrorKind.UNKNOWN),
        (503, 20429, ErrorKind.UNKNOWN),
        (408, None, ErrorKind.UNKNOWN),
        (504, None, ErrorKind.UNKNOWN),
    ],
)
def test_what_the_table_does_not_know_is_decided_by_the_status(
    status: int, code: int | None, kind: ErrorKind
) -> None:
    assert meaning_of(code, status).kind is kind


def test_a_daily_cap_waits_long_unless_twilio_says_how_long() -> None:
    body = '{"code": 63038, "message": "no", "status": 429}'
    assert refusal(429, body, {}, NOW).retry_after == 3600
    assert refusal(429, body, {"Retry-After": "60"}, NOW).retry_after == 60


@pytest.mark.parametrize("body", ["", "null", "[]", '{"code": "21211"}', '{"code": true}', "{", "\ufffd"])
def test_a_body_without_a_code_is_read_as_one_without(body: str) -> None:
    assert refusal(400, body, {}, NOW).code == "http-400"


def test_a_date_in_the_past_means_no_wait() -> None:
    assert refusal(429, "", {"Retry-After": "Mon, 02 Mar 2026 14:00:00 GMT"}, NOW).retry_after == 0


@pytest.mark.parametrize("value", ["", "-3", "1e9", "Mon, 02 Mar 2026 14:00:00", "²"])
def test_a_retry_after_that_can_not_be_read_is_none(value: str) -> None:
    assert refusal(429, "", {"Retry-After": value}, NOW).retry_after is None


@pytest.mark.parametrize("value", ["9999999999999", "9" * 400, "3601", "Fri, 31 Dec 9999 23:59:00 GMT"])
def test_a_wait_of_more_than_an_hour_counts_as_an_hour(value: str) -> None:
    assert refusal(429, "", {"Retry-After": value}, NOW).retry_after == 3600
