"""Whether it was Twilio that called, and what its words mean."""

import pytest

from scheduler.channels.twilio.webhook import (
    SETTINGS,
    SIGNATURE,
    Secrets,
    StatusCallback,
    read_form,
    read_status,
    signature_fault,
)
from scheduler.channels.twilio.words import code_of, said_by
from scheduler.domain.states import Status
from tests.servers.signing import by_key, by_token, encoded, signature

# The example of Twilio's documentation, https://www.twilio.com/docs/usage/security#validating-requests
DOCUMENTED = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675309",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
}
KEYS = {"key_1": "secret-1"}
URL = "https://care.example.com/webhooks/twilio/status?attempt=abc"


def fault(url: str, body: bytes, headers: dict[str, str], token: str = "12345") -> str | None:
    return signature_fault(url, read_form(body), headers, Secrets(token, KEYS))


def test_the_example_of_twilios_documentation_is_signed() -> None:
    signed = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert by_token(DOCUMENTED, CALL, "12345")[SIGNATURE] == signed
    assert fault(DOCUMENTED, encoded(CALL), {SIGNATURE: signed}) is None
    assert fault(DOCUMENTED, encoded({**CALL, "Digits": "1235"}), {SIGNATURE: signed}) is not None


@pytest.mark.parametrize(
    "form",
    [
        {"MessageSid": "SM1", "RawDlrDoneDate": ""},
        {"Body": "a+b %2B 100% é \N{RIGHT SINGLE QUOTATION MARK} \N{PARTY POPPER}", "To": "+14165550123"},
        {"Unknown-Later": "1", "another": "&=?#"},
    ],
)
def test_blank_escaped_and_new_fields_are_signed_too(form: dict[str, str]) -> None:
    assert fault(URL, encoded(form), by_token(URL, form, "12345")) is None
    assert fault(URL, encoded(form), by_key(URL, form, "key_1", "secret-1")) is None
    assert fault(URL, encoded({**form, "more": ""}), by_token(URL, form, "12345")) is not None


def test_a_field_that_comes_twice_is_signed_once_a_value() -> None:
    signed = {SIGNATURE: signature(f"{URL}A1A2", {}, "12345")}
    assert fault(URL, b"A=2&A=1&A=2", signed) is None


def test_an_empty_body_can_be_signed() -> None:
    assert fault(URL, b"", by_token(URL, {}, "12345")) is None


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "no signature"),
        ({SIGNATURE: "x"}, "AFTERCARE_PUBLIC_URL"),
        ({SIGNATURE: "x", SETTINGS: "key=key_9,algorithm=HMAC_SHA256"}, "TWILIO_SHARED_KEYS"),
        ({SIGNATURE: "x", SETTINGS: "algorithm=HMAC_SHA256"}, "TWILIO_SHARED_KEYS"),
        ({SIGNATURE: "x", SETTINGS: "key=key_1,algorithm=HMAC_SHA512"}, "does not know"),
    ],
)
def test_the_operator_is_told_what_is_wrong_with_a_signature(headers: dict[str, str], words: str) -> None:
    assert words in (fault(URL, b"a=1", headers) or "")


def test_the_settings_header_is_read_with_spaces_and_in_any_order() -> None:
    headers = by_key(URL, {"a": "1"}, "key_1", "secret-1")
    assert fault(URL, b"a=1", {**headers, SETTINGS: " algorithm = HMAC_SHA256 , key = key_1 "}) is None


def test_an_empty_secret_signs_nothing() -> None:
    assert fault(URL, b"a=1", by_token(URL, {"a": "1"}, ""), token="") is not None


@pytest.mark.parametrize("body", [b"\xff", b"a", b"a=%FF", b"a=1&&b=2&c", b"&".join([b"a=1"] * 201)])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_form(body)


def test_secrets_are_not_shown() -> None:
    assert "12345" not in repr(Secrets("12345", KEYS))
    assert "secret-1" not in repr(Secrets("12345", KEYS))


def test_a_status_callback_says_what_became_of_a_message() -> None:
    form = [("SmsSid", "SM1"), ("MessageSid", "SM1"), ("MessageStatus", "undelivered"), ("ErrorCode", "30003")]
    assert read_status(form) == StatusCallback("SM1", "undelivered", Status.UNDELIVERED, "30003")
    assert read_status([("SmsSid", "SM1"), ("MessageStatus", "Sent")]) == StatusCallback(
        "SM1", "Sent", Status.ACCEPTED, ""
    )
    assert read_status([("MessageStatus", "sent")]) is None
    assert read_status([("MessageSid", "SM1")]) is None


def test_each_word_of_a_message_has_an_id_of_its_own() -> None:
    words = [("SM1", "sent", ""), ("SM2", "sent", ""), ("SM1", "failed", ""), ("SM1", "failed", "30003")]
    assert len({StatusCallback(sid, status, None, code).unique_id for sid, status, code in words}) == 4
    assert len(StatusCallback("SM1", "sent", None, "").unique_id) <= 128


@pytest.mark.parametrize(
    ("value", "code"),
    [(None, ""), ("", ""), (0, ""), ("0", ""), (30003, "30003"), (" 30003 ", "30003"), ("3e4", ""), ("9" * 30, "")],
)
def test_an_error_code_is_digits_or_nothing(value: object, code: str) -> None:
    assert code_of(value) == code


def test_words_that_twilio_may_add_change_nothing() -> None:
    assert said_by("partially_delivered") is None
    assert said_by("DELIVERED") is Status.DELIVERED
