"""Why a booking came out as it did, as codes that pages have sentences for; programs and terminals get English."""

from scheduler.domain.why import Why
from scheduler.errors import RefusedError
from scheduler.services.intake import WrongFieldsError

OF_A_FIELD = "field"
"""The code of a wrong field: its values are the `field`, and what is `wrong` as a code of `intake.Wrong`."""


def whys(error: RefusedError) -> tuple[Why, ...]:
    """Return what an error says; nothing where there is its message only."""
    if isinstance(error, WrongFieldsError):
        return tuple(Why(OF_A_FIELD, {"field": it.field.value, "wrong": it.code}) for it in error.wrong)
    values = {name: str(value) for name, value in error.values.items()}
    return (Why(error.code, values),) if error.code else ()
