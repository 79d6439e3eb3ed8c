"""What ends the following of a booking that can't be taken."""

from collections.abc import Sequence

from scheduler.domain.why import Why
from scheduler.errors import RegistrationError


class NotTakenError(RegistrationError):
    """A booking can't be taken: message and codes say why. What its transaction wrote is to be rolled back."""

    def __init__(self, message: str, why: Sequence[Why] = ()) -> None:
        super().__init__(message)
        self.why = tuple(why)
