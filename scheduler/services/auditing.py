"""Reads the audit trail, a page at a time. What writes it: the gate for routes, and each use case for itself."""

from dataclasses import dataclass

from scheduler.domain.access import Caller, Permission
from scheduler.store.audit import Entry, Wanted, entries
from scheduler.store.database import Store

PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, the newest first; `next` is the `before` of the page after this one, None on the last."""

    entries: tuple[Entry, ...]
    next: int | None


def read_audit(
    store: Store, caller: Caller, wanted: Wanted | None = None, *, before: int | None = None, limit: int = PAGE
) -> Page:
    """Return a page of the trail, of the clinics that the caller manages. Raises ForbiddenError, NotFoundError.

    Lines about no clinic, who signed in say, are for whoever manages every clinic.
    """
    wanted = wanted or Wanted()
    scope = caller.scope(Permission.MANAGE, wanted.clinic)
    with store.read() as tx:
        found = entries(tx, scope, wanted, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(found[:limit], found[limit - 1].id if more else None)
