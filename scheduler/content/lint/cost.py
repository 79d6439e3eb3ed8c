"""What an SMS costs: its segments as the carrier counts them, and the character that makes it dear."""

from collections.abc import Iterator

from scheduler.content.lint.written import Written
from scheduler.domain.protocol import Channel
from scheduler.domain.segments import Dearest, count_segments, find_dearest
from scheduler.protocols.configuration import Configuration
from scheduler.protocols.problems import Problem


def long_texts(written: Written, configuration: Configuration) -> Iterator[Problem]:
    """Yield the SMS of a step that takes more segments than `sms_segments`, at the first character that costs.

    Counted without the line under a first text. Answers are left out: an urgent one says all that it must.
    """
    if written.use.channel is not Channel.SMS or written.use.step is None:
        return
    body = max(written.bodies, key=lambda text: count_segments(text).segments)
    counted, most = count_segments(body), configuration.instance.sms_segments
    if counted.segments <= most:
        return
    dearest, source = find_dearest(body), written.sources[0]
    at = _first(source.text, dearest) if dearest else None
    message = f"comes out at {counted.segments} segments ({counted.encoding}), {most} is the most"
    hint = "shorten it, or raise sms_segments in aftercare.yaml"
    if dearest:
        shown = " ".join(f"“{character}”" for character in dearest.characters)
        message += f"; without {shown} it would take {dearest.segments}"
        hint = f"choose words without {shown}" if at is not None else f"{shown} comes with a value: shorten the rest"
    yield written.problem(source, at or 0, code="long-sms", message=message, hint=hint)


def _first(text: str, dearest: Dearest) -> int | None:
    """Return where the first character that costs stands in the file, None where a value brings it in."""
    found = (at for at, character in enumerate(text) if character in dearest.characters)
    return next(found, None)
