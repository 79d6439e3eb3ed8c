"""What a person has to be told of: replies that need one, and faults that stay on the list while they hold."""

from enum import StrEnum


class AlertKind(StrEnum):
    """What it is about. Of `CLOSED_BY_HAND` a person closes it; any other ends by itself when it no longer holds."""

    URGENT = "urgent"
    """A patient's reply sounds bad: a person has to see it at once."""
    REPLY = "reply"
    """A patient's reply has to be answered, or looked at, by a person."""
    WRONG_NUMBER = "wrong_number"
    """Somebody says that they are not the patient: nothing goes to that number until staff correct it."""
    UNREACHABLE = "unreachable"
    """The only address of a patient does not work."""
    NOT_SENT = "not_sent"
    """A text that a person of the clinic wrote to a patient did not go out, or did not arrive."""
    NO_ANSWER = "no_answer"
    """Patients did not answer what was asked of them."""
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
    CLASH = "clash"
    """The advice of two treatments of a patient contradicts: their messages wait for a person."""
    DOUBT = "doubt"
    """Nobody can find out whether a provider took a message."""
    UNAPPROVED = "unapproved"
    """Messages of a clinic are due soon, or due, that say what nobody approved: they are kept back."""
    PAST_DUE = "past_due"
    """Messages are due, and nobody works on them."""
    CONFIG = "config"
    """Edited files have errors: the last good ones stay in use."""
    INTAKE = "intake"
    """Appointments that came in by themselves were not taken: a person looks at them, and says that it is done."""


AT_ONCE = frozenset({AlertKind.URGENT})
"""Whoever is on call is told of these day and night; of the others outside quiet hours."""

LISTED = frozenset({AlertKind.NO_ANSWER})
"""These only stand on the list: who does not answer is mostly well, and a call each morning tires its reader."""

OF_PATIENTS = frozenset(
    {
        AlertKind.URGENT,
        AlertKind.REPLY,
        AlertKind.WRONG_NUMBER,
        AlertKind.UNREACHABLE,
        AlertKind.NOT_SENT,
        AlertKind.NO_ANSWER,
    }
)
"""What is about patients: nobody but a person can tell that it is done."""

CLOSED_BY_HAND = OF_PATIENTS | {AlertKind.INTAKE}
"""A person closes these; the others end by themselves."""

TEMPLATES = {AlertKind.URGENT: "alert_urgent", **dict.fromkeys(OF_PATIENTS - AT_ONCE - LISTED, "alert_reply")}
"""The text that tells of a kind; of a fault it is `alert_fault`."""


OF_A_PATIENT = "patient/"
"""What the subject of an alert begins with that is about one patient, without a reply: the patient's id follows."""


def template_of(kind: AlertKind) -> str:
    """Return the folder of the text that tells whoever is on call of that kind."""
    return TEMPLATES.get(kind, "alert_fault")
