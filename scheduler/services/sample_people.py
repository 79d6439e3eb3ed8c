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
    if example is None:
        example = phonenumbers.parse(FALLBACK)
    own = phonenumbers.PhoneNumber(example.country_code, (example.national_number or 0) + number)
    return phonenumbers.format_number(own, phonenumbers.PhoneNumberFormat.E164)
