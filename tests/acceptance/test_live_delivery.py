"""A clinic's export goes in, and exactly the planned texts and emails reach the providers, each once."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from zoneinfo import ZoneInfo

from tests.acceptance.conftest import Aftercare
from tests.servers.behaviours import refuse
from tests.servers.smtp import SmtpServer
from tests.servers.twilio import TwilioServer

EXPORT = """\
Booking,Start,Client,Mobile,E-mail,Language,Service,Status,Texts OK,Emails OK,Offers OK
A-1,2030-03-06 10:00,Alice Sample,5145550101,alice@patients.example,en,Microneedling - Full Face,Confirmed,yes,yes,no
A-2,2030-03-08 14:30,Béatrice Exemple,,beatrice@patients.example,fr,Microneedling - Full Face,Confirmed,yes,yes,no
"""
ALICE, BEATRICE = "alice@patients.example", "beatrice@patients.example"

# What config/protocols/microneedling.yaml says, by hand, in the clinic's wall clock (clocks go forward on 10 March).
EXPECTED = [
    ("2030-02-27 10:00", "email", ALICE, "prepare"),
    ("2030-03-01 10:00", "email", BEATRICE, "prepare"),
    ("2030-03-06 13:00", "sms", "+15145550101", "sun_protection"),
    ("2030-03-06 13:00", "email", ALICE, "sun_protection"),
    ("2030-03-07 09:30", "sms", "+15145550101", "avoid_actives"),
    ("2030-03-07 09:30", "email", ALICE, "avoid_actives"),
    ("2030-03-08 10:00", "sms", "+15145550101", "redness_check"),
    ("2030-03-08 17:30", "email", BEATRICE, "sun_protection"),
    ("2030-03-09 09:30", "email", BEATRICE, "avoid_actives"),
    ("2030-03-10 10:00", "email", BEATRICE, "redness_check"),
    ("2030-03-13 10:00", "sms", "+15145550101", "week_check"),
    ("2030-03-15 10:00", "email", BEATRICE, "week_check"),
    ("2030-04-03 11:00", "sms", "+15145550101", "next_session"),
    ("2030-04-03 11:00", "email", ALICE, "next_session"),
    ("2030-04-09 11:00", "email", BEATRICE, "next_session"),
    ("2030-04-10 11:00", "sms", "+15145550101", "next_session_reminder"),
    ("2030-04-12 11:00", "email", BEATRICE, "next_session_reminder"),
]


def test_import_then_dispatch_at_each_due_instant_delivers_exactly_the_plan(
    aftercare: Aftercare, live: Mapping[str, str], twilio: TwilioServer, smtp: SmtpServer
) -> None:
    aftercare.environ |= live
    aftercare.approve()
    (aftercare.folder / "export.csv").write_text(EXPORT, encoding="utf-8")
    report = aftercare.json("import", "export.csv", "--clinic", "lumiere")
    assert report["totals"]["registered"] == 2
    timelines = [aftercare.json("timeline", str(row["appointment"])) for row in report["rows"]]
    planned = [message for timeline in timelines for message in timeline["messages"]]
    delivered: list[tuple[str, str, str]] = []
    for due_at in sorted({message["due_at"] for message in planned}):
        before = len(twilio.taken), len(smtp.delivered)
        aftercare.json("dispatch", "--now", due_at)
        delivered += [(due_at, "sms", taken.to) for taken in twilio.taken[before[0] :]]
        delivered += [(due_at, "email", mail.recipients[0]) for mail in smtp.delivered[before[1] :]]
        again = aftercare.json("dispatch", "--now", due_at)
        assert again["sent"] == 0

    assert Counter(delivered) == Counter((utc(local), channel, to) for local, channel, to, _step in EXPECTED)
    assert len(delivered) == len(EXPECTED)


def test_what_arrives_is_the_right_text_in_the_right_language(
    aftercare: Aftercare, live: Mapping[str, str], twilio: TwilioServer, smtp: SmtpServer
) -> None:
    aftercare.environ |= live
    aftercare.approve()
    (aftercare.folder / "export.csv").write_text(EXPORT, encoding="utf-8")
    aftercare.json("import", "export.csv", "--clinic", "lumiere")
    aftercare.json("dispatch", "--now", utc("2030-03-08 10:00"))
    (check,) = [taken for taken in twilio.taken if "1" in taken.body and "3" in taken.body]
    assert check.params["MessagingServiceSid"] == "MG0123456789abcdef0123456789abcdef"
    assert "StatusCallback" not in check.params  # the public address is loopback: Twilio could not call it
    assert int(check.params["ValidityPeriod"]) <= timedelta(hours=10).total_seconds()
    assert "911" in check.body
    assert "icroneedling" not in check.body

    aftercare.json("dispatch", "--now", utc("2030-03-08 17:30"))
    mail = smtp.delivered_to(BEATRICE)[-1]
    message = message_from_bytes(mail.content, policy=policy.default)
    assert message["Content-Language"] == "fr"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Reply-To"] == "desk@lumiere.example"
    plain = message.get_body(("plain",))
    assert plain is not None
    assert "Béatrice" in plain.get_content()
    assert "ombre" in plain.get_content()


def test_a_provider_that_refuses_for_now_gets_the_message_later_and_once(
    aftercare: Aftercare, live: Mapping[str, str], twilio: TwilioServer
) -> None:
    aftercare.environ |= live
    aftercare.approve()
    (aftercare.folder / "export.csv").write_text(EXPORT, encoding="utf-8")
    aftercare.json("import", "export.csv", "--clinic", "lumiere")
    aftercare.json("dispatch", "--now", utc("2030-03-07 09:30"))
    twilio.taken.clear()
    twilio.script.append(refuse(429, 20429))
    first = aftercare.json("dispatch", "--now", utc("2030-03-08 10:00"))
    assert (first["sent"], first["retried"]) == (0, 1)
    assert aftercare.json("dispatch", "--now", utc("2030-03-08 10:05"))["sent"] == 1
    assert aftercare.json("dispatch", "--now", utc("2030-03-08 10:06"))["sent"] == 0
    assert len(twilio.sent_to("+15145550101")) == 1


def utc(local: str) -> str:
    wall = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("America/Toronto"))
    return wall.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")
