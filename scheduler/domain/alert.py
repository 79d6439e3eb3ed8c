"""What a person has to be told of: the kinds of faults that stay on the list until they no longer hold."""

from enum import StrEnum


class AlertKind(StrEnum):
    """What is wrong. Each ends by itself when it is no longer so."""

    CIRCUIT = "circuit"
    """A provider refuses a whole channel or a sender: what would go out that way waits."""
    BACKLOG = "backlog"
    """Too much of a clinic's day is late: it waits for a person."""
    VOLUME = "volume"
    """A clinic sends many times its usual volume: it waits for a person."""
    CAP = "cap"
    """Patients got as much in a day as one may get: the rest waits for a person."""
    LATE = "late"
    """Messages are late whose step asks a person then: they wait for a person."""
    DOUBT = "doubt"
    """Nobody can find out whether a provider took a message."""
    PAST_DUE = "past_due"
    """Messages are due, and nobody works on them."""
