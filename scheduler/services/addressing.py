"""Addresses as people write them: phones and mailboxes. Damaged ones of files are not mended here."""

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from scheduler.domain.clinic import Clinic
from scheduler.services.words import exists


class NoAddressError(ValueError):
    """A text is no address; `code` is for pages, the message in words, without the address."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_phone(text: str, clinic: Clinic) -> str:
    """Return a number in E.164, read as the clinic's country writes it or by its + and country code.

    Raises NoAddressError.
    """
    try:
        number = phonenumbers.parse(text, clinic.country)
    except phonenumbers.NumberParseException:
        message = f"is not a phone number of {clinic.country}, nor one with + and country code"
        raise NoAddressError("no_phone", message) from None
    if number.extension:
        raise NoAddressError("extension", "has an extension, which can't get texts: give a direct number")
    if any(letter.isalpha() for letter in text):
        raise NoAddressError("letters", "has letters in it: give digits only")
    if not exists(number, clinic.country):
        raise NoAddressError("no_such_phone", "is no number that exists: check the digits")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_email(text: str) -> str:
    """Return a mailbox with its domain in normal form. Raises NoAddressError."""
    try:
        return validate_email(text, check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        message = "is not an email address: it needs one name@domain, without spaces or line breaks"
        raise NoAddressError("no_email", message) from None
