"""A calendar whose block in the clinic's file got another id: its visits go on, and nobody is registered twice."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from scheduler.domain.clinic import Clinic
from scheduler.services.feeds.reading import Feed
from scheduler.store.appointments import set_external_id
from scheduler.store.database import Tx
from scheduler.store.feeds import KnownEntry, keep_entries, orphaned_entries, take_out_entries
from scheduler.store.known import look_up


def adopt(tx: Tx, clinic: Clinic, source: str, feed: Feed, *, now: datetime) -> None:
    """Give what is known of a calendar that is not in the clinic's file any more to the one with entries of its.

    An entry's id is the calendar's and then the entry's own: the visit gets the new one. The caller commits.
    """
    orphaned = orphaned_entries(tx, clinic.id, but=[it.id for it in clinic.bookings])
    here = {_own(it.external_id) for it in feed.entries} | {_own(it) for it in feed.others}
    for before, entries in orphaned.items():
        if here & {_own(it) for it in entries}:
            _rename(tx, clinic, source, entries, now=now)
            take_out_entries(tx, clinic.id, before)


def _rename(tx: Tx, clinic: Clinic, source: str, entries: Mapping[str, KnownEntry], *, now: datetime) -> None:
    renamed = {old: f"{source}/{_own(old)}" for old in entries}
    visits = look_up(tx, clinic.id, [], [*renamed, *renamed.values()]).visits
    for old, new in renamed.items():
        if (visit := visits.named(old)) and visits.named(new) is None:
            set_external_id(tx, visit.id, new, now=now)
    keep_entries(tx, clinic.id, source, [replace(it, external_id=renamed[old]) for old, it in entries.items()])


def _own(external_id: str) -> str:
    return external_id.rpartition("/")[2]
