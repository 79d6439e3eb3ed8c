"""Gives the visits of a program that kept no versions of protocols theirs: else no edit would ever reach them."""

from datetime import datetime

from scheduler.domain.edits import longest_reach
from scheduler.logs import get_logger
from scheduler.protocols.configuration import Configuration
from scheduler.store.database import Store
from scheduler.store.unversioned import give_version, unversioned
from scheduler.store.versions import remember

log = get_logger(__name__)

AT_ONCE = 500
"""Visits in one transaction."""


def adopt(store: Store, configuration: Configuration, *, now: datetime) -> int:
    """Let each visit in flight without a version go by the one that its messages were planned by; return how many.

    What that version said is known where it is the files' at this moment. Else the visit goes by the files as they
    are: what was planned keeps its times, and later edits reach it. So this comes before any edit after an upgrade:
    whoever opens the product calls it. Costs one look at an index when there is nothing to do. Blocks; commits.
    """
    own = (*configuration.protocols.values(), *configuration.overridden.values())
    since = now - longest_reach(own)
    with store.read() as tx:
        found = unversioned(tx, since=since)
    count = 0
    for clinic, treatment in found:
        if clinic not in configuration.clinics or treatment not in configuration.protocols:
            continue
        protocol = configuration.protocol_for(clinic, treatment)
        some = AT_ONCE
        while some == AT_ONCE:
            with store.write() as tx:
                remember(tx, [protocol], now=now)
                some = give_version(
                    tx, clinic, treatment, protocol_digest=protocol.digest, since=since, limit=AT_ONCE
                )
            count += some
    if count:
        log.info("versions.adopted", appointments=count)
    return count
