"""The texts that belong to no step: what answers a reply, and what tells the people on call. One list of them."""

from collections.abc import Mapping

from scheduler.domain.alert import LISTED, AlertKind, template_of
from scheduler.domain.protocol import Channel

ANSWERS = (
    "answer_urgent",
    "answer_concern",
    "answer_fine",
    "answer_question",
    "answer_unknown",
    "answer_help",
    "answer_stopped",
    "answer_started",
    "answer_wrong_number",
)
"""One a class of reply. `answer_stopped` and `answer_help` only where the carrier does not answer by itself."""

ALERTS = tuple(dict.fromkeys(template_of(kind) for kind in AlertKind))

CHANNELS: Mapping[str, tuple[Channel, ...]] = {
    **dict.fromkeys(ANSWERS, (Channel.SMS,)),
    **dict.fromkeys(ALERTS, (Channel.SMS, Channel.EMAIL)),
}
"""Every notice's text and the channels that it is written for."""


def reasons_of(template: str) -> tuple[AlertKind, ...]:
    """Return the kinds of alert that a text tells of: it may say something else for each."""
    return tuple(kind for kind in AlertKind if kind not in LISTED and template_of(kind) == template)
