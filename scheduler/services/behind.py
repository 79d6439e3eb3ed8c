"""How many visits in flight are planned by an older version of their protocol than the files say: for `doctor`."""

from collections.abc import Iterator
from datetime import datetime

from scheduler.protocols.configuration import Configuration
from scheduler.services.finding import Finding, Health
from scheduler.services.planner import Planner
from scheduler.store.database import Store


def behind_the_files(store: Store, configuration: Configuration, *, now: datetime) -> Iterator[Finding]:
    """Tell how many there are, if any. Titles and the order of steps change nothing for them, and do not count."""
    with store.read() as tx:
        count = sum(group.count for group in Planner(configuration).groups(tx, now=now))
    if not count:
        return
    said = "1 appointment in flight is" if count == 1 else f"{count:,} appointments in flight are"
    yield Finding(
        "plans",
        Health.WARNING,
        f"{said} planned by an older version of the protocol",
        "`aftercare plan` shows what an edit changes for them, `aftercare apply` does it",
    )
