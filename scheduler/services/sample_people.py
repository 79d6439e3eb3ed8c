"""A phone number for somebody who does not exist, as a simulation needs one. Nothing is ever sent to it."""

from functools import cache

import phonenumbers

FALLBACK = "+14165550123"


@cache
def sample_phone(country: str) -> str:
    """Return a mobile number that is written as those of a country (ISO 3166-1 alpha-2) are."""
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    return phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164) if example else FALLBACK
