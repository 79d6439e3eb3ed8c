"""Which of two copies of a calendar's entry is the newer, and whether there is anything to do about one."""

from datetime import datetime, timedelta

from scheduler.services.feeds.reading import Entry
from scheduler.store.database import Tx
from scheduler.store.feeds import KnownEntry, hash_said

BEHIND, AHEAD = timedelta(days=2), timedelta(days=730)
"""Entries that begin earlier and are new, or later, are left alone."""


def is_news(tx: Tx, entry: Entry, known: KnownEntry | None, now: datetime) -> bool:
    """Whether something is to be done about an entry: it is new, newer, was refused, or is there again."""
    is_near = now - BEHIND <= entry.starts_at <= now + AHEAD
    if known is None:
        return not entry.is_off and (is_near or bool(entry.problem))
    if is_older(entry, known):
        return False
    same = known.said == hash_said(tx, entry.said) and known.is_off == entry.is_off
    again = known.is_refused and (is_near or bool(entry.problem))
    return not same or again or known.missing_since is not None


def is_older(entry: Entry, known: KnownEntry) -> bool:
    """Whether a server hands out what it kept of before.

    SEQUENCE counts the changes (RFC 5545, 3.8.7.4). Where a program begins to count anew, when it was changed says
    that it is newer all the same.
    """
    if entry.sequence == known.sequence:
        return bool(entry.changed_at and known.changed_at and entry.changed_at < known.changed_at)
    return entry.sequence < known.sequence and not goes_back(entry, known) and not _is_dated_later(entry, known)


def goes_back(entry: Entry, known: KnownEntry) -> bool:
    """Whether nobody can tell which is newer: it counts fewer changes, and says not when it was changed."""
    return entry.sequence < known.sequence and entry.changed_at is None


def _is_dated_later(entry: Entry, known: KnownEntry) -> bool:
    return bool(entry.changed_at and (known.changed_at is None or entry.changed_at > known.changed_at))
