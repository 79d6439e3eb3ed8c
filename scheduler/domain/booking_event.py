"""What a booking system told, and what became of it."""

from enum import StrEnum


class EventState(StrEnum):
    """Where a stored call of a booking system stands."""

    WAITING = "waiting"
    """It is stored, and nobody read it yet, or its system could not be asked about it: it is worked on by itself."""
    DONE = "done"
    """It was followed, or there was nothing to follow; `Outcome` says which. Nothing leaves this state."""
    REFUSED = "refused"
    """It could not be taken. A person mends what the reason says and has it tried again."""


class Outcome(StrEnum):
    """What following an event came to."""

    REGISTERED = "registered"
    """A visit that nobody knew is registered now."""
    MOVED = "moved"
    """A visit has another time, or is on again."""
    CALLED_OFF = "called_off"
    """A visit does not take place, or nobody came."""
    UNCHANGED = "unchanged"
    """All of it was known."""
    OLDER = "older"
    """Something newer was told before."""
    IGNORED = "ignored"
    """It is no news of a booking that takes place or does not."""


class Told(StrEnum):
    """What a booking system says of a booking."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    MISSED = "missed"
