"""How visits in flight stand to the files, where they do not go by them as they are: for `doctor`."""

from collections.abc import Iterator
from datetime import datetime

from scheduler.protocols.configuration import Configuration
from scheduler.services.finding import Finding, Health
from scheduler.services.planner import Planner
from scheduler.services.unfinished import GIVE_UP, story_of
from scheduler.store.applies import unfinished_applies
from scheduler.store.database import Store


def behind_the_files(store: Store, configuration: Configuration, *, now: datetime) -> Iterator[Finding]:
    """Tell how many go by an older version or by a file that is gone, and of an apply that was stopped; if any.

    Titles and the order of steps change nothing for them, and do not count.
    """
    with store.read() as tx:
        planner = Planner(configuration)
        count = sum(group.count for group in planner.groups(tx, now=now))
        apart, unfinished = planner.apart(tx, now=now), unfinished_applies(tx)
    for it in unfinished:
        yield _warning(story_of(it), f"go on with it by the same words, or give it up with `{GIVE_UP}`")
    if count:
        said = "1 appointment in flight is" if count == 1 else f"{count:,} appointments in flight are"
        yield _warning(
            f"{said} planned by an older version of the protocol",
            "`aftercare plan` shows what an edit changes for them, `aftercare apply` does it",
        )
    for gone in apart.withdrawn:
        yield _warning(str(gone), "nothing if that is meant; to change it, put the file back, edit it and apply")


def _warning(said: str, remedy: str) -> Finding:
    return Finding("plans", Health.WARNING, said, remedy)
