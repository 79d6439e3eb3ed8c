"""The page of a message's states, drawn from the one table of transitions."""

import inspect
import re
from enum import StrEnum

from scheduler.domain.states import TRANSITIONS, Cause, Status

HEAD = """# States of a message

Made from `scheduler/domain/states.py` by `make docs`; a test compares them.

Only one function writes a status, along this table, and leaves an event that says from, to, when, why and by whom.

## Diagram

The ways of sending and of deciding. What a provider says later, and what a new plan does, is in the table below.

```mermaid
stateDiagram-v2
"""
DRAWN = (Cause.CLAIM, Cause.RELEASE, Cause.BEGIN, Cause.RETRY, Cause.REFUSE, Cause.LOSE, Cause.DECIDE, Cause.RESUME)


def states_page() -> str:
    """Return the page."""
    arrows = sorted(
        {(start, end, cause) for start, cause, end in TRANSITIONS if cause in DRAWN}
        | {(Status.SENDING, Status.ACCEPTED, Cause.ACCEPT)}
        | {(Status.ACCEPTED, end, Cause.RECEIPT) for end in (Status.DELIVERED, Status.UNDELIVERED)}
    )
    lines = ["    [*] --> scheduled", *(f"    {start} --> {end}: {cause}" for start, end, cause in arrows)]
    return "\n".join(
        [HEAD + "\n".join(lines), "```", "", *_words("States", Status), *_words("Causes", Cause), *_table()]
    )


def _words(title: str, words: type[StrEnum]) -> list[str]:
    """Return a table of the members and the sentence that stands below each in the source."""
    said = dict(
        re.findall(r'^    ([A-Z_]+) = "[^"]+"\n    """(.+?)"""', inspect.getsource(words), re.MULTILINE | re.DOTALL)
    )
    rows = [f"| `{word.value}` | {' '.join(said[word.name].split())} |" for word in words]
    return [f"## {title}", "", "| word | meaning |", "|---|---|", *rows, ""]


def _table() -> list[str]:
    rows = []
    for cause in Cause:
        for start in Status:
            ends = sorted(end.value for begin, why, end in TRANSITIONS if (begin, why) == (start, cause))
            if ends:
                rows.append(f"| `{cause.value}` | `{start.value}` | {', '.join(f'`{end}`' for end in ends)} |")
    return ["## All ways", "", "| cause | from | to |", "|---|---|---|", *rows, ""]
