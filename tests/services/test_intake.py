"""What people and files write where a registration is wanted."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler.domain.appointment import AppointmentStatus
from scheduler.domain.consent import Answer
from scheduler.errors import RegistrationError
from scheduler.services.intake import CallOff, Field, Registration, read_call_off, read_registration
from scheduler.services.moments import read_instant
from tests.services.house import FIRST_HOURS, ZOE, House, configuration

NORTH = configuration().clinic("north")


def read(**said: str) -> Registration:
    raw = {**ZOE, **{Field(key): value for key, value in said.items()}}
    return read_registration(raw, NORTH, "peel")


def refusal(**said: str) -> str:
    with pytest.raises(RegistrationError) as refused:
        read(**said)
    return str(refused.value)


@pytest.mark.parametrize(
    "phone", ["416-555-0123", "(416) 555 0123", "+1 416.555.0123", "1 416 555 0123", "٤١٦٥٥٥٠١٢٣"]
)
def test_a_phone_is_read_as_the_clinics_country_writes_it(phone: str) -> None:
    assert read(phone=phone).phone == "+14165550123"


def test_a_phone_of_another_country_is_taken_with_its_country_code() -> None:
    assert read(phone="+34 600 00 00 11").phone == "+34600000011"


@pytest.mark.parametrize(
    ("phone", "said"),
    [
        ("416-555-0123 x12", "phone: has an extension, which can't get texts: give a direct number"),
        ("1-800-FLOWERS", "phone: has letters in it: give digits only"),
        ("12345", "phone: is no number that exists: check the digits"),
        ("+1 416 555 01234 5678", "phone: is no number that exists: check the digits"),
        ("none", "phone: is not a phone number of CA, nor one with + and country code"),
        ("9" * 300, "phone: is not a phone number of CA, nor one with + and country code"),
    ],
)
def test_a_phone_that_gets_no_texts_is_refused_with_the_reason(phone: str, said: str) -> None:
    assert refusal(phone=phone) == said


@pytest.mark.parametrize(
    "email",
    ["zoe@", "zoe", "a@b@c.example", "zoe@pat ients.example", "zoe@patients.example\nBcc: all@clinic.example",
     "zoe@patients.example, ann@patients.example", "Zoe <zoe@patients.example>", f"{'z' * 65}@patients.example",
     "zoe@localhost"],
)  # fmt: skip
def test_what_is_no_single_mailbox_is_refused_and_not_repeated(email: str) -> None:
    said = refusal(email=email)
    assert said == "email: is not an email address: it needs one name@domain, without spaces or line breaks"


def test_an_email_is_normalised_in_its_domain_only() -> None:
    assert read(email=" Zoe@PATIENTS.Example \n").email == "Zoe@patients.example"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("{{ 7*7 }}", "{{ 7*7 }}"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("  Zoë\t\r\n Lachance ", "Zoë Lachance"),
        ("Zoe\u0308\u00a0Lachance", "Zoë Lachance"),
        ("Zoë\u202e ecnahcaL\x00\x07", "Zoë ecnahcaL"),
        ("زهرة", "زهرة"),
    ],
)
def test_a_name_is_any_text_in_one_line(name: str, kept: str) -> None:
    assert read(name=name).name == kept


@pytest.mark.parametrize("name", ["", "  ", "\x00\u200b", "\u202e"])
def test_a_name_without_a_character_to_show_is_empty(name: str) -> None:
    assert refusal(name=name) == "name: is empty"


def test_a_name_of_ten_thousand_characters_is_refused_and_not_repeated() -> None:
    assert refusal(name="Zo" * 5000) == "name: has 10,000 characters, more than the 200 that a name may have"


def test_a_name_may_come_in_two_columns() -> None:
    assert read(name="", first_name="Zoë", last_name="Lachance").name == "Zoë Lachance"


@pytest.mark.parametrize("field", ["name", "external_id", "patient_id", "phone", "email", "language", "starts_at"])
def test_a_text_that_is_not_unicode_is_refused_and_not_stored_half(field: str) -> None:
    assert refusal(**{field: "Zo\udcff"}).startswith(f"{field}: ")


def test_names_that_look_like_templates_or_html_reach_the_patient_as_they_are(house: House) -> None:
    appointment = house.register(name="{{7*7}} <b>Zoë</b>")
    house.dispatch(FIRST_HOURS)
    assert house.message(appointment, "first_hours").status == "accepted"
    (text,) = (house.settings.outbox_dir).glob("*-sms-*.txt")
    assert "first_hours for {{7*7}}" in text.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-07-01T10:00", datetime(2026, 7, 1, 14, tzinfo=UTC)),
        ("2026-07-01 10:00", datetime(2026, 7, 1, 14, tzinfo=UTC)),
        ("2026-07-01T10:00Z", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026-07-01T10:00+02:00", datetime(2026, 7, 1, 8, tzinfo=UTC)),
        ("2026-03-08T02:30", datetime(2026, 3, 8, 7, tzinfo=UTC)),
        ("2026-11-01T01:30", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
    ],
    ids=["naive", "with a space", "UTC", "with an offset", "in the spring gap", "twice in autumn"],
)  # fmt: skip
def test_a_time_without_an_offset_is_the_clinics_wall_clock(text: str, instant: datetime) -> None:
    assert read_instant(text, NORTH) == instant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "starts_at: is empty"),
        ("tomorrow", "starts_at: is not a date and time such as 2026-03-02T14:30"),
        ("2026-02-30T10:00", "starts_at: names a day or a time that does not exist: look at the calendar"),
        ("2026-03-02", "starts_at: has no time of day: write it as 2026-03-02T14:30"),
        ("2026-03-02T24:30", "starts_at: names a day or a time that does not exist: look at the calendar"),
        ("1999-12-31T10:00", "starts_at: lies outside the years 2000 to 2100"),
        ("9999-12-31T23:59-12:00", "starts_at: lies outside the years 2000 to 2100"),
        ("0001-01-01T00:00+14:00", "starts_at: lies outside the years 2000 to 2100"),
    ],
)
def test_a_time_that_is_none_is_refused_in_words(text: str, said: str) -> None:
    assert refusal(starts_at=text) == said


@pytest.mark.parametrize("ends_at", ["2026-03-18T14:00Z", "2026-03-18T09:00"])
def test_an_end_that_is_not_after_the_start_is_refused(ends_at: str) -> None:
    assert refusal(ends_at=ends_at) == "ends_at: is not after starts_at"


@pytest.mark.parametrize(
    ("word", "answer"),
    [("YES", "yes"), ("oui", "yes"), ("Sí", "yes"), ("si\u0301", "yes"), ("1", "yes"), ("true", "yes"), ("No", "no"),
     ("non", "no"), ("0", "no"), ("FALSE", "no"), ("", "unknown"), (" ? ", "unknown"), ("inconnu", "unknown")],
)  # fmt: skip
def test_a_consent_is_read_in_the_languages_of_exports(word: str, answer: str) -> None:
    assert read(consent_sms=word).consent_sms is Answer(answer)


@pytest.mark.parametrize("word", ["maybe", "y/n", "2", "-"])
def test_a_consent_that_is_neither_yes_nor_no_is_refused_and_not_guessed(word: str) -> None:
    assert refusal(consent_email=word) == "consent_email: is not yes, no or unknown"


@pytest.mark.parametrize(
    ("word", "status"), [("BOOKED", "booked"), ("Completed", "completed"), ("no-show", "no_show")]
)
def test_a_status_is_read_whatever_its_case(word: str, status: str) -> None:
    assert read(status=word).status is AppointmentStatus(status)


def test_a_status_that_is_not_said_is_not_guessed() -> None:
    assert read(status="").status is None
    assert read().status is None


def test_what_calls_a_visit_off_by_its_id_needs_nothing_more() -> None:
    broken = {Field.PHONE: "12", Field.EMAIL: "zoe@", Field.STARTS_AT: "soon", Field.CONSENT_SMS: "perhaps"}
    said = read_call_off({**broken, Field.EXTERNAL_ID: " B-1 ", Field.STATUS: "No-show"}, NORTH)
    assert said == CallOff("north", "B-1", AppointmentStatus.NO_SHOW)


@pytest.mark.parametrize(
    "said",
    [
        {"external_id": "B-1", "status": "booked"},
        {"external_id": "B-1", "status": ""},
        {"external_id": "B-1", "status": "gone"},
        {"external_id": "", "status": "cancelled"},
        {"external_id": "x" * 101, "status": "cancelled"},
        {"external_id": "B\udcff", "status": "cancelled"},
    ],
)
def test_nothing_else_calls_a_visit_off(said: dict[str, str]) -> None:
    assert read_call_off({Field(key): value for key, value in said.items()}, NORTH) is None


@pytest.mark.parametrize(("said", "kept"), [("FR", "fr"), ("fr_CA", "fr-CA"), ("en-us", "en-US"), ("", None)])
def test_a_language_is_a_code(said: str, kept: str | None) -> None:
    assert read(language=said).language == kept


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"language": "French"}, "language: is not a language code such as en, fr or fr-CA"),
        ({"language": "x" * 500}, "language: is not a language code such as en, fr or fr-CA"),
        ({"timezone": "EST5"}, "timezone: is not an IANA time zone such as Europe/Madrid"),
        ({"timezone": "../../etc/passwd"}, "timezone: is not an IANA time zone such as Europe/Madrid"),
        ({"external_id": "x" * 101}, "external_id: has more than 100 characters"),
        ({"patient_id": "x" * 101}, "patient_id: has more than 100 characters"),
        (
            {"status": "gone"},
            "status: “gone” is not booked, completed, cancelled or no_show: map it under import.statuses",
        ),
        ({"phone": "", "email": ""}, "phone, email: both are empty, so nothing could reach this patient"),
    ],
)
def test_what_is_wrong_is_said_with_its_field(said: dict[str, str], why: str) -> None:
    assert refusal(**said) == why


def test_all_that_is_wrong_is_said_at_once() -> None:
    said = refusal(name="", phone="12", email="zoe@", starts_at="soon", consent_sms="perhaps")
    assert [part.partition(":")[0] for part in said.split("; ")] == [
        "name",
        "phone",
        "email",
        "starts_at",
        "consent_sms",
    ]


anything = st.text(max_size=60) | st.text(alphabet=st.characters(codec=None), max_size=20)


@example({Field.LANGUAGE: "en-"})
@example({Field.EMAIL: "a@xn--a.example"})
@example({Field.PHONE: "tel:+1;phone-context=x"})
@given(st.dictionaries(st.sampled_from(list(Field)), anything, max_size=len(Field)))
def test_any_text_at_all_is_a_registration_or_one_refusal(said: Mapping[Field, str]) -> None:
    try:
        found, refused = read_registration({**ZOE, **said}, NORTH, "peel"), "with nothing"
    except RegistrationError as error:
        found, refused = read(), str(error)
    assert refused.isprintable()
    assert found.name.encode().strip()
    assert found.starts_at.tzinfo is UTC
