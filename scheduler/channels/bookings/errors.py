"""What may come of asking a booking system."""

from scheduler.errors import AftercareError


class AskingError(AftercareError):
    """The booking system's API did not answer as it should: it is asked again later.

    `wait` is how many seconds it wants to be left alone, where it said so. `code` and `values` say the same as the
    message, for pages.
    """

    def __init__(self, message: str, *, code: str = "no_answer", wait: float | None = None, **values: str) -> None:
        super().__init__(message)
        self.code, self.values, self.wait = code, values, wait


class NotThereError(AftercareError):
    """The booking system has nothing of that id any more."""
