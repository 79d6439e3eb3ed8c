"""What may come of asking a booking system."""

from scheduler.errors import AftercareError


class AskingError(AftercareError):
    """The booking system's API did not answer as it should: it is asked again later.

    `wait` is how many seconds it wants to be left alone, where it said so.
    """

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class NotThereError(AftercareError):
    """The booking system has nothing of that id any more."""
