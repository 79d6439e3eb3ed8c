"""What is read out of Twilio's form of an incoming message."""

import pytest

from scheduler.channels.twilio.inbound import read_inbound
from scheduler.domain.consequences import Keyword

FORM = {"MessageSid": "SM1", "From": "+14165550123", "To": "+14165550109", "Body": "Hi", "NumMedia": "0"}


def test_it_says_who_wrote_what_to_whom() -> None:
    text = read_inbound([*FORM.items(), ("MessagingServiceSid", "MG1")])
    assert (text.sid, text.sender, text.receiver, text.service) == ("SM1", "+14165550123", "+14165550109", "MG1")
    assert (text.body, text.media, text.keyword) == ("Hi", 0, None)
    assert "+14165550123" not in repr(text)
    assert "Hi" not in repr(text)


def test_the_first_of_a_name_counts_and_what_is_missing_is_empty() -> None:
    assert read_inbound([("Body", "a"), ("Body", "b")]).body == "a"
    text = read_inbound([])
    assert (text.sid, text.sender, text.receiver, text.service, text.body, text.media) == ("", "", "", "", "", 0)


@pytest.mark.parametrize(
    ("body", "keyword"),
    [
        ("STOP", Keyword.STOP),
        (" stop\n", Keyword.STOP),
        ("Cancel", Keyword.STOP),
        ("OPTOUT", Keyword.STOP),
        ("start", Keyword.START),
        ("Yes", Keyword.START),
        ("info", Keyword.HELP),
        ("STOP PLEASE", None),
        ("ARRET", None),
    ],
)
def test_only_a_whole_keyword_is_answered_by_twilio(body: str, keyword: Keyword | None) -> None:
    assert read_inbound([("Body", body)]).keyword is keyword


def test_a_service_with_keywords_of_its_own_says_so() -> None:
    assert read_inbound([("Body", "ARRET"), ("OptOutType", "STOP")]).keyword is Keyword.STOP
    assert read_inbound([("Body", "ARRET"), ("OptOutType", "WHAT")]).keyword is None


@pytest.mark.parametrize(("said", "count"), [("2", 2), ("", 0), ("-1", 0), ("many", 0), ("٣", 0), ("9" * 5000, 99)])
def test_pictures_are_counted_whatever_is_said(said: str, count: int) -> None:
    assert read_inbound([("NumMedia", said)]).media == count


@pytest.mark.parametrize("name", ["\x00", "SM\x001", "S" * 65, "é", " "])
def test_a_name_that_no_database_takes_is_none(name: str) -> None:
    text = read_inbound([("MessageSid", name), ("From", name * 2), ("To", name)])
    assert text.sid == ""
    assert "\x00" not in text.sender + text.receiver
