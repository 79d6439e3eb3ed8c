"""Phones and mailboxes of people who do not exist, as a simulation needs them. Nothing is ever sent to them."""

from functools import cache

import phonenumbers

FALLBACK = "+14165550123"
NAME = "Alex Sample"


def sample_name(number: int) -> str:
    """Return the name of the patient of that number; the first, 0, needs none."""
    return f"{NAME} {number}" if number else NAME


def sample_email(number: int) -> str:
    """Return the mailbox of the patient of that number."""
    return f"alex.sample{number or ''}@patients.example"


@cache
def sample_phone(country: str, number: int) -> str:
    """Return the mobile number of the patient of that number, as those of a country (ISO 3166-1 alpha-2) are written.

    Patients of different numbers have different phones: two with the same one could not be told apart by a reply.
    """
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    return _written(_moved(example, number) or _moved(phonenumbers.parse(FALLBACK), number))


def _moved(example: phonenumbers.PhoneNumber | None, number: int) -> phonenumbers.PhoneNumber | None:
    """Return the number so many after an example; None where no number is, as a small country has not that many."""
    if example is None:
        return None
    own = phonenumbers.PhoneNumber()
    own.merge_from(example)  # some numbers begin with a 0 that counts
    own.national_number = (example.national_number or 0) + number
    return own if phonenumbers.is_valid_number(own) else None


def _written(own: phonenumbers.PhoneNumber | None) -> str:
    assert own is not None, "after the last resort so many numbers follow"
    return phonenumbers.format_number(own, phonenumbers.PhoneNumberFormat.E164)
