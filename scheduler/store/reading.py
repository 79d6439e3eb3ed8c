"""Messages read a batch at a time, by hand: SQLAlchemy's types, which convert cell by cell, were most of the cost."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from scheduler.domain.notice import MessageKind
from scheduler.domain.protocol import Channel, IfLate, Purpose
from scheduler.domain.reasons import Reason, load_reasons
from scheduler.domain.states import Brake, Status
from scheduler.store.columns import Instant, Read, read_instant, reads_words
from scheduler.store.messages import Message
from scheduler.store.tables import messages


def read_raw_message(row: Sequence[Any]) -> Message:
    """Make a message of the columns as the driver hands them over; `messages.read_message` reads typed rows."""
    return Message(
        *[
            value if read is None or value is None else read(value)
            for read, value in zip(_MESSAGE_READS, row, strict=True)
        ]
    )


# The messages of one step say the same thing, and thousands of them are due together.
@lru_cache(maxsize=4096)
def _reasons(text: str) -> tuple[Reason, ...]:
    return load_reasons(text)


@lru_cache(maxsize=64)
def _channels(text: str) -> tuple[Channel, ...]:
    return tuple(Channel(name) for name in json.loads(text))


_READS: dict[str, Read] = {
    "channel": reads_words(Channel),
    "purpose": reads_words(Purpose),
    "status": reads_words(Status),
    "if_late": reads_words(IfLate),
    "brake": reads_words(Brake),
    "kind": reads_words(MessageKind),
    "fallback": _channels,
    "reasons": _reasons,
}
_MESSAGE_READS: tuple[Read | None, ...] = tuple(
    read_instant if isinstance(column.type, Instant) else _READS.get(column.name) for column in messages.c
)
