"""Phone numbers as spreadsheets damage them: mended only where one reading alone is a number, else refused in words.

What people type is never mended (services/addressing): there is somebody to ask.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers

from scheduler.domain.clinic import Clinic
from scheduler.services.addressing import NoAddressError, read_phone
from scheduler.services.words import exists, one_line

_FORMULA = re.compile(r'="?([^"]*)"?')
_TEL = re.compile(r"tel\s*[.:]\s*", re.IGNORECASE)
_MARKS = "'`\u2018\u2019"
"""What a spreadsheet puts before a text, so that it stays one."""
_ROUNDED = re.compile(r"[+-]?\d+(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
_DECIMAL = re.compile(r"(\+?\d{7,15})[.,]0+")
_BETWEEN = re.compile(r"[/;,|&\n]|\s(?:or|ou|o|and|et|y)\s", re.IGNORECASE)
_FIGURES = re.compile(r"[\d\s().-]+")
LEAST_DIGITS = 7
"""What has fewer is no number beside another."""
_FAR = 2
"""How many digits a number must differ in length from any of the country to be taken for a foreign one: nearer to
them it may be a number of the country with a digit too many or too few, and the text would reach a stranger."""
_MOBILE = frozenset({phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE})
_NOBODYS = {
    phonenumbers.PhoneNumberType.PREMIUM_RATE: "a premium-rate",
    phonenumbers.PhoneNumberType.SHARED_COST: "a shared-cost",
    phonenumbers.PhoneNumberType.TOLL_FREE: "a toll-free",
    phonenumbers.PhoneNumberType.UAN: "a company's",
    phonenumbers.PhoneNumberType.VOICEMAIL: "a voicemail",
    phonenumbers.PhoneNumberType.PAGER: "a pager's",
}


def read_file_phone(text: str, clinic: Clinic) -> str:
    """Return the number of a cell in E.164. Raises NoAddressError.

    What is valid as written is never another number; what is mended is the only valid reading.
    """
    plain = _cleaned(text)
    if _ROUNDED.fullmatch(plain):
        raise NoAddressError(
            "no_phone",
            "was rounded by a spreadsheet (such as 1.4E+10), so that its digits are gone: format the column as text "
            "before the export is opened there, or import the booking system's own file",
        )
    try:
        number = read_phone(plain, clinic)
    except NoAddressError as error:
        number = _mended(plain, clinic, error)
    kind = phonenumbers.number_type(phonenumbers.parse(number))
    if kind in _NOBODYS:
        raise NoAddressError("no_phone", f"is {_NOBODYS[kind]} number, which is no patient's: give a mobile number")
    return number


def _cleaned(text: str) -> str:
    """Return a cell without what a spreadsheet or a web page put around a number."""
    plain, _ = one_line(unicodedata.normalize("NFKC", text))
    if formula := _FORMULA.fullmatch(plain):
        plain = formula[1]
    plain = _TEL.sub("", plain.strip().lstrip(_MARKS), count=1).strip()
    return found[1] if (found := _DECIMAL.fullmatch(plain)) else plain


def _mended(text: str, clinic: Clinic, error: NoAddressError) -> str:
    """Return the one number that a spreadsheet made this of. Raises `error`, or what says that there are two."""
    if sum(_digits(part) >= LEAST_DIGITS for part in _BETWEEN.split(text)) > 1:
        raise NoAddressError("no_phone", "has two numbers: keep the patient's own mobile number")
    digits = "".join(char for char in text if char.isdigit())
    readings = set(_readings(digits, clinic.country)) if _FIGURES.fullmatch(text) else set()
    if len(readings) != 1:
        raise error
    return readings.pop()


def _readings(digits: str, country: str) -> Iterator[str]:
    """Yield the numbers that these digits are with a lost zero or + in front."""
    for text in (f"0{digits}", f"+{digits}"):
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        if exists(number, country) and _is_certain(number, digits, country):
            yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_certain(number: phonenumbers.PhoneNumber, digits: str, country: str) -> bool:
    """Whether nothing else than the sign or zero in front was lost, as far as the country's own numbers say."""
    if number.country_code != phonenumbers.country_code_for_region(country):
        return _is_foreign(digits, country)
    # Land lines of some countries have so many lengths that a zero before almost anything makes one.
    return phonenumbers.number_type(number) in _MOBILE


def _is_foreign(digits: str, country: str) -> bool:
    """Whether digits are too many or too few for any number of the country, even one that was mistyped."""
    return all(abs(len(digits) - length) >= _FAR for length in _lengths(country, digits[0]))


@lru_cache(maxsize=1024)
def _lengths(country: str, first: str) -> frozenset[int]:
    """Return how many digits the country's numbers have, also behind its own prefix where that is the first one."""
    known = phonenumbers.PhoneMetadata.metadata_for_region(country)
    if known is None or known.general_desc is None:
        return frozenset()
    lengths = set(known.general_desc.possible_length) | set(known.general_desc.possible_length_local_only)
    prefix = known.national_prefix or ""
    with_prefix = {length + len(prefix) for length in lengths} if prefix and prefix[0] == first else set()
    return frozenset(length for length in lengths | with_prefix if length > 0)


def _digits(text: str) -> int:
    return sum(char.isdigit() for char in text)
