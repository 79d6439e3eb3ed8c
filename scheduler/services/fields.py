"""What a registration is made of, and what may be wrong with it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from scheduler.errors import RegistrationError

NAME_LIMIT = 200
ID_LIMIT = 100


class Field(StrEnum):
    """What a registration is made of; import mappings, options and errors use these names."""

    CLINIC = "clinic"
    TREATMENT = "treatment"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    PHONE = "phone"
    EMAIL = "email"
    LANGUAGE = "language"
    TIMEZONE = "timezone"
    EXTERNAL_ID = "external_id"
    PATIENT_ID = "patient_id"
    STARTS_AT = "starts_at"
    ENDS_AT = "ends_at"
    STATUS = "status"
    CONSENT_SMS = "consent_sms"
    CONSENT_EMAIL = "consent_email"
    CONSENT_MARKETING = "consent_marketing"
    UPDATED_AT = "updated_at"


PERSON = frozenset({Field.NAME, Field.FIRST_NAME, Field.LAST_NAME, Field.PHONE, Field.EMAIL})
"""What says who a booking is for."""


def of_person(raw: Mapping[Field, str]) -> dict[Field, str]:
    """Return what a source says of the person alone."""
    return {key: text for key, text in raw.items() if key in PERSON}


class Wrong(NamedTuple):
    """What is wrong with a field, as a code that pages have words for."""

    field: Field
    code: str


class WrongFieldsError(RegistrationError):
    """Fields of a registration are wrong: `wrong` says which, and how."""

    def __init__(self, message: str, wrong: tuple[Wrong, ...]) -> None:
        super().__init__(message)
        self.wrong = wrong
