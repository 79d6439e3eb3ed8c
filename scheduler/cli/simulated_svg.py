"""The picture of a simulated appointment as one SVG file: from top to bottom, so that a phone shows it whole."""

from collections.abc import Sequence

from scheduler.cli.simulated_story import Entry, apart
from scheduler.content.picture import Head, Mark, Row, as_file
from scheduler.domain.reasons import OF_THE_PLAN, sentence
from scheduler.domain.simulated import clock_words
from scheduler.services.played import Played


def draw(played: Played, entries: Sequence[Entry]) -> str:
    """Return the SVG: it needs no other file and no script, and follows the reader's light or dark."""
    told = played.timeline
    title = f"{told.treatment} at {told.clinic}, {clock_words(told.starts_at, played.zone)}"
    lines = (f"{told.treatment} at {told.clinic}", f"All times: {played.zone.key}")
    head = Head(title, " ".join(_said(entry, played) for entry in entries), lines)
    return as_file(head, [_row(entry, played) for entry in entries])


def _row(entry: Entry, played: Played) -> Row:
    local = entry.at.astimezone(played.zone)
    clock = " · ".join(it for it in (f"{local:%H:%M}", apart(entry.at, played.timeline.starts_at)) if it)
    return Row(entry.mark, f"{local:%a %d %b}", clock, entry.what, _small(entry, played))


def _small(entry: Entry, played: Played) -> str:
    """Return what stands below the head: how it goes, and what put it off or kept it back."""
    if entry.mark is Mark.SENT:
        parts = [entry.ways]
        if entry.planned_at:
            parts.append(f"put off from {clock_words(entry.planned_at, played.zone)}: {put_off_by(entry)}")
        return "; ".join(parts)
    if entry.mark in (Mark.NOT_SENT, Mark.WAITS):
        since = [it for it in entry.messages[0].reasons if it.code not in OF_THE_PLAN]
        return f"{entry.mark.value}, {entry.ways}: {sentence(since, played.zone) or entry.why}"
    return entry.why


def _said(entry: Entry, played: Played) -> str:
    """Return the entry as a sentence, for who does not see the picture."""
    small = _small(entry, played)
    return f"{clock_words(entry.at, played.zone)}: {entry.what}{f' ({small})' if small else ''}.".replace("..", ".")


WORDS = {
    "quiet_hours": "quiet hours",
    "closure": "closed",
    "weekday": "weekday",
    "visit_end": "the appointment went on",
    "undo_grace": "registered just then",
    "registered_late": "registered late",
    "spaced": "apart from another late one",
}
"""What moves a message, in a word or two."""


def put_off_by(entry: Entry) -> str:
    """Return what moved the messages of an entry, in few words."""
    codes = dict.fromkeys(reason.code for message in entry.messages for reason in message.reasons)
    return ", ".join(WORDS[code] for code in codes if code in WORDS) or "late"
