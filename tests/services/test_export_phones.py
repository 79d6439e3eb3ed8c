"""Phone numbers as spreadsheets damage them: mended where one reading alone is a number, else refused in words."""

import re
from dataclasses import replace

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler.services.addressing import NoAddressError, read_phone
from scheduler.services.exports.phones import read_file_phone
from tests.services.house import configuration

CANADA = configuration().clinic("north")
ROUNDED = (
    "was rounded by a spreadsheet (such as 1.4E+10), so that its digits are gone: format the column as text before "
    "the export is opened there, or import the booking system's own file"
)


def wide(text: str) -> str:
    """Return figures and signs as Japanese keyboards write them."""
    return "".join(char if char == " " else chr(ord(char) + 0xFEE0) for char in text)


def read(text: str, country: str = "CA") -> str:
    return read_file_phone(text, replace(CANADA, country=country))


def refusal(text: str, country: str = "CA") -> str:
    with pytest.raises(NoAddressError) as refused:
        read(text, country)
    return str(refused.value)


@pytest.mark.parametrize("text", [
    "+14165550123", "416-555-0123", "'4165550123", "\u2019+1 416 555 0123", '="+14165550123"', "=4165550123",
    "14165550123", "14165550123.0", "4165550123,0", "\u202a+1 416 555 0123\u202c", "\ufeff416\u00a0555\u00a00123",
    wide("416-555-0123"), "tel:+1-416-555-0123", "Tel.: 416 555 0123", "416\u2011555\u20110123",
    wide("+1 416 555 0123"),
])  # fmt: skip
def test_what_a_spreadsheet_puts_around_a_number_is_taken_off(text: str) -> None:
    assert read(text) == "+14165550123"


@pytest.mark.parametrize(("text", "country", "number"), [
    ("34600000011", "ES", "+34600000011"), ("14165550123", "ES", "+14165550123"),
    ("447400123456", "FR", "+447400123456"), ("447400123456", "CA", "+447400123456"),
    ("612345678", "FR", "+33612345678"), ("7400123456", "GB", "+447400123456"),
    ("707123456", "CI", "+2250707123456"),  # there the zero is part of the number
])  # fmt: skip
def test_a_lost_sign_or_zero_is_put_back_where_nothing_else_is_a_number(text: str, country: str, number: str) -> None:
    assert read(text, country) == number


@pytest.mark.parametrize(("text", "country"), [
    ("43755501000", "CA"),  # an Austrian one with +, and a Toronto one with a digit too many
    ("4935550100", "CA"),  # a German one with +, and as long as a Canadian one
    ("33612345678", "CA"), ("6612345678", "ES"), ("416555010", "CA"), ("14165550123", "GB"),
    ("4165550123", "IT"),  # with a zero a land line of any length
])  # fmt: skip
def test_what_may_be_a_mistyped_number_of_the_country_is_never_taken_for_a_foreign_one(
    text: str, country: str
) -> None:
    assert refusal(text, country) == "is no number that exists: check the digits"


@pytest.mark.parametrize(("text", "said"), [
    ("1.41655E+10", ROUNDED), ("1,41655e10", ROUNDED), ("4.16555E9", ROUNDED),
    ("416-555-0123 / 416-555-0199", "has two numbers: keep the patient's own mobile number"),
    ("416-555-0123 or 416-555-0199", "has two numbers: keep the patient's own mobile number"),
    ("4165550123;4165550199", "has two numbers: keep the patient's own mobile number"),
    ("+1 800 555 0199", "is a toll-free number, which is no patient's: give a mobile number"),
    ("416-555-0123 x12", "has an extension, which can't get texts: give a direct number"),
    ("416-555-0123 (mom)", "has letters in it: give digits only"),
    ("n/a", "is not a phone number of CA, nor one with + and country code"),
    ("+1 416 555 01", "is no number that exists: check the digits"),
])  # fmt: skip
def test_what_can_not_be_mended_is_refused_in_words(text: str, said: str) -> None:
    assert refusal(text) == said


def test_a_slash_within_one_number_makes_it_no_two() -> None:
    assert read("416/555-0123") == "+14165550123"


COUNTRIES = ["CA", "US", "ES", "FR", "GB", "IT", "CI", "DE", "CH", "MX"]
FIGURES = st.text(alphabet="0123456789+-() .'/", min_size=5, max_size=18)
MOBILES = st.sampled_from(COUNTRIES).map(
    lambda country: phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
)


FORMATS = [phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL]
WRITTEN = st.builds(phonenumbers.format_number, MOBILES, st.sampled_from(FORMATS))


@example("4375550100", "CA")
@given(FIGURES | WRITTEN, st.sampled_from(COUNTRIES))
def test_mending_never_changes_a_number_that_is_valid_as_written(text: str, country: str) -> None:
    clinic = replace(CANADA, country=country)
    try:
        as_written = read_phone(text.strip(), clinic)
    except NoAddressError:
        return
    if re.fullmatch(r"\+?\d+\.0+", text.strip(" '")):
        return  # a spreadsheet's number, not one that somebody wrote
    try:
        assert read_file_phone(text, clinic) == as_written
    except NoAddressError as error:
        assert "no patient's" in str(error)  # noqa: PT017  (only a number of the wrong kind may be refused)


@given(MOBILES, st.sampled_from(COUNTRIES))
def test_a_mended_number_is_the_one_that_lost_its_sign_and_no_other(
    number: phonenumbers.PhoneNumber, country: str
) -> None:
    whole = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    clinic = replace(CANADA, country=country)
    try:
        read_phone(whole[1:], clinic)
    except NoAddressError:
        try:
            assert read_file_phone(whole[1:], clinic) == whole
        except NoAddressError as error:
            assert whole[3:] not in str(error)  # noqa: PT017  (refused, without the digits)


@given(st.text(max_size=40) | FIGURES, st.sampled_from(COUNTRIES))
def test_any_cell_is_a_number_that_exists_or_one_refusal_without_it(text: str, country: str) -> None:
    try:
        found = read(text, country)
    except NoAddressError as error:
        assert str(error).isprintable()  # noqa: PT017  (that is all a refusal may be)
        assert not any(len(part) > 4 and part in str(error) for part in text.split())  # noqa: PT017  (refused, without the cell)
    else:
        assert phonenumbers.is_valid_number(phonenumbers.parse(found))
